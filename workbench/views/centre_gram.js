// The Gram matrix of class centres: a heat map with a cell cursor, a legend with the simplex, a list of rivals.

const LEGEND = { height: 34, bar: 12, axis: 40, side: 10, bins: 80 };
const NO_VALUE = -INT16_ONE - 1;
const KEYS = "Keys, with a heat map in focus: arrows move from cell to cell, Home and End go to the ends of a row, "
  + "Enter brings the row's class into focus, Esc clears. With a pointer: resting on a row shows its class, a press keeps it.";

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { classes, target } = header, C = classes.length;
  let colours = themeColours(stage);
  let bySimilarity = false, stretched = false, cell = null, kept;

  const focus = () => {
    const chosen = store.state.focusClass ?? -1;
    return chosen < C ? chosen : -1;
  };
  const className = (k) => `class ${classes[k].name}`;
  const degreesOf = (cosine) => `${(Math.acos(Math.max(-1, Math.min(1, cosine))) / DEGREE).toFixed(1)}°`;

  // The page.
  const panels = header.runs.map(({ name }, i) => (header.heat ? makePanel(name, i) : makeList(name, i)));
  const order = select({
    name: "Order", value: "class", options: [["class", "by class"], ["similarity", "by similarity"]],
    onchange: (value) => { bySimilarity = value === "similarity"; drawAll(); },
  });
  const stretch = button("Stretch colours", () => {
    stretched = !stretched;
    stretch.setAttribute("aria-pressed", String(stretched));
    drawAll();
  }, { "aria-pressed": "false" });
  const chooser = select({
    name: "Focus", value: String(focus()), onchange: (k) => store.set({ focusClass: Number(k) }),
    options: [["-1", "all classes"], ...classes.map(({ name }, k) => [String(k), `class ${name}`])],
  });
  const help = element("p", { class: "wb-note", id: uniqueId("keys"), hidden: true }, KEYS);
  const keys = button("Keys", () => {
    help.hidden = !help.hidden;
    keys.setAttribute("aria-expanded", String(!help.hidden));
  }, { "aria-expanded": "false", "aria-controls": help.id });
  const data = dataDisclosure({
    columns: ["run", "class", "nearest rival", "cosine", "angle (deg)"],
    content: () => panels.flatMap(({ name, rivals }) => rivals.map(({ k, rival, cosine }) => [
      name, classes[k].name, ...(Number.isNaN(cosine) ? ["", "", ""] : [classes[rival].name, cosine.toFixed(6), degreesOf(cosine).slice(0, -1)]),
    ])),
    file: "centre-gram.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, ...(header.heat ? [order.row, chooser.row, stretch, keys] : [])),
    help,
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map(({ node }) => node)),
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function rivalsOf(i) {
    const listed = blocks[`listed${i}`].values, rival = blocks[`rival${i}`].values, cosine = blocks[`cosine${i}`].values;
    return Array.from(listed, (k, j) => ({ k, rival: rival[j], cosine: cosine[j] }));
  }

  /** The rivals as a table, the nearest first; a row's button brings its class into focus. */
  function makeList(name, i) {
    const rivals = rivalsOf(i);
    const rows = rivals.map(({ k, rival, cosine }) => {
      const pick = button(classes[k].name, () => store.set({ focusClass: focus() === k ? -1 : k }), { class: "wb-chip" });
      const alone = Number.isNaN(cosine);
      return { k, pick, row: element("tr", {}, element("td", {}, pick), element("td", {}, alone ? "no rival" : classes[rival].name),
        element("td", { class: "wb-number" }, alone ? "–" : signedText(cosine)), element("td", { class: "wb-number" }, alone ? "–" : degreesOf(cosine))) };
    });
    const table = element("table", { class: "wb-table wb-rivals" },
      element("thead", {}, element("tr", {}, ...["Class", "Nearest rival"].map((text) => element("th", { scope: "col" }, text)),
        ...["Cosine", "Angle"].map((text) => element("th", { scope: "col", class: "wb-number" }, text)))),
      element("tbody", {}, ...rows.map(({ row }) => row)));
    table.addEventListener("keydown", (event) => {
      const at = rows.findIndex(({ pick }) => pick === event.target), next = at < 0 ? -1 : arrowTarget(event, at, rows.length);
      if (next < 0) return;
      event.preventDefault();
      rows[next].pick.focus();
    });
    const list = element("div", { class: "wb-scroll wb-rivals-box", tabindex: "0", role: "region", "aria-label": `Nearest rivals, ${name}` }, table);
    const mark = () => rows.forEach(({ k, pick }) => pick.setAttribute("aria-pressed", String(k === focus())));
    const node = element("section", { class: "wb-panel", "aria-label": name }, element("p", { class: "wb-run" }, name), list);
    return { name, node, rivals, list, mark, draw: mark, drawCells: mark };
  }

  function makePanel(name, i) {
    const gram = blocks[`gram${i}`].values, similar = blocks[`order${i}`].values;
    const value = (a, b) => (gram[a * C + b] === NO_VALUE ? NaN : gram[a * C + b] / INT16_ONE);
    const between = offDiagonal(value, C);
    const canvas = element("canvas", { class: "wb-canvas wb-heat", tabindex: "0", role: "img" });
    const legend = svg("svg", { class: "wb-plot wb-scale", role: "img" });
    const reading = element("p", { class: "wb-reading" });
    const list = makeList(name, i);
    const node = element("section", { class: "wb-panel", "aria-label": name },
      element("p", { class: "wb-run" }, name), canvas, reading, legend,
      element("p", { class: "wb-list-title" }, "Nearest rival of each class, the nearest first"), list.list);
    const panel = { name, node, canvas, rivals: list.rivals, classAt: (position) => (bySimilarity ? similar[position] : position) };
    const most = between.reduce((found, cosine) => Math.max(found, Math.abs(cosine)), 1e-6);
    panel.drawCells = () => {
      drawHeat(panel, value, stretched ? most : 1);
      list.mark();
      read(panel, reading, between);
    };
    panel.draw = () => {
      drawScale(legend, node.clientWidth, between, stretched ? most : 1);
      panel.drawCells();
    };
    panel.say = ([row, column]) => {
      const a = panel.classAt(row), b = panel.classAt(column), cosine = value(a, b);
      if (a === b) return `${className(a)} with itself`;
      return Number.isNaN(cosine) ? `${className(a)} and ${className(b)}: no centre`
        : `${className(a)} and ${className(b)}: cosine ${signedText(cosine)}, angle ${degreesOf(cosine)}`;
    };
    listen(panel);
    return panel;
  }

  // Drawing.
  function drawAll() {
    for (const panel of panels) panel.draw();
    chooser.input.value = String(focus());
    data.update();
  }

  /** What a cell or a class in focus changes. */
  function drawCells() {
    for (const panel of panels) panel.drawCells();
    chooser.input.value = String(focus());
  }

  function drawHeat(panel, value, reach) {
    const { canvas, classAt } = panel, side = canvas.clientWidth;
    if (side === 0) return;
    const ratio = Math.min(2, devicePixelRatio || 1), ctx = canvas.getContext("2d");
    canvas.width = canvas.height = Math.round(side * ratio);
    const cells = document.createElement("canvas");
    cells.width = cells.height = C;
    const at = (row, column) => value(classAt(row), classAt(column)) / (row === column ? 1 : reach);
    cells.getContext("2d").putImageData(heatImage(C, at, signedColours(colours)), 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(cells, 0, 0, canvas.width, canvas.height);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    const step = side / C, k = focus();
    if (k >= 0) {
      const row = Array.from({ length: C }, (_, position) => classAt(position)).indexOf(k);
      frame(ctx, 0, row * step, side, step);
      frame(ctx, row * step, 0, step, side);
    }
    if (cell?.panel === panel) frame(ctx, cell.at[1] * step, cell.at[0] * step, step, step, 3);
    if (step >= 11) names(ctx, classAt, step);
  }

  function frame(ctx, x, y, width, height, line = 1.5) {
    for (const [colour, w] of [[colours.paper, line + 2], [colours.ink, line]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = w;
      ctx.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    }
  }

  /** Names along the diagonal, whose cosine of 1 says nothing. */
  function names(ctx, classAt, step) {
    ctx.font = `600 ${Math.min(14, 0.62 * step)}px ${getComputedStyle(ctx.canvas).fontFamily}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = contrast(colours.impostor, colours.paper) > contrast(colours.impostor, colours.ink) ? colours.paper : colours.ink;
    for (let position = 0; position < C; position++) {
      const name = [...classes[classAt(position)].name];
      let text = name.join("");
      while (text && ctx.measureText(text).width > step - 4) text = name.splice(-1) && name.length ? `${name.join("")}…` : "";
      ctx.fillText(text, (position + 0.5) * step, (position + 0.5) * step);
    }
  }

  /** The colours with their numbers, above them how often each cosine occurs, and the line of the simplex. */
  function drawScale(plot, width, between, reach) {
    if (width === 0) return;
    const { height, bar, axis, side, bins } = LEGEND, base = 22 + height, bottom = base + bar;
    const x = (cosine) => side + ((cosine / reach + 1) / 2) * (width - 2 * side);
    plot.setAttribute("viewBox", `0 0 ${width} ${bottom + axis}`);
    plot.setAttribute("height", bottom + axis);
    const counts = new Uint32Array(bins), palette = signedColours(colours);
    for (const cosine of between) counts[Math.max(0, Math.min(bins - 1, Math.floor(((cosine / reach + 1) / 2) * bins)))] += 1;
    const tops = Array.from(counts, (n) => base - (height * n) / Math.max(1, ...counts));
    const cellWidth = (width - 2 * side) / bins;
    const swatches = Array.from({ length: bins }, (_, b) => svg("rect", {
      x: side + b * cellWidth, y: base + 2, width: cellWidth + 0.5, height: bar, fill: `rgb(${signedColour(palette, (2 * b + 1) / bins - 1).join(",")})`,
    }));
    const tick = (cosine, anchor) => svg("text", { x: x(cosine), y: bottom + 17, class: "wb-tick", "text-anchor": anchor }, cosine === 0 ? "cosine 0" : signedText(cosine, stretched ? 2 : 0));
    const within = (at, half) => Math.max(half, Math.min(width - half, at));
    const mark = target === null || Math.abs(target) > reach ? [] : [
      svg("line", { x1: x(target), x2: x(target), y1: 18, y2: bottom + 2, class: "wb-threshold" }),
      svg("text", { x: within(x(target), 74), y: 13, "text-anchor": "middle" }, `simplex ${signedText(target, target > -0.05 ? 4 : 3)}`),
    ];
    plot.replaceChildren(
      svg("path", { d: staircasePath(tops, side, width - side, base, true), class: "wb-count-hill" }), ...swatches,
      tick(-reach, "start"), tick(0, "middle"), tick(reach, "end"),
      svg("text", { x: within(x(0), 100), y: bottom + 34, class: "wb-tick", "text-anchor": "middle" }, "blue: apart · orange: close"), ...mark,
    );
    plot.setAttribute("aria-label", `Colours from cosine ${signedText(-reach, 2)} to ${signedText(reach, 2)}. ${spread(between)}`);
  }

  function spread(between) {
    if (!between.length) return "No two centres.";
    const mean = between.reduce((a, b) => a + b, 0) / between.length, most = between.reduce((a, b) => Math.max(a, b), -1);
    return `Cosines between two centres: mean ${signedText(mean)}, largest ${signedText(most)}`
      + `${target === null ? "" : `; the simplex has ${signedText(target)}`}.`;
  }

  function read(panel, reading, between) {
    reading.textContent = cell?.panel === panel ? panel.say(cell.at) : spread(between);
    const k = focus(), nearest = panel.rivals.find((rival) => rival.k === k);
    const focused = nearest && !Number.isNaN(nearest.cosine)
      ? ` In focus ${className(k)}: nearest rival ${className(nearest.rival)}, cosine ${signedText(nearest.cosine)}.` : "";
    panel.canvas.setAttribute("aria-label", `${panel.name}: ${header.summary} ${spread(between)}${focused}`);
  }

  // Gestures.
  function cellAt(panel, event) {
    const side = panel.canvas.clientWidth;
    return [event.offsetY, event.offsetX].map((v) => Math.max(0, Math.min(C - 1, Math.floor((v / side) * C))));
  }

  function showCell(panel, at) {
    cell = at && { panel, at };
    drawCells();
  }

  /** Resting on a row shows its class; leaving brings back the one that was kept. */
  function preview(k) {
    if (kept === undefined) kept = store.state.focusClass;
    store.set({ focusClass: k }, { commit: false, source: view });
  }

  function keep(k) {
    kept = undefined;
    store.set({ focusClass: k });
    view.announce(k < 0 ? "No class in focus." : `In focus: ${className(k)}.`);
  }

  function leave(panel) {
    if (kept !== undefined) store.set({ focusClass: kept }, { commit: false, source: view });
    kept = undefined;
    showCell(panel, null);
  }

  function onKey(event, panel) {
    const [row, column] = cell?.panel === panel ? cell.at : [0, -1];
    const move = (r, c) => {
      const at = [r, c].map((v) => Math.max(0, Math.min(C - 1, v)));
      showCell(panel, at);
      view.announce(panel.say(at));
    };
    const actions = {
      ArrowLeft: () => move(row, column - 1), ArrowRight: () => move(row, column + 1),
      ArrowUp: () => move(row - 1, column), ArrowDown: () => move(row + 1, column),
      Home: () => move(row, 0), End: () => move(row, C - 1),
      Enter: () => cell?.panel === panel && keep(panel.classAt(row)),
      Escape: () => { cell = null; keep(-1); drawCells(); },
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  function listen(panel) {
    const { canvas } = panel;
    canvas.addEventListener("keydown", (event) => onKey(event, panel));
    canvas.addEventListener("pointermove", (event) => {
      const at = cellAt(panel, event);
      if (cell?.panel === panel && cell.at.join() === at.join()) return;
      cell = { panel, at };
      const k = panel.classAt(at[0]);
      if (k === store.state.focusClass) drawCells();
      else preview(k);
    });
    canvas.addEventListener("pointerleave", () => leave(panel));
    canvas.addEventListener("click", (event) => {
      const k = panel.classAt(cellAt(panel, event)[0]);
      keep(kept === k ? -1 : k);
      kept = store.state.focusClass;
    });
  }

  view.onClose(store.subscribe((changed, source) => {
    if (!changed.includes("focusClass")) return;
    if (source !== view) kept = undefined;
    drawCells();
  }));
  view.onClose(onThemeChange(() => { colours = themeColours(stage); drawAll(); }));
  const resized = new ResizeObserver(drawAll);
  panels.forEach(({ node }) => resized.observe(node));
  view.onClose(() => resized.disconnect());
  drawAll();
  return view.close;
}

/** The cosines of two classes that both have a centre, each pair once. */
function offDiagonal(value, C) {
  const found = [];
  for (let a = 0; a < C; a++) for (let b = a + 1; b < C; b++) if (!Number.isNaN(value(a, b))) found.push(value(a, b));
  return found;
}

export default { render };
