// The unit circle of one to four runs: marks, class centres, a histogram outside, and inside what margins demand.

const CIRCLE_KEYS = "Keys, with a circle in focus: ← and → go from point to point along the circle, n and p within the "
  + "class in focus, Enter pins, Esc clears, [ and ] change the epoch, Space plays. "
  + "Two pins show the angle between them.";
const DEMANDS = {
  arc: {
    name: "ArcFace", where: "outer ring", moves: "m2", lean: 1, band: [0.64, 0.9], margin: ({ m2 }) => ({ m2 }),
  },
  cos: {
    name: "CosFace", where: "inner ring", moves: "m3", lean: -1, band: [0.34, 0.6], margin: ({ m3 }) => ({ m3 }),
  },
};
const BOTH_RINGS = [DEMANDS.cos.band[0], DEMANDS.arc.band[1]];
const NAMED_GAP = 0.5; // radians
const WEDGES = [["both", "both"], ["arc", "ArcFace"], ["cos", "CosFace"], ["none", "neither"]];

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { classes, samples } = header, many = classes.length > MAX_DRAWN_CENTRES; // then only those of the focus
  const labels = blocks.labels.values, rows = blocks.rows.values;
  const indexOfRow = new Map(Array.from(rows, (row, i) => [row, i]));
  const byRow = Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  let colours = themeColours(stage), wedges = "both", drawn = 0;

  // State: what the store says, in this view's own numbers.
  const focus = () => {
    const chosen = store.state.focusClass ?? (header.grey ? 0 : -1);
    return chosen < classes.length ? chosen : -1;
  };
  const mine = (state) => (state?.samples === samples ? state : null);
  const hovered = () => indexOfRow.get(mine(store.state.hovered)?.row) ?? -1;
  const pinnedRows = () => mine(store.state.selection)?.rows ?? [];
  const pins = () => pinnedRows().map((row) => indexOfRow.get(row)).filter((i) => i !== undefined);
  const hover = (i) => store.set({ hovered: i < 0 ? null : { samples, row: rows[i] } }, { commit: false });
  const focusOn = (k) => store.set({ focusClass: k });
  const pin = (i) => {
    const row = rows[i], before = pinnedRows();
    const next = before.includes(row) ? before.filter((r) => r !== row) : [...before.slice(-1), row];
    store.set({ selection: { samples, rows: next } });
    const pair = panels.map((run) => `${run.name}: ${pairText(run)}`).join("; ");
    view.announce(next.length === 2 ? pair : `Point ${row} ${next.includes(row) ? "pinned" : "no longer pinned"}.`);
  };
  const clear = () => {
    store.set({ hovered: null, selection: null });
    view.announce("Pins cleared.");
  };

  // Sentences.
  const className = (k) => `class ${classes[k].name}`;
  const anglesOf = (run, i) => {
    const { own, rival, rivalClass } = run.snapshots.angles(epochs.snapshot());
    const other = Number.isNaN(rival[i]) ? [] : [`${degrees(rival[i])} from ${className(rivalClass[i])}`];
    return [`${degrees(own[i])} from own centre`, ...other];
  };
  const pointSentence = (i) => {
    const angles = panels.map((run) => `${panels.length > 1 ? `${run.name}: ` : ""}${anglesOf(run, i).join(", ")}`);
    return `point ${rows[i]}, ${className(labels[i])}, ${angles.join("; ")}`;
  };
  const pairAngle = (run) => turnBetween(...pins().map((i) => angleOf(run.directions, i)));
  const pairText = (run) => {
    const angle = Math.abs(pairAngle(run));
    return `θ ${degrees(angle)}, cos ${Math.cos(angle).toFixed(3).replace("-", "−")}`;
  };

  // The page.
  const epochs = epochControl(view, header.steps, { changed: updateTexts, moved: schedule });
  const sliders = marginSliders(view, header.margins);
  const panels = header.runs.map((name, i) => makePanel(name, snapshotsOf(i, blocks)));
  const chooser = select({
    name: "Focus", value: String(focus()), onchange: (k) => focusOn(Number(k)),
    options: [["-1", header.grey ? "no class" : "all classes"], ...classes.map((_, k) => [String(k), className(k)])],
  });
  const demands = select({
    name: "Margins of", value: wedges, options: WEDGES,
    onchange: (choice) => { wedges = choice; updateTexts(); schedule(); },
  });
  const keys = keysHelp(CIRCLE_KEYS);
  const legend = classLegend({ classes, grey: header.grey, focus, focusOn });
  const data = dataDisclosure({
    columns: [
      "run", "epoch", "class", "points shown", "direction of centre (deg)",
      "median angle to own centre (deg)", "median angle to nearest other (deg)",
    ],
    content: tableRows, file: "circle.csv",
  });
  stage.append(
    element("div", { class: "wb-controls wb-slider-grid" }, ...sliders.rows),
    element(
      "div", { class: "wb-controls" },
      ...epochs.nodes, chooser.row, demands.row, button("Reset margins", sliders.reset), keys.opener,
    ),
    keys.help,
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map((run) => run.node)),
    legend.node,
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function makePanel(name, snapshots) {
    const tip = element("div", { class: "wb-tip", hidden: true });
    const canvas = element("canvas", { class: "wb-canvas wb-ring", tabindex: "0", role: "img" });
    const texts = element("div", { class: "wb-badge" });
    const node = element("section", { class: "wb-panel", "aria-label": name },
      element("p", { class: "wb-run" }, name), element("div", { class: "wb-sphere" }, canvas, tip), texts);
    const run = {
      name, snapshots, node, canvas, tip, texts, picture: createRing(canvas),
      directions: new Float32Array(labels.length * 3), centres: new Float32Array(classes.length * 3),
    };
    listen(run);
    return run;
  }

  const demanded = () => Object.keys(DEMANDS).filter((key) => wedges === key || wedges === "both");

  function wedgesOf(gaps) {
    const p = sliders.values(), d = restingDistance(p.s);
    return demanded().flatMap((key) => {
      const { name, margin, lean, band } = DEMANDS[key], asked = margin(p);
      const widest = Math.max(...gaps.map(({ size }) => size));
      const named = pins().length < 2 && widest > NAMED_GAP ? widest : null; // one gap, while there is room
      return gaps.map(({ size, boundary }) => ({
        boundary, lean, band: wedges === "both" ? band : BOTH_RINGS, name: size === named ? name : "",
        half: halfWedge(size, asked, 0), soft: halfWedge(size, asked, d),
      }));
    });
  }

  /** What each margin asks in this run, and how many samples do not have it. */
  function demandTexts(run) {
    const { own, rival } = run.snapshots.angles(epochs.snapshot()), p = sliders.values();
    const gaps = gapsBetween(run.centres);
    const judged = Array.from(own.keys()).filter((i) => !Number.isNaN(own[i] + rival[i]));
    if (!gaps.length || !judged.length) return [];
    return demanded().map((key) => {
      const { name, where, margin } = DEMANDS[key], { m2 = 0, m3 = 0 } = margin(p);
      const halves = gaps.map(({ size }) => demandedHalf(size, { m2, m3 }, 0)), known = halves.filter(Number.isFinite);
      const full = gaps.filter(({ size }, i) => 2 * halves[i] >= size).length;
      const without = judged.filter((i) => Math.cos(own[i] + m2) - m3 < Math.cos(rival[i])).length / judged.length;
      const [least, most] = [Math.min(...known), Math.max(...known)].map((half) => degrees(2 * half));
      const range = least === most ? least : `${least} to ${most}`;
      const asked = known.length ? `${range} between centres shall be empty` : "no gap is wide enough";
      const room = full && known.length ? ` In ${full} of ${gaps.length} gaps that is all there is, or more.` : "";
      return `${name}${wedges === "both" ? `, ${where}` : ""}: ${asked}.${room} ${(100 * without).toFixed(1)} % of the `
        + "samples do not have their margin.";
    });
  }

  function tableRows() {
    const counts = new Uint32Array(classes.length);
    labels.forEach((k) => { counts[k] += 1; });
    return panels.flatMap((run) => {
      const { own, rival } = run.snapshots.angles(epochs.snapshot());
      const text = (angle) => (angle / DEGREE).toFixed(2).replace("NaN", "");
      const middle = (values, k) => text(median(values, (i) => labels[i] === k));
      const direction = (k) => (centreOf(run, k) ? text(angleOf(run.centres, k)) : "");
      return classes.map(({ name }, k) => [
        run.name, epochs.name(), name, counts[k], direction(k), middle(own, k), middle(rival, k),
      ]);
    });
  }

  function centreOf(run, k) {
    const tip = run.centres.subarray(3 * k, 3 * k + 3);
    return tip[0] || tip[1] ? tip : null;
  }

  // Drawing, at most once per animation frame.
  function schedule() {
    drawn ||= requestAnimationFrame(() => { drawn = 0; drawAll(); });
  }

  function drawAll() {
    const fills = classes.map((_, k) => pointColour({ classes, grey: header.grey, colours, focus: focus() }, k));
    const faint = fills.map((fill, k) => contrast(fill, colours.paper) < 3 && (focus() < 0 || k === focus()));
    for (const run of panels) {
      run.snapshots.directions(epochs.time(), run.directions);
      run.snapshots.centres(epochs.time(), run.centres);
      const gaps = gapsBetween(run.centres).filter(({ from, to }) => !many || from === focus() || to === focus());
      run.picture.draw({
        labels, classes, fills, faint, colours, gaps, grey: header.grey, focus: focus(),
        hovered: hovered(), pins: pins(), directions: run.directions, centre: (k) => centreOf(run, k),
        wedges: wedgesOf(gaps), arcs: arcsOf(run),
      });
      showTip(run);
    }
  }

  /** The angles of the point under the pointer, and the one between two pins. */
  function arcsOf(run) {
    const i = hovered(), arcs = [];
    if (i >= 0) {
      const at = angleOf(run.directions, i), { rival, rivalClass } = run.snapshots.angles(epochs.snapshot());
      const to = (k, part, colour) => {
        if (centreOf(run, k)) arcs.push({ from: at, size: turnBetween(at, angleOf(run.centres, k)), part, colour });
      };
      if (!Number.isNaN(rival[i])) to(rivalClass[i], 0.925, colours.alert);
      to(labels[i], 0.96, colours.accent);
    }
    if (pins().length === 2) {
      const from = angleOf(run.directions, pins()[0]), size = pairAngle(run);
      arcs.push({ from, size, part: 0.62, colour: colours.ink, text: `θ ${degrees(Math.abs(size))}` });
    }
    return arcs;
  }

  function showTip(run) {
    const i = hovered();
    run.tip.hidden = i < 0 || !run.picture.fit();
    if (run.tip.hidden) return;
    const [x, y] = run.picture.place(i), side = run.picture.side(), kinds = ["wb-own", "wb-rival"];
    run.tip.replaceChildren(
      element("p", {}, element("b", {}, className(labels[i])), ` point ${rows[i]}`),
      ...anglesOf(run, i).map((line, k) => element("p", { class: `wb-tip-angle ${kinds[k]}` }, line)),
    );
    const { offsetWidth, offsetHeight } = run.tip;
    const inward = (from, size) => (from < side / 2 ? from + 14 : from - 14 - size);
    run.tip.style.left = `${Math.max(4, Math.min(side - offsetWidth - 4, inward(x, offsetWidth)))}px`;
    run.tip.style.top = `${inward(y, offsetHeight)}px`;
  }

  /** What changes with the epoch, the focus or a margin. */
  function updateTexts() {
    sliders.update();
    sliders.use(new Set(demanded().flatMap((key) => ["s", DEMANDS[key].moves])));
    chooser.input.value = String(focus());
    legend.update(colours);
    data.update();
    const inFocus = (i) => focus() < 0 || labels[i] === focus();
    for (const run of panels) {
      run.snapshots.centres(epochs.snapshot(), run.centres);
      const { own, rival } = run.snapshots.angles(epochs.snapshot()), texts = demandTexts(run);
      run.snapshots.directions(epochs.snapshot(), run.directions);
      const pair = pins().length === 2 ? [`Points ${pinnedRows().join(" and ")}: ${pairText(run)}.`] : [];
      run.texts.replaceChildren(...[...pair, ...texts].map((text) => element("p", {}, text)));
      const [a, b] = [own, rival].map((angles) => degrees(median(angles, inFocus)));
      run.canvas.setAttribute("aria-label", `${run.name}: ${header.summary} Epoch ${epochs.name()}. `
        + `Median angle to the own centre ${a}, to the nearest other ${b}. ${texts.join(" ")}`);
    }
  }

  // Gestures.
  function step(direction, order) {
    if (!order.length) return;
    const from = order.indexOf(hovered());
    hover(order[(from + direction + order.length + (from < 0 && direction < 0 ? 1 : 0)) % order.length]);
    view.announce(pointSentence(hovered()));
  }

  function onKey(event, run) {
    const along = () => Array.from(rows.keys()).sort((a, b) => angleOf(run.directions, a) - angleOf(run.directions, b));
    const ofClass = () => byRow.filter((i) => focus() < 0 || labels[i] === focus());
    const actions = {
      // Left is counterclockwise, as seen at the top.
      ArrowLeft: () => step(1, along()), ArrowRight: () => step(-1, along()),
      n: () => step(1, ofClass()), p: () => step(-1, ofClass()),
      "[": epochs.previous, "]": epochs.next, " ": epochs.toggle,
      Enter: () => hovered() >= 0 && pin(hovered()), Escape: clear,
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  function listen(run) {
    const { canvas, picture } = run;
    canvas.addEventListener("keydown", (event) => onKey(event, run));
    canvas.addEventListener("pointermove", (event) => hover(picture.pick(event.offsetX, event.offsetY)));
    canvas.addEventListener("pointerleave", () => hover(-1));
    canvas.addEventListener("click", (event) => {
      const i = picture.pick(event.offsetX, event.offsetY);
      if (i >= 0) pin(i);
    });
  }

  view.onClose(store.subscribe((changed) => {
    if (changed.includes("focusClass") || changed.includes("selection") || sliders.moved(changed)) updateTexts();
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
  view.onClose(() => cancelAnimationFrame(drawn));
  updateTexts();
  drawAll();
  return view.close;
}

/** The direction of row i of [P, 3], in radians. */
function angleOf(directions, i) {
  return Math.atan2(directions[3 * i + 1], directions[3 * i]);
}

/** The shorter turn from one direction to another, above 0 counterclockwise. */
function turnBetween(from, to) {
  return Math.atan2(Math.sin(to - from), Math.cos(to - from));
}

export default { render };
