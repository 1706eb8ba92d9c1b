// The unit sphere of one to four runs: one camera, one epoch, one class in focus, from the shared store.

const SNAPSHOT_MS = 450;
const KEYS = "Keys, with a sphere in focus: arrows turn it, + and − zoom, [ and ] change the epoch, Space plays, "
  + "n and p go from point to point of the class in focus, Enter pins, Esc clears. Two pins show the angle between them.";

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { steps, classes, samples } = header;
  const labels = blocks.labels.values, rows = blocks.rows.values, last = steps.length - 1;
  const indexOfRow = new Map(Array.from(rows, (row, i) => [row, i]));
  const byRow = Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  let colours = themeColours(stage);
  let time = last, playing = null, drawn = 0;

  // State: what the store says, in this view's own numbers. The first view of some samples chooses where all look from.
  store.state.homes[samples] ??= header.camera;
  const camera = () => store.state.camera ?? store.state.homes[samples];
  const focus = () => {
    const chosen = store.state.focusClass ?? (header.grey ? 0 : -1);
    return chosen < classes.length ? chosen : -1;
  };
  const mine = (state) => (state?.samples === samples ? state : null);
  const hovered = () => indexOfRow.get(mine(store.state.hovered)?.row) ?? -1;
  const pins = () => (mine(store.state.selection)?.rows ?? []).map((row) => indexOfRow.get(row)).filter((i) => i !== undefined);
  const snapshot = () => Math.min(last, Math.round(time));
  const inFocus = (i) => focus() < 0 || labels[i] === focus();

  const hover = (i) => store.set({ hovered: i < 0 ? null : { samples, row: rows[i] } }, { commit: false });
  const pin = (i) => {
    const row = rows[i], before = mine(store.state.selection)?.rows ?? [];
    const next = before.includes(row) ? before.filter((r) => r !== row) : [...before.slice(-1), row];
    store.set({ selection: { samples, rows: next } });
    view.announce(next.length === 2 ? pairSentence() : `Point ${row} ${next.includes(row) ? "pinned" : "no longer pinned"}.`);
  };
  const clear = () => {
    store.set({ hovered: null, selection: null });
    view.announce("Pins cleared.");
  };
  const focusOn = (k) => {
    store.set({ focusClass: k });
    if (k >= 0) bringToFront(panels[0].scene.centre(k));
  };
  const goTo = (t, commit = true) => {
    pause();
    store.set({ epoch: steps[Math.max(0, Math.min(last, t))] }, { commit });
  };

  // Sentences.
  const className = (k) => `class ${classes[k].name}`;
  const anglesOf = (run, i) => {
    const { own, rival, rivalClass } = run.snapshots.angles(snapshot());
    const other = Number.isNaN(rival[i]) ? [] : [`${degrees(rival[i])} from ${className(rivalClass[i])}`];
    return [`${degrees(own[i])} from its own centre`, ...other];
  };
  const pointSentence = (i) => {
    const angles = panels.map((run) => `${panels.length > 1 ? `${run.name}: ` : ""}${anglesOf(run, i).join(", ")}`);
    return `point ${rows[i]}, ${className(labels[i])}, ${angles.join("; ")}`;
  };
  const pairText = (run) => {
    if (run.snapshots.projected || pins().length !== 2) return "";
    const [a, b] = pins().map((i) => run.scene.directions.slice(3 * i, 3 * i + 3));
    const angle = angleBetween(a, b);
    return `θ ${degrees(angle)}, cos ${Math.cos(angle).toFixed(3).replace("-", "−")}`;
  };
  const pairSentence = () => panels.map((run) => `${run.name}: ${pairText(run) || "angle not in this picture"}`).join("; ");

  // The page.
  const panels = header.runs.map(({ name, badge }, i) => makePanel(name, badge, snapshotsOf(i, blocks)));
  const controls = makeControls();
  const legend = makeLegend();
  const data = dataDisclosure({
    columns: ["run", "epoch", "class", "points shown", "median angle to own centre (deg)", "median angle to nearest other (deg)"],
    content: tableRows,
    file: "hypersphere.csv",
  });
  stage.append(
    controls.node,
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map((run) => run.node)),
    legend.node,
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function makePanel(name, badge, snapshots) {
    const tip = element("div", { class: "wb-tip", hidden: true });
    const canvas = element("canvas", { class: "wb-canvas", tabindex: "0", role: "img" });
    const ruler = angleRuler();
    const sphere = createSphere(canvas);
    const centres = new Float32Array(classes.length * 3);
    const scene = {
      labels, classes, grey: header.grey, directions: new Float32Array(labels.length * 3),
      centre: (k) => {
        const tipOf = centres.subarray(3 * k, 3 * k + 3);
        return tipOf[0] || tipOf[1] || tipOf[2] ? tipOf : null;
      },
    };
    const node = element(
      "section",
      { class: "wb-panel", "aria-label": name },
      element("p", { class: "wb-run" }, name),
      ruler.node,
      element("div", { class: "wb-sphere" }, canvas, tip),
      badge ? element("p", { class: "wb-badge" }, badge) : null,
    );
    const panel = { name, snapshots, node, canvas, tip, ruler, sphere, scene, centres };
    listen(panel);
    return panel;
  }

  function makeControls() {
    const play = button("Play", () => (playing ? pause() : start()));
    const epoch = slider({
      name: "Epoch", min: 0, max: last, step: 1, value: last, show: (t) => `${steps[t]} of ${steps[last]}`,
      oninput: () => goTo(Number(epoch.input.value), false),
      onchange: () => goTo(Number(epoch.input.value)),
    });
    const chooser = select({
      name: "Focus", value: String(focus()), onchange: (k) => focusOn(Number(k)),
      options: [["-1", header.grey ? "no class" : "all classes"], ...classes.map(({ name }, k) => [String(k), className(k)])],
    });
    const help = element("p", { class: "wb-note", id: uniqueId("keys"), hidden: true }, KEYS);
    const keys = button("Keys", () => {
      help.hidden = !help.hidden;
      keys.setAttribute("aria-expanded", String(!help.hidden));
    }, { "aria-expanded": "false", "aria-controls": help.id });
    const moving = last > 0 ? [play, button("Step", () => goTo(snapshot() === last ? 0 : snapshot() + 1)), epoch.row] : [];
    const row = element("div", { class: "wb-controls" }, ...moving, chooser.row, button("Reset view", () => store.set({ camera: null })), keys);
    return { node: element("div", {}, row, help), play, epoch, chooser };
  }

  /** Names beside glyphs; a press brings a class into focus and back. Left out where colours are. */
  function makeLegend() {
    const entries = header.grey ? [] : classes.map(({ name }, k) => button(
      name, () => focusOn(focus() === k ? -1 : k), { class: "wb-chip" },
    ));
    const update = () => entries.forEach((entry, k) => {
      const { colour, glyph, name } = classes[k];
      const outline = contrast(colour, colours.paper) < 3 ? colours.ink : null;
      entry.setAttribute("aria-pressed", String(focus() === k));
      entry.replaceChildren(glyphIcon(glyph, focus() === k ? colours.accent : colour, outline), name);
    });
    return { node: element("div", { class: "wb-legend", role: "group", "aria-label": "Classes" }, ...entries), update };
  }

  function tableRows() {
    const t = snapshot(), counts = new Uint32Array(classes.length);
    labels.forEach((k) => { counts[k] += 1; });
    return panels.flatMap((run) => {
      const { own, rival } = run.snapshots.angles(t);
      const middle = (values, k) => (median(values, (i) => labels[i] === k) / DEGREE).toFixed(2).replace("NaN", "");
      return classes.map(({ name }, k) => [run.name, steps[t], name, counts[k], middle(own, k), middle(rival, k)]);
    });
  }

  // Drawing, at most once per animation frame.
  function schedule() {
    drawn ||= requestAnimationFrame(() => { drawn = 0; drawAll(); });
  }

  function drawAll() {
    for (const run of panels) {
      run.snapshots.directions(time, run.scene.directions);
      run.snapshots.centres(time, run.centres);
      Object.assign(run.scene, { camera: camera(), colours, focus: focus(), hovered: hovered(), pins: pins() });
      run.scene.arcText = pairText(run);
      run.sphere.draw(run.scene);
      showTip(run);
    }
  }

  function showTip(run) {
    const i = hovered();
    run.tip.hidden = i < 0 || !run.sphere.fit();
    if (run.tip.hidden) return;
    const [x, y] = run.sphere.place(i), side = run.sphere.side();
    run.tip.replaceChildren(
      ...(header.thumbnails ? [thumbnail(header.thumbnails, i)] : []),
      element("p", {}, element("b", {}, className(labels[i])), ` point ${rows[i]}`),
      ...anglesOf(run, i).map((line) => element("p", {}, line)),
    );
    run.tip.style.left = `${Math.max(4, Math.min(side - run.tip.offsetWidth - 4, x + 14))}px`;
    run.tip.style.top = `${y + 14 + run.tip.offsetHeight > side ? y - 14 - run.tip.offsetHeight : y + 14}px`;
  }

  /** What changes with the epoch or the focus, but not with the camera. */
  function updateTexts() {
    const t = snapshot();
    controls.epoch.set(t);
    controls.chooser.input.value = String(focus());
    legend.update();
    data.update();
    for (const run of panels) {
      const { own, rival } = run.snapshots.angles(t);
      const [a, b] = run.ruler.update(own, rival, inFocus).map(degrees);
      run.canvas.setAttribute("aria-label", `${run.name}: ${header.summary} Epoch ${steps[t]}. `
        + `Median angle to the own centre ${a}, to the nearest other ${b}.`);
    }
  }

  // Playback.
  function start() {
    if (time >= last) time = 0;
    const still = prefersReducedMotion();
    let before = performance.now();
    const tick = (now) => {
      const next = Math.min(last, time + (now - before) / SNAPSHOT_MS), whole = Math.floor(next);
      if (!still || whole > Math.floor(time)) {
        const shown = snapshot(), passed = whole > Math.floor(time) || next === last;
        [time, before] = [still ? whole : next, now];
        if (passed) store.set({ epoch: steps[Math.floor(time)] }, { commit: false, source: view });
        if (snapshot() !== shown) updateTexts();
        schedule();
      }
      if (time >= last) pause();
      else playing = requestAnimationFrame(tick);
    };
    playing = requestAnimationFrame(tick);
    controls.play.textContent = "Pause";
  }

  function halt() {
    cancelAnimationFrame(playing);
    playing = null;
    controls.play.textContent = "Play";
  }

  function pause() {
    if (!playing) return;
    halt();
    time = snapshot();
    store.set({ epoch: steps[time] }, { source: view });
    updateTexts();
    schedule();
  }

  // Gestures.
  function step(direction, run) {
    const order = byRow.filter(inFocus);
    if (!order.length) return;
    const i = order[(order.indexOf(hovered()) + direction + order.length + (hovered() < 0 && direction < 0 ? 1 : 0)) % order.length];
    hover(i);
    bringToFront(run.scene.directions.subarray(3 * i, 3 * i + 3));
    view.announce(pointSentence(i));
  }

  function onKey(event, run) {
    const turn = (right, up) => store.set({ camera: turned(camera(), right, up) });
    const actions = {
      ArrowLeft: () => turn(-5, 0), ArrowRight: () => turn(5, 0), ArrowUp: () => turn(0, 5), ArrowDown: () => turn(0, -5),
      "+": () => store.set({ camera: zoomed(camera(), 1.15) }), "=": () => store.set({ camera: zoomed(camera(), 1.15) }),
      "-": () => store.set({ camera: zoomed(camera(), 1 / 1.15) }),
      "[": () => goTo(snapshot() - 1), "]": () => goTo(snapshot() + 1),
      " ": () => (playing ? pause() : last > 0 && start()),
      n: () => step(1, run), p: () => step(-1, run),
      Enter: () => hovered() >= 0 && pin(hovered()), Escape: clear,
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** What a key or a name asks for is turned to the near side, unless it is in sight. */
  function bringToFront(direction) {
    const hidden = direction && toScreen(cameraBasis(camera()), ...direction)[2] < 0.3;
    if (hidden) store.set({ camera: facing(camera(), direction) });
  }

  function listen(run) {
    const { canvas, sphere } = run;
    let drag = null;
    canvas.addEventListener("keydown", (event) => onKey(event, run));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.offsetX, y: event.offsetY, camera: camera(), moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drag) return void hover(sphere.pick(event.offsetX, event.offsetY));
      const dx = event.offsetX - drag.x, dy = event.offsetY - drag.y;
      drag.moved ||= Math.hypot(dx, dy) > 4;
      const scale = 1 / sphere.radius(drag.camera) / DEGREE;
      if (drag.moved) store.set({ camera: turned(drag.camera, -dx * scale, dy * scale), hovered: null }, { commit: false });
    });
    canvas.addEventListener("pointerup", (event) => {
      const i = drag && !drag.moved ? sphere.pick(event.offsetX, event.offsetY) : -1;
      if (drag?.moved) store.set({ camera: camera() });
      drag = null;
      if (i >= 0) pin(i);
    });
    canvas.addEventListener("pointercancel", () => { drag = null; });
    canvas.addEventListener("pointerleave", () => { if (!drag) hover(-1); });
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas) return; // the page scrolls until the sphere is asked for
      event.preventDefault();
      store.set({ camera: zoomed(camera(), Math.exp(-event.deltaY / 600)) });
    }, { passive: false });
  }

  // Beginnings and endings.
  function followEpoch() {
    if (store.state.epoch === null) return;
    const away = steps.map((s) => Math.abs(s - store.state.epoch));
    time = away.indexOf(Math.min(...away));
  }

  view.onClose(store.subscribe((changed, source) => {
    if (changed.includes("epoch") && source !== view) {
      halt();
      followEpoch();
    }
    if (changed.includes("epoch") || changed.includes("focusClass")) updateTexts();
    schedule();
  }));
  view.onClose(onThemeChange(() => {
    colours = themeColours(stage);
    legend.update();
    schedule();
  }));
  const resized = new ResizeObserver(schedule);
  panels.forEach((run) => resized.observe(run.canvas));
  view.onClose(() => resized.disconnect());
  view.onClose(() => { cancelAnimationFrame(drawn); cancelAnimationFrame(playing); });
  followEpoch();
  updateTexts();
  drawAll();
  return view.close;
}

export default { render };
