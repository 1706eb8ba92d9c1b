// The unit sphere of one to four runs: one camera, one epoch, one class in focus, one selection, all shared.

const KEYS = "Keys, with a sphere in focus: arrows turn it, + and − zoom, [ and ] change the epoch, Space plays, "
  + "n and p go from point to point of the class in focus, Enter pins, Shift+Enter adds to the selection or takes "
  + "away, a selects the class in focus, Esc clears. Two pins show the angle between them. With the pointer: drag "
  + "turns, click pins, Shift+click adds or takes away, Shift+drag selects what a box or a lasso holds on the near side; "
  + "with Ctrl or Command it is added, with Alt taken away. A click on a name brings its class into focus.";

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { steps, classes, samples } = header;
  const labels = blocks.labels.values, rows = blocks.rows.values;
  const indexOfRow = new Map(Array.from(rows, (row, i) => [row, i]));
  const byRow = Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  const mask = new Uint8Array(rows.length);
  let colours = themeColours(stage);
  let drawn = 0, brushing = null, dragMode = "turn", shape = "box";

  // State: what the store says, in this view's own numbers. The first view of some samples chooses where all look from.
  store.state.homes[samples] ??= header.camera;
  const camera = () => store.state.camera ?? store.state.homes[samples];
  const focus = () => {
    const chosen = store.state.focusClass ?? (header.grey ? 0 : -1);
    return chosen < classes.length ? chosen : -1;
  };
  const mine = (state) => (state?.samples === samples ? state : null);
  const hovered = () => indexOfRow.get(mine(store.state.hovered)?.row) ?? -1;
  const selectedRows = () => mine(store.state.selection)?.rows ?? [];
  const selected = () => selectedRows().map((row) => indexOfRow.get(row)).filter((i) => i !== undefined);
  const many = () => selectedRows().length > 2;
  const pins = () => (many() ? [] : selected());
  const inFocus = (i) => focus() < 0 || labels[i] === focus();
  const counts = (i) => (many() ? mask[i] === 1 : inFocus(i));

  const hover = (i) => store.set({ hovered: i < 0 ? null : { samples, row: rows[i] } }, { commit: false });
  const choose = (next, said) => {
    store.set({ selection: { samples, rows: next } });
    view.announce(said ?? selectionSentence());
  };
  const pin = (i) => {
    const row = rows[i], before = many() ? [] : selectedRows();
    const next = before.includes(row) ? before.filter((r) => r !== row) : [...before.slice(-1), row];
    choose(next, next.length === 2 ? pairSentence(next.map((r) => indexOfRow.get(r)))
      : `Point ${row} ${next.includes(row) ? "pinned" : "no longer pinned"}.`);
  };
  const toggle = (i) => {
    const before = selectedRows();
    choose(brushedRows(before, [rows[i]], before.includes(rows[i]) ? "remove" : "add"));
  };
  const clear = () => {
    panels.forEach((run) => run.gestures.cancel());
    brushing = null;
    store.set({ hovered: null, selection: null });
    view.announce("Selection cleared.");
  };
  const focusOn = (k) => {
    store.set({ focusClass: k });
    if (k < 0) return void view.announce("No class in focus.");
    bringToFront(panels[0].scene.centre(k), 0.6);
    view.announce(`${capitalised(className(k))} in focus. ${panels.map(capSentence).join(" ")}`.trim());
  };

  // Sentences.
  const className = (k) => `class ${classes[k].name}`;
  const named = (run) => (panels.length > 1 ? `${run.name}: ` : "");
  const anglesOf = (run, i) => {
    const { own, rival, rivalClass } = run.snapshots.angles(snapshot());
    const other = Number.isNaN(rival[i]) ? [] : [`${degrees(rival[i])} from ${className(rivalClass[i])}`];
    return [`${degrees(own[i])} from own centre`, ...other];
  };
  const pointSentence = (i) => {
    const angles = panels.map((run) => `${named(run)}${anglesOf(run, i).join(", ")}`);
    return `point ${rows[i]}, ${className(labels[i])}, ${angles.join("; ")}`;
  };
  const pairText = (run, ends = pins()) => {
    if (run.snapshots.projected || ends.length !== 2) return "";
    const [a, b] = ends.map((i) => run.scene.directions.slice(3 * i, 3 * i + 3));
    const angle = angleBetween(a, b);
    return `θ ${degrees(angle)}, cos ${Math.cos(angle).toFixed(3).replace("-", "−")}`;
  };
  const pairSentence = (ends = pins()) => panels
    .map((run) => `${run.name}: ${pairText(run, ends) || "angle not in this picture"}`).join("; ");
  const selectionSentence = () => selectionText(
    selectedRows().map((row) => labels[indexOfRow.get(row)]), classes, rows.length,
  );
  const capSentence = (run) => {
    if (!run.margin || focus() < 0) return "";
    const { own } = run.snapshots.angles(snapshot()), ofClass = byRow.filter((i) => labels[i] === focus());
    const nearest = run.snapshots.nearest(focus(), snapshot());
    const sentence = capText(run.margin, nearest, ofClass.map((i) => own[i]), className);
    const why = run.snapshots.projected ? " Not drawn: three dimensions do not preserve angles." : "";
    return `${named(run)}${sentence}${why}`;
  };

  // The page.
  const epochs = epochControl(view, steps, { changed: updateTexts, moved: schedule });
  const { snapshot } = epochs;
  const panels = header.runs.map((run, i) => makePanel(run, i));
  const controls = makeControls();
  const legend = classLegend({ ...header, focus, focusOn });
  const chosen = element("div"), pairNote = element("span");
  const unselect = button("Clear", clear, { class: "wb-button wb-small" });
  const data = dataDisclosure({
    columns: CLASS_COLUMNS, file: "hypersphere.csv", content: () => classTable(panels, snapshot(), header, labels),
  });
  const picked = dataDisclosure({
    columns: POINT_COLUMNS, file: "hypersphere-selection.csv", title: "Data of the selection",
    content: () => pointTable(panels, snapshot(), header, labels, rows, selected()),
  });
  stage.append(
    controls.node,
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map((run) => run.node)),
    chosen,
    legend.node,
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function makePanel({ name, badge, margin, inside }, i) {
    const tip = element("div", { class: "wb-tip", hidden: true });
    const canvas = element("canvas", { class: "wb-canvas", tabindex: "0", role: "img" });
    const ruler = angleRuler(), sphere = createSphere(canvas), cap = element("p", { class: "wb-badge", hidden: true });
    const note = badge ? element("p", { class: "wb-badge" }, badge) : null;
    const centres = new Float32Array(classes.length * 3);
    const scene = {
      labels, classes, grey: header.grey, directions: new Float32Array(labels.length * 3), selected: mask,
      density: header.density ? densityOf(i, header, blocks) : null,
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
      note,
      cap,
    );
    const snapshots = snapshotsOf(i, blocks, inside);
    const panel = { name, margin, snapshots, note, node, canvas, tip, ruler, cap, sphere, scene, centres, cell: -1 };
    panel.gestures = sphereGestures(canvas, sphere, answersOf(panel));
    canvas.addEventListener("keydown", (event) => onKey(event, panel));
    return panel;
  }

  function makeControls() {
    const focusing = { name: "Focus", value: String(focus()), onchange: (k) => focusOn(Number(k)) };
    const found = classes.map(({ name }, k) => [String(k), header.grey ? name : className(k)]);
    const missing = (text) => view.announce(`No class is called ${text}.`);
    const focusList = header.grey
      ? chooser({ ...focusing, options: found, none: "-1", missing })
      : select({ ...focusing, options: [["-1", "all classes"], ...found] });
    const dragging = select({
      name: "Drag", value: dragMode,
      options: [["turn", "turns"], ["box", "selects a box"], ["lasso", "selects a lasso"]],
      onchange: (mode) => {
        dragMode = mode;
        if (mode !== "turn") shape = mode;
        panels.forEach((run) => run.canvas.classList.toggle("wb-brushing", mode !== "turn"));
      },
    });
    const { opener, help } = keysHelp(KEYS), reset = button("Reset view", () => store.set({ camera: null }));
    const row = element("div", { class: "wb-controls" }, ...epochs.nodes, focusList.row, dragging.row, reset, opener);
    return { node: element("div", {}, row, help), set: focusList.set };
  }

  // Drawing, at most once per animation frame.
  function schedule() {
    drawn ||= requestAnimationFrame(() => { drawn = 0; drawAll(); });
  }

  function drawAll() {
    for (const run of panels) {
      const { scene, snapshots, margin, centres } = run;
      snapshots.directions(epochs.time(), scene.directions);
      snapshots.centres(epochs.time(), centres);
      const nearest = snapshots.nearest(focus(), epochs.time());
      Object.assign(scene, {
        camera: camera(), colours, focus: focus(), hovered: hovered(), pins: pins(), rival: nearest.class,
        strong: many() || brushing !== null, brush: brushing?.run === run ? brushing.brush : null,
      });
      scene.cap = margin && !snapshots.projected && nearest.class >= 0 ? {
        centre: scene.centre(focus()), towards: scene.centre(nearest.class), onCells: scene.density !== null,
        radius: capRadius(margin, nearest.angle),
      } : null;
      scene.cellColours = scene.density ? densityColours(scene.density, snapshot(), scene) : null;
      scene.arcText = pairText(run);
      run.sphere.draw(scene);
      showTip(run);
    }
    const pair = pins().length === 2 ? ` ${pairSentence()}.` : "";
    if (pairNote.textContent !== pair) pairNote.textContent = pair;
  }

  function showTip(run) {
    const i = hovered();
    run.tip.hidden = !run.sphere.fit() || (i < 0 && run.cell < 0);
    if (run.tip.hidden) return;
    const side = run.sphere.side(), [x, y] = i < 0 ? run.pointer : run.sphere.place(i);
    const pictured = i >= 0 && header.thumbnails && i < header.thumbnails.count;
    run.tip.replaceChildren(...(pictured ? [thumbnail(header.thumbnails, i)] : []), ...(i < 0 ? cellLines(run) : [
      element("p", {}, element("b", {}, className(labels[i])), ` point ${rows[i]}`),
      ...anglesOf(run, i).map((line) => element("p", {}, line)),
    ]));
    run.tip.style.left = `${Math.max(4, Math.min(side - run.tip.offsetWidth - 4, x + 14))}px`;
    run.tip.style.top = `${y + 14 + run.tip.offsetHeight > side ? y - 14 - run.tip.offsetHeight : y + 14}px`;
  }

  function cellLines(run) {
    const found = run.scene.density.inCell(snapshot(), run.cell), total = found.reduce((sum, [, n]) => sum + n, 0);
    const first = found.filter(([k]) => k >= 0).slice(0, 4);
    const ofClasses = first.map(([k, n]) => element("p", {}, `${className(k)} ${grouped(n)}`));
    return [element("p", {}, element("b", {}, `${grouped(total)} in this cell`)), ...ofClasses];
  }

  /** What changes with the epoch, the focus or the selection, but not with the camera. */
  function updateTexts() {
    const t = snapshot();
    controls.set(String(focus()));
    legend.update(colours);
    for (const run of panels) {
      const { own, rival } = run.snapshots.angles(t);
      const [a, b] = run.ruler.update(own, rival, counts).map(degrees);
      run.cap.textContent = capSentence(run);
      run.cap.hidden = run.cap.textContent === "";
      run.canvas.setAttribute("aria-label", `${run.name}: ${header.summary} Epoch ${steps[t]}. `
        + `Median angle to the own centre ${a}, to the nearest other ${b}.`);
    }
    chosen.replaceChildren(...(selectedRows().length ? [
      element("p", { class: "wb-note wb-chosen" }, selectionSentence(), pairNote, unselect), picked.details,
    ] : []));
    [data, picked].forEach(({ update }) => update());
  }

  // Gestures.
  function step(direction, run) {
    const order = byRow.filter(inFocus);
    if (!order.length) return;
    const at = order.indexOf(hovered()), from = at < 0 && direction < 0 ? 0 : at;
    const i = order[(from + direction + order.length) % order.length];
    hover(i);
    bringToFront(run.scene.directions.subarray(3 * i, 3 * i + 3));
    view.announce(pointSentence(i));
  }

  function onKey(event, run) {
    const turn = (right, up) => store.set({ camera: turned(camera(), right, up) });
    const zoom = (factor) => store.set({ camera: zoomed(camera(), factor) });
    const actions = {
      ArrowLeft: () => turn(-5, 0), ArrowRight: () => turn(5, 0),
      ArrowUp: () => turn(0, 5), ArrowDown: () => turn(0, -5),
      "+": () => zoom(1.15), "=": () => zoom(1.15), "-": () => zoom(1 / 1.15),
      "[": epochs.previous, "]": epochs.next, " ": epochs.toggle,
      n: () => step(1, run), p: () => step(-1, run), a: () => choose(byRow.filter(inFocus).map((i) => rows[i])),
      Enter: () => hovered() >= 0 && (event.shiftKey ? toggle : pin)(hovered()), Escape: clear,
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** What a key or a name asks for is turned to the near side, unless it is well in sight. */
  function bringToFront(direction, least = 0.3) {
    const hidden = direction && toScreen(cameraBasis(camera()), ...direction)[2] < least;
    if (hidden) store.set({ camera: facing(camera(), direction) });
  }

  function answersOf(run) {
    const { sphere, scene, canvas } = run;
    return {
      camera, mode: () => dragMode, shape: () => shape,
      turn: (next, commit) => store.set({ camera: next, hovered: null }, { commit }),
      zoom: (factor) => store.set({ camera: zoomed(camera(), factor) }),
      hover(x, y) {
        const i = sphere.pick(x, y), cell = i < 0 && scene.density ? sphere.cellAt(x, y) : -1;
        run.cell = cell >= 0 && scene.density.at(snapshot()).all[cell] > 0 ? cell : -1;
        run.pointer = [x, y];
        canvas.classList.toggle("wb-pressable", i < 0 && sphere.pickClass(x, y) >= 0);
        hover(i);
        if (scene.density) schedule();
      },
      leave() {
        run.cell = -1;
        hover(-1);
        schedule();
      },
      press(x, y, { shiftKey }) {
        const i = sphere.pick(x, y), k = sphere.pickClass(x, y);
        if (i >= 0) (shiftKey ? toggle : pin)(i);
        else if (k >= 0) focusOn(focus() === k && !header.grey ? -1 : k);
      },
      brushing(brush) {
        brushing = brush && { run, brush };
        if (brush) mask.fill(0);
        if (brush) sphere.within(brush).forEach((i) => { mask[i] = 1; });
        else fillMask();
        schedule();
      },
      brushed(brush, how) {
        brushing = null;
        const found = brushedRows(selectedRows(), sphere.within(brush).map((i) => rows[i]), how);
        fillMask();
        choose(found);
        schedule();
      },
    };
  }

  function fillMask() {
    mask.fill(0);
    selectedRows().forEach((row) => { if (indexOfRow.has(row)) mask[indexOfRow.get(row)] = 1; });
  }

  // Beginnings and endings.
  // A live view may be given more snapshots.
  view.onClose(onGrowth(view, {
    grown() {
      panels.forEach((run, i) => {
        run.snapshots = snapshotsOf(i, blocks, header.runs[i].inside);
        run.note?.replaceChildren(header.runs[i].badge);
      });
      epochs.grew();
    },
    moved: schedule,
  }));
  view.onClose(store.subscribe((changed) => {
    if (changed.includes("selection")) fillMask();
    if (changed.includes("focusClass") || changed.includes("selection")) updateTexts();
    schedule();
  }));
  view.onClose(onThemeChange(() => {
    colours = themeColours(stage);
    legend.update(colours);
    schedule();
  }));
  const resized = new ResizeObserver(schedule);
  panels.forEach((run) => resized.observe(run.canvas));
  view.onClose(() => resized.disconnect());
  view.onClose(() => { cancelAnimationFrame(drawn); });
  fillMask();
  updateTexts();
  drawAll();
  return view.close;
}

export default { render };
