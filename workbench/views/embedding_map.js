// Embeddings in a plane, one map for each run, by one method at a time. What is hovered, selected and in focus is the page's.

const MAX_RINGS = 500;
const KEYS = "Keys, with a map in focus: arrows move it, + and − zoom, n and p go from point to point of the class in focus, "
  + "Enter pins, Esc clears. With a pointer: drag moves, the wheel zooms while the map is in focus, a click pins.";

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { classes, samples, methods } = header;
  const labels = blocks.labels.values, rows = blocks.rows.values;
  const indexOfRow = new Map(Array.from(rows, (row, i) => [row, i]));
  const byRow = Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
  let colours = themeColours(stage), method = methods[0]?.[0] ?? null, drawn = 0;

  const focus = () => {
    const chosen = store.state.focusClass ?? (header.grey ? 0 : -1);
    return chosen < classes.length ? chosen : -1;
  };
  const mine = (state) => (state?.samples === samples ? state : null);
  const hovered = () => indexOfRow.get(mine(store.state.hovered)?.row) ?? -1;
  const selectedRows = () => Array.from(mine(store.state.selection)?.rows ?? []);
  const selected = () => selectedRows().map((row) => indexOfRow.get(row)).filter((i) => i !== undefined);
  const className = (k) => `class ${classes[k].name}`;
  const pointText = (i) => `point ${rows[i]}, ${className(labels[i])}`;

  const hover = (i) => store.set({ hovered: i < 0 ? null : { samples, row: rows[i] } }, { commit: false });
  const pin = (i) => {
    const row = rows[i], before = selectedRows(), was = before.includes(row);
    store.set({ selection: { samples, rows: was ? before.filter((r) => r !== row) : [...before.slice(-1), row] } });
    view.announce(`Point ${row} ${was ? "no longer pinned" : "pinned"}.`);
  };
  const clear = () => {
    store.set({ hovered: null, selection: null });
    view.announce("Pins cleared.");
  };

  // The page.
  const panels = header.runs.map(makePanel);
  const way = select({
    name: "Method", value: method, options: methods,
    onchange: (value) => { method = value; panels.forEach(home); updateTexts(); schedule(); },
  });
  const chooser = select({
    name: "Focus", value: String(focus()), onchange: (k) => store.set({ focusClass: Number(k) }),
    options: [["-1", header.grey ? "no class" : "all classes"], ...classes.map((_, k) => [String(k), className(k)])],
  });
  const help = element("p", { class: "wb-note", id: uniqueId("keys"), hidden: true }, KEYS);
  const keys = button("Keys", () => {
    help.hidden = !help.hidden;
    keys.setAttribute("aria-expanded", String(!help.hidden));
  }, { "aria-expanded": "false", "aria-controls": help.id });
  const reset = button("Reset view", () => { panels.forEach(home); schedule(); });
  const data = dataDisclosure({
    columns: ["run", "method", "row", "class", "x", "y"],
    content: () => panels.flatMap(({ name, scene }) => byRow.map((i) => [
      name, method, rows[i], classes[labels[i]].name, scene.places[2 * i].toFixed(4), scene.places[2 * i + 1].toFixed(4),
    ])),
    file: "embedding-map.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, methods.length > 1 ? way.row : null, chooser.row, reset, keys),
    help,
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map(({ node }) => node)),
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function makePanel({ name, badges }, i) {
    const tip = element("div", { class: "wb-tip", hidden: true });
    const canvas = element("canvas", { class: "wb-canvas", tabindex: "0", role: "img" });
    const badge = element("p", { class: "wb-badge" });
    const node = element("section", { class: "wb-panel", "aria-label": name },
      element("p", { class: "wb-run" }, name), element("div", { class: "wb-sphere" }, canvas, tip), badge);
    const maps = Object.fromEntries(methods.map(([key]) => [key, Float32Array.from(blocks[`${key}${i}`].values, (v) => v / INT16_ONE)]));
    const scene = { labels, classes, grey: header.grey };
    const panel = { name, badges, badge, node, canvas, tip, maps, scene, scatter: createScatter(canvas) };
    home(panel);
    listen(panel);
    return panel;
  }

  function home({ scene, maps }) {
    scene.places = method === null ? new Float32Array(0) : maps[method];
    scene.window = { x: 0, y: 0, zoom: 1 };
  }

  function updateTexts() {
    chooser.input.value = String(focus());
    data.update();
    for (const { name, badge, badges, canvas } of panels) {
      const told = method === null ? "" : `${methods.find(([key]) => key === method)[1]}: ${badges[method]}`;
      badge.textContent = told;
      canvas.setAttribute("aria-label", `${name}: ${header.summary} ${told}${focus() < 0 ? "" : ` In focus: ${className(focus())}.`}`);
    }
  }

  // Drawing, at most once per animation frame.
  function schedule() {
    drawn ||= requestAnimationFrame(() => { drawn = 0; drawAll(); });
  }

  function drawAll() {
    const state = { colours, focus: focus(), hovered: hovered(), selected: selected().slice(0, MAX_RINGS) };
    for (const panel of panels) {
      Object.assign(panel.scene, state);
      panel.scatter.draw(panel.scene);
      showTip(panel);
    }
  }

  function showTip({ scatter, tip }) {
    const i = hovered();
    tip.hidden = i < 0 || !scatter.fit();
    if (tip.hidden) return;
    const [x, y] = scatter.place(i), side = scatter.side();
    tip.hidden = x < 0 || y < 0 || x > side || y > side;
    tip.replaceChildren(
      ...(header.thumbnails ? [thumbnail(header.thumbnails, i)] : []),
      element("p", {}, element("b", {}, className(labels[i])), ` point ${rows[i]}`),
    );
    tip.style.left = `${Math.max(4, Math.min(side - tip.offsetWidth - 4, x + 14))}px`;
    tip.style.top = `${y + 14 + tip.offsetHeight > side ? y - 14 - tip.offsetHeight : y + 14}px`;
  }

  // Gestures.
  function move(panel, ...change) {
    panel.scene.window = movedWindow(panel.scene.window, ...change);
    schedule();
  }

  function step(direction, panel) {
    const order = byRow.filter((i) => focus() < 0 || labels[i] === focus());
    if (!order.length) return;
    const from = order.indexOf(hovered());
    const i = order[(from + direction + order.length + (from < 0 && direction < 0 ? 1 : 0)) % order.length];
    hover(i);
    const [x, y] = panel.scene.places.subarray(2 * i, 2 * i + 2), { window } = panel.scene;
    if (Math.max(Math.abs(x - window.x), Math.abs(y - window.y)) * window.zoom > 1.05) move(panel, x - window.x, y - window.y);
    view.announce(pointText(i));
  }

  function onKey(event, panel) {
    const far = 0.15 / panel.scene.window.zoom;
    const actions = {
      ArrowLeft: () => move(panel, -far, 0), ArrowRight: () => move(panel, far, 0),
      ArrowUp: () => move(panel, 0, far), ArrowDown: () => move(panel, 0, -far),
      "+": () => move(panel, 0, 0, 1.25), "=": () => move(panel, 0, 0, 1.25), "-": () => move(panel, 0, 0, 0.8),
      n: () => step(1, panel), p: () => step(-1, panel),
      Enter: () => hovered() >= 0 && pin(hovered()), Escape: clear,
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  function listen(panel) {
    const { canvas, scatter, scene } = panel;
    let drag = null;
    canvas.addEventListener("keydown", (event) => onKey(event, panel));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.offsetX, y: event.offsetY, window: scene.window, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drag) return void hover(scatter.pick(event.offsetX, event.offsetY));
      const dx = event.offsetX - drag.x, dy = event.offsetY - drag.y, unit = scatter.unit(drag.window.zoom);
      drag.moved ||= Math.hypot(dx, dy) > 4;
      if (!drag.moved) return;
      scene.window = movedWindow(drag.window, -dx / unit, dy / unit);
      hover(-1);
      schedule();
    });
    canvas.addEventListener("pointerup", (event) => {
      const i = drag && !drag.moved ? scatter.pick(event.offsetX, event.offsetY) : -1;
      drag = null;
      if (i >= 0) pin(i);
    });
    canvas.addEventListener("pointercancel", () => { drag = null; });
    canvas.addEventListener("pointerleave", () => { if (!drag) hover(-1); });
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas) return; // the page scrolls until the map is asked for
      event.preventDefault();
      const unit = scatter.unit(scene.window.zoom), middle = scatter.side() / 2;
      const about = [scene.window.x + (event.offsetX - middle) / unit, scene.window.y - (event.offsetY - middle) / unit];
      move(panel, 0, 0, Math.exp(-event.deltaY / 600), about);
    }, { passive: false });
  }

  view.onClose(store.subscribe((changed) => {
    if (changed.includes("focusClass")) updateTexts();
    schedule();
  }));
  view.onClose(onThemeChange(() => { colours = themeColours(stage); schedule(); }));
  const resized = new ResizeObserver(schedule);
  panels.forEach(({ canvas }) => resized.observe(canvas));
  view.onClose(() => resized.disconnect());
  view.onClose(() => cancelAnimationFrame(drawn));
  updateTexts();
  drawAll();
  return view.close;
}

export default { render };
