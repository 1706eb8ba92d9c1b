// What was recorded at each epoch: one small plot for each number, one cursor through all, at the page's epoch.

const RECORD = { height: 96, top: 10, bottom: 22, left: 46, right: 10 };

function render(context) {
  const view = openView(context);
  const { model, store, stage } = view;
  let { header, runs, epochs } = contentOf(view);
  let width = 0;

  // The cursor: the page's epoch, or the last one recorded.
  const chosen = () => {
    const { epoch } = store.state;
    if (epoch === null || !epochs.length) return epochs.length - 1;
    const away = epochs.map((e) => Math.abs(e - epoch));
    return away.indexOf(Math.min(...away));
  };
  const goTo = (i, commit) => {
    if (epochs.length) store.set({ epoch: epochs[Math.max(0, Math.min(epochs.length - 1, i))] }, { commit });
  };

  // The page.
  const bar = element("progress", { "aria-label": "Steps done", class: "wb-progress" });
  const state = element("p", { class: "wb-state" });
  const standing = element("div", { class: "wb-standing" }, bar, state);
  const cursor = slider({
    name: "Epoch", min: 0, max: 0, step: 1, value: 0, show: (i) => (epochs.length ? `${epochs[i]} of ${header.epochs}` : "none yet"),
    oninput: () => goTo(Number(cursor.input.value), false),
    onchange: () => { goTo(Number(cursor.input.value), true); view.announce(spoken()); },
  });
  const legend = element("div", { class: "wb-legend" });
  const plots = element("div", { class: "wb-records" });
  const notes = element("div");
  const data = dataDisclosure({
    columns: ["run", "epoch", ...METRIC_TITLES.map(([, title]) => title)], content: tableRows, file: "training-record.csv",
  });
  const controls = element("div", { class: "wb-controls" }, cursor.row);
  stage.append(standing, controls, legend, plots, notes, data.details, view.voice);
  let cells = [];

  function tableRows() {
    return runs.flatMap((run) => run.epochs.map((epoch, t) => [
      run.name, epoch, ...METRIC_TITLES.map(([key]) => (Number.isFinite(run.values[key]?.[t]) ? Number(run.values[key][t].toPrecision(6)) : "")),
    ]));
  }

  const at = (run, key, epoch) => run.values[key][run.epochs.indexOf(epoch)] ?? NaN;
  const reading = (run, metric, epoch) => `${numberText(at(run, metric.key, epoch))}${metric.unit}`;
  const named = (run, text) => (runs.length > 1 ? `${run.name} ${text}` : text);
  const readings = (metric, epoch) => runs.map((run) => named(run, reading(run, metric, epoch))).join(", ");

  function spoken() {
    if (!epochs.length) return "No epoch is finished.";
    const epoch = epochs[chosen()];
    return `Epoch ${epoch}: ${header.metrics.map((m) => `${m.title} ${readings(m, epoch)}`).join("; ")}`;
  }

  // Drawing.
  /** Everything anew: another record has come, or another width. */
  function draw() {
    width = plots.clientWidth;
    if (width === 0) return;
    showProgress();
    cursor.input.max = Math.max(0, epochs.length - 1);
    controls.hidden = !epochs.length;
    legend.replaceChildren(...(runs.length > 1 ? runs.map(runEntry) : []));
    const drawn = header.margins.some(Boolean);
    cells = header.metrics.map(makeCell);
    plots.classList.toggle("wb-many", runs.length > 1);
    const margins = drawn ? marginCell() : null;
    plots.replaceChildren(...cells.map(({ node }) => node), ...(margins ? [margins.node] : []));
    notes.replaceChildren(...header.notes.map((note) => element("p", { class: "wb-note" }, note)));
    cells.forEach(drawCell);
    margins?.draw();
    update();
  }

  function runEntry(run) {
    return element("span", { class: "wb-chip wb-still" }, runMark(run), run.name);
  }

  function runMark({ colour, dash }) {
    const style = { stroke: colour, "stroke-width": 2.5, "stroke-dasharray": DASH_ARRAYS[dash] };
    return svg("svg", { width: 24, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 24, y1: 5, y2: 5, ...style }));
  }

  /** One text for each run, behind its mark where there are several. */
  function marked(texts) {
    return texts.map(([run, text]) => element("span", { class: "wb-record-reading" }, runs.length > 1 ? runMark(run) : null, text));
  }

  function makeCell(metric) {
    const value = element("span", { class: "wb-record-value" });
    const plot = svg("svg", { class: "wb-plot", role: "img", height: RECORD.height + RECORD.top + RECORD.bottom });
    const node = element("section", { class: "wb-record", "aria-label": metric.title },
      element("p", { class: "wb-record-name" }, element("span", {}, metric.title), value), plot);
    listen(plot);
    return { metric, value, plot, node };
  }

  function drawCell(cell) {
    const { metric, plot } = cell, wide = plot.clientWidth || 240;
    const base = RECORD.top + RECORD.height, [low, high] = rangeOf(metric);
    const x = (epoch) => RECORD.left + (epoch / header.epochs) * (wide - RECORD.left - RECORD.right);
    const y = (number) => base - ((number - low) / (high - low)) * RECORD.height;
    cell.x = x;
    cell.y = y;
    plot.setAttribute("viewBox", `0 0 ${wide} ${base + RECORD.bottom}`);
    cell.mark = svg("line", { y1: RECORD.top - 4, y2: base, class: "wb-threshold" });
    cell.dots = runs.map((run) => svg("circle", { r: 4, fill: run.colour, class: "wb-record-dot" }));
    plot.replaceChildren(
      svg("line", { x1: RECORD.left, x2: wide - RECORD.right, y1: base, y2: base, class: "wb-line" }),
      ...[high, low].map((number) => svg("text", { x: RECORD.left - 6, y: y(number) + 4, class: "wb-tick", "text-anchor": "end" }, `${numberText(number)}${metric.unit}`)),
      ...[0, header.epochs].map((epoch) => svg("text", { x: x(epoch), y: base + 16, class: "wb-tick", "text-anchor": epoch ? "end" : "start" }, epoch ? `epoch ${epoch}` : "0")),
      ...runs.map((run) => svg("path", {
        d: pathOf(run.epochs, run.values[metric.key], x, y), class: "wb-record-curve", stroke: run.colour, "stroke-dasharray": DASH_ARRAYS[run.dash],
      })),
      cell.mark, ...cell.dots,
    );
  }

  /** The meaningful bounds where a number has them; else 0 and the highest value, rounded up. */
  function rangeOf({ key, low, high }) {
    const values = runs.flatMap((run) => [...run.values[key]]).filter(Number.isFinite);
    const most = Math.max(...values, -Infinity), least = Math.min(...values, Infinity);
    const top = high ?? (most > 0 ? roundedUp(most) : 1);
    return [low ?? (least < 0 ? -roundedUp(-least) : 0), top];
  }

  /** The margins of one epoch. Two units have no common axis: then those of the first are drawn, and all are said. */
  function marginCell() {
    const shown = runs.map((run, i) => ({ run, told: header.margins[i] })).filter(({ told }) => told);
    const text = shown.map(({ run, told }) => named(run, marginText(told))).join("; ");
    const plot = svg("svg", { class: "wb-plot wb-still", role: "img", height: RECORD.height + RECORD.top + RECORD.bottom, "aria-label": `Margins of one epoch: ${text}` });
    const value = element("span", { class: "wb-record-value" }, ...marked(shown.map(({ run, told }) => [run, marginText(told)])));
    const node = element("section", { class: "wb-record", "aria-label": "Margins" },
      element("p", { class: "wb-record-name" }, element("span", {}, "Margins of one epoch"), value), plot);
    const { unit } = shown[0].told, alike = shown.filter(({ told }) => told.unit === unit);
    let low = Math.min(...alike.map(({ told }) => told.low)), high = Math.max(...alike.map(({ told }) => told.high));
    if (high - low < 1e-6) [low, high] = [Math.min(0, 2 * low), Math.max(2 * high, 1e-3)];
    function draw() {
      const wide = plot.clientWidth || 240, base = RECORD.top + RECORD.height;
      const x = (margin) => RECORD.left + ((margin - low) / (high - low)) * (wide - RECORD.left - RECORD.right);
      plot.setAttribute("viewBox", `0 0 ${wide} ${base + RECORD.bottom}`);
      plot.replaceChildren(
        svg("line", { x1: RECORD.left, x2: wide - RECORD.right, y1: base, y2: base, class: "wb-line" }),
        ...[low, high].map((margin) => svg("text", { x: x(margin), y: base + 16, class: "wb-tick", "text-anchor": margin === high ? "end" : "start" }, `${numberText(margin)}${unit}`)),
        ...alike.map(({ run, told }) => marginShape(run, told, x, base)),
      );
    }
    return { node, draw };
  }

  function marginShape(run, told, x, base) {
    const { colour, margins: counts } = run;
    if (told.fixed) return svg("line", { x1: x(told.mean), x2: x(told.mean), y1: RECORD.top, y2: base, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": DASH_ARRAYS[run.dash] });
    const most = Math.max(...counts), size = (told.high - told.low) / counts.length;
    const steps = Array.from(counts, (count, b) => `V${(base - (RECORD.height * count) / most).toFixed(1)} H${x(told.low + (b + 1) * size).toFixed(1)}`);
    return svg("path", { d: `M${x(told.low)},${base} ${steps.join(" ")} V${base} Z`, fill: colour, "fill-opacity": 0.25, stroke: colour, "stroke-width": 1.5 });
  }

  /** What changes with the cursor alone. */
  function update() {
    const i = chosen(), epoch = epochs[i];
    if (epochs.length) cursor.set(i);
    for (const { metric, value, plot, mark, dots, x, y } of cells) {
      if (!x) continue;
      value.replaceChildren(...(epochs.length ? marked(runs.map((run) => [run, reading(run, metric, epoch)])) : []));
      for (const end of ["x1", "x2"]) mark.setAttribute(end, x(epoch ?? 0));
      mark.toggleAttribute("hidden", !epochs.length);
      dots.forEach((dot, k) => {
        const number = epochs.length ? at(runs[k], metric.key, epoch) : NaN, here = Number.isFinite(number);
        dot.toggleAttribute("hidden", !here);
        if (here) { dot.setAttribute("cx", x(epoch)); dot.setAttribute("cy", y(number)); }
      });
      plot.setAttribute("aria-label", epochs.length ? `${metric.title}, epoch ${epoch}: ${readings(metric, epoch)}` : `${metric.title}: nothing recorded yet`);
    }
  }

  let said = null;
  function showProgress() {
    const { progress } = header;
    standing.hidden = !progress;
    if (!progress) return;
    bar.max = Math.max(1, progress.total);
    bar.value = progress.done;
    state.textContent = progress.sentence;
    standing.dataset.state = progress.state;
    if (said !== null && said !== progress.state) view.announce(progress.sentence);
    said = progress.state;
  }

  // Gestures: a press or a drag on any plot moves the cursor.
  function listen(plot) {
    const pick = (event, commit) => {
      const box = plot.getBoundingClientRect();
      const part = (event.clientX - box.left - RECORD.left) / (box.width - RECORD.left - RECORD.right);
      const away = epochs.map((epoch) => Math.abs(epoch - part * header.epochs));
      goTo(away.indexOf(Math.min(...away)), commit);
    };
    onDrag(plot, pick);
  }

  // While it is live the whole record comes again with each change; it is small.
  const grow = () => {
    ({ header, runs, epochs } = contentOf(decodePayload(model.get("payload"))));
    draw();
    data.update();
  };
  model.on("change:payload", grow);
  view.onClose(() => model.off("change:payload", grow));
  view.onClose(store.subscribe((changed) => changed.includes("epoch") && update()));
  const resized = new ResizeObserver(() => plots.clientWidth !== width && draw());
  resized.observe(stage);
  view.onClose(() => resized.disconnect());
  draw();
  return view.close;
}

const METRIC_TITLES = [
  ["loss", "loss"], ["accuracy", "accuracy (%)"], ["angle", "angle to own centre (deg)"], ["grad_norm", "gradient norm"],
  ["norm", "feature norm"], ["alignment", "alignment"], ["uniformity", "uniformity"], ["lr", "learning rate"],
];

function contentOf({ header, blocks }) {
  const runs = header.runs.map((run, i) => ({
    ...run, epochs: [...blocks[`epoch${i}`].values], margins: blocks[`margins${i}`]?.values,
    values: Object.fromEntries(header.metrics.map(({ key }) => [key, blocks[`${key}${i}`].values])),
  }));
  return { header, runs, epochs: [...new Set(runs.flatMap((run) => run.epochs))].sort((a, b) => a - b) };
}

/** A line with holes where there is no number; a number between two holes is a dot. */
function pathOf(epochs, values, x, y) {
  const known = (t) => Number.isFinite(values[t]);
  return epochs.map((epoch, t) => {
    if (!known(t)) return "";
    const place = `${x(epoch).toFixed(1)},${y(values[t]).toFixed(1)}`;
    return known(t - 1) ? `L${place}` : known(t + 1) ? `M${place}` : `M${place} h0.01`;
  }).join(" ");
}

/** The least of 1, 2, 2.5, 5 times a power of ten that is no smaller. */
function roundedUp(number) {
  const ten = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 2.5, 5, 10].map((step) => step * ten).find((step) => step >= number * (1 - 1e-9));
}

function numberText(number) {
  if (!Number.isFinite(number)) return "–";
  const size = Math.abs(number), text = size !== 0 && (size < 1e-3 || size >= 1e5) ? number.toExponential(1) : String(Number(number.toPrecision(3)));
  return text.replaceAll("-", "−");
}

function marginText({ mean, std, unit, fixed }) {
  return fixed ? `${numberText(mean)}${unit}, fixed` : `mean ${numberText(mean)}${unit}, std ${numberText(std)}${unit}`;
}

export default { render };
