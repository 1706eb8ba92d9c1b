// A table of the hardest pairs of one run. To choose a row is to select its two samples in the whole page.

const KIND_WORDS = { impostor: "impostor: two classes", genuine: "genuine: one class" };
const ORDERS = {
  kind: { text: "Kind", of: (pair) => (pair.kind === "genuine" ? 1 : 0) },
  classes: { text: "Classes", of: (pair) => pair.names.join("\u0000").toLocaleLowerCase() },
  cosine: { text: "Cosine", of: (pair) => pair.cosine },
  angle: { text: "Angle", of: (pair) => pair.angle },
};

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { samples, names } = header;
  const tile = new Map(Array.from(blocks.rows.values, (row, i) => [row, i]));
  const classOf = (row) => names[blocks.labels.values[tile.get(row)]];
  const runs = header.runs.map(({ name }, i) => ({ name, pairs: ["impostor", "genuine"].flatMap((kind) => pairsOf(kind, i)) }));
  // Until somebody sorts, both kinds take turns, so that the hardest of both are seen at once.
  let order = { by: null, down: false }, kind = "both", shown = [];

  function pairsOf(kind, i) {
    const rows = blocks[`${kind}Rows${i}`].values, cosines = blocks[`${kind}Cosine${i}`].values;
    return Array.from(cosines, (cosine, j) => {
      const pair = [rows[2 * j], rows[2 * j + 1]];
      return {
        kind, rows: pair, cosine, angle: Math.acos(cosine) / DEGREE, names: pair.map(classOf),
        order: 2 * j + (kind === "genuine" ? 1 : 0), rank: j + 1,
      };
    });
  }

  // State: the page's run and selection, where they are of these samples.
  const run = () => runs.find(({ name }) => name === store.state.run) ?? runs[0];
  const selected = () => (store.state.selection?.samples === samples ? Array.from(store.state.selection.rows ?? []) : []);
  const isChosen = (pair) => selected().length === 2 && pair.rows.every((row) => selected().includes(row));
  const choose = (pair) => {
    const next = isChosen(pair) ? null : { samples, rows: [...pair.rows] };
    store.set({ selection: next, hovered: null });
    view.announce(next ? `Selected: ${sentence(pair)}` : "Selection cleared.");
  };
  const clear = () => {
    store.set({ selection: null, hovered: null });
    view.announce("Selection cleared.");
  };
  const sentence = (pair) => `${pair.kind} pair ${pair.rank}, cosine ${signedText(pair.cosine)}, angle ${pair.angle.toFixed(1)}°, `
    + pair.names.map((name, i) => `class ${name} point ${pair.rows[i]}`).join(" and ");

  // The page.
  const chooser = select({
    name: "Run", value: run().name, options: runs.map(({ name }) => [name, name]),
    onchange: (name) => { store.set({ run: name }); view.announce(`Run ${name}.`); },
  });
  const kinds = select({
    name: "Show", value: kind, onchange: (value) => { kind = value; fill(); },
    options: [["both", "both kinds"], ["impostor", "impostor pairs"], ["genuine", "genuine pairs"]],
  });
  const heads = Object.fromEntries(Object.entries(ORDERS).map(([by, { text }]) => [by, element(
    "th", { scope: "col", class: by === "cosine" || by === "angle" ? "wb-number" : null },
    button(text, () => sortBy(by), { class: "wb-sort" }),
  )]));
  const body = element("tbody");
  const table = element(
    "table",
    { class: "wb-table wb-pairs" },
    element("caption", { class: "wb-voice" }, header.summary),
    element("thead", {}, element("tr", {},
      heads.kind, header.thumbnails ? element("th", { scope: "col" }, "Images") : null, heads.classes, heads.cosine, heads.angle,
      element("th", { scope: "col" }, element("span", { class: "wb-voice" }, "Choose")))),
    body,
  );
  const data = dataDisclosure({
    columns: ["run", "kind", "rank", "first row", "first class", "second row", "second class", "cosine", "angle (deg)"],
    content: () => runs.flatMap(({ name, pairs }) => pairs.map((pair) => [
      name, pair.kind, pair.rank, pair.rows[0], pair.names[0], pair.rows[1], pair.names[1], pair.cosine.toFixed(6), pair.angle.toFixed(3),
    ])),
    file: "hard-pairs.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, runs.length > 1 ? chooser.row : null, kinds.row, button("Clear selection", clear)),
    element("div", { class: "wb-scroll wb-pairs-box", tabindex: "0", role: "region", "aria-label": "Pairs" }, table),
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function sortBy(by) {
    order = { by, down: order.by === by ? !order.down : by === "cosine" };
    fill();
    view.announce(`Sorted by ${ORDERS[by].text.toLowerCase()}, ${order.down ? "descending" : "ascending"}.`);
  }

  function fill() {
    const of = ORDERS[order.by]?.of ?? ((pair) => pair.order), sign = order.down ? -1 : 1;
    const pairs = run().pairs.filter((pair) => kind === "both" || pair.kind === kind);
    pairs.sort((a, b) => sign * (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0) || a.order - b.order);
    shown = pairs.map((pair) => ({ pair, ...rowOf(pair) }));
    body.replaceChildren(...shown.map(({ row }) => row));
    for (const [by, head] of Object.entries(heads)) {
      head.setAttribute("aria-sort", by !== order.by ? "none" : order.down ? "descending" : "ascending");
      head.firstChild.textContent = ORDERS[by].text + (by !== order.by ? "" : order.down ? " ↓" : " ↑");
    }
    chooser.input.value = run().name;
    mark();
    data.update();
  }

  function rowOf(pair) {
    const pick = button("Select", () => choose(pair), { "aria-label": `Select ${sentence(pair)}` });
    const images = header.thumbnails && element("td", { class: "wb-images" }, element("div", { class: "wb-twins" },
      ...pair.rows.map((row) => thumbnail(header.thumbnails, tile.get(row)))));
    const who = pair.names.map((name, i) => element("span", { class: "wb-who" }, `${name} `, element("span", { class: "wb-muted" }, `point ${pair.rows[i]}`)));
    const row = element(
      "tr",
      { onclick: (event) => event.target !== pick && choose(pair), onmouseenter: () => hover(pair.rows[0]), onmouseleave: () => hover(null) },
      element("td", {}, element("span", { class: `wb-kind wb-${pair.kind}` }, element("span", { class: "wb-kind-mark", "aria-hidden": "true" }), KIND_WORDS[pair.kind])),
      images || null,
      element("td", { class: "wb-classes" }, ...(pair.kind === "genuine" ? genuineNames(pair) : who)),
      element("td", { class: "wb-number" }, signedText(pair.cosine)),
      element("td", { class: "wb-number" }, `${pair.angle.toFixed(1)}°`),
      element("td", {}, pick),
    );
    return { row, pick };
  }

  function genuineNames({ names: [name], rows }) {
    return [element("span", { class: "wb-who" }, name), element("span", { class: "wb-who wb-muted" }, `points ${rows.join(", ")}`)];
  }

  function hover(row) {
    store.set({ hovered: row === null ? null : { samples, row } }, { commit: false });
  }

  function mark() {
    for (const { pair, row, pick } of shown) {
      const chosen = isChosen(pair);
      row.classList.toggle("wb-chosen", chosen);
      pick.setAttribute("aria-pressed", String(chosen));
      pick.textContent = chosen ? "Selected" : "Select";
    }
  }

  // Gestures: arrows go from row to row, Enter is the button's own, Esc clears.
  body.addEventListener("keydown", (event) => {
    const i = shown.findIndex(({ pick }) => pick === event.target), next = i < 0 ? -1 : arrowTarget(event, i, shown.length);
    if (next < 0) return;
    event.preventDefault();
    shown[next].pick.focus();
  });
  stage.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selected().length) clear();
  });

  view.onClose(store.subscribe((keys) => {
    if (keys.includes("run")) fill();
    else if (keys.includes("selection")) mark();
  }));
  fill();
  return view.close;
}

export default { render };
