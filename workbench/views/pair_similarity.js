// Genuine and impostor cosines of each run, one threshold, and the error rates that it makes.

const PLOT = { height: 120, gap: 44, line: 16, left: 8, right: 8, axis: 36 };
const SHOWN_BINS = 200, FEWEST_BINS = 40;
const Z95 = 1.959963984540054;
const RATES = {
  far: ["FAR", "impostors accepted"], frr: ["FRR", "genuine rejected"], tar: ["TAR", "genuine accepted"],
  centre: ["Class FAR", "other centres accepted"],
};
const NUMBERS = {
  eer: ["EER", "FAR and FRR equal"], dPrime: ["d′", "means apart, in deviations"],
  gap: ["Gap", "least genuine less largest impostor"], centre: ["Nearest wrong centre", "largest cosine"],
};
const KINDS = { centre: "other centres", impostor: "impostor", genuine: "genuine" };

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const runs = header.runs.map(({ name, numbers }, i) => ({
    name, numbers, genuine: countsOf(blocks, "genuine", i), impostor: countsOf(blocks, "impostor", i), centre: countsOf(blocks, "centre", i),
  }));
  const withCentres = runs.some(({ centre }) => centre), gapAbove = PLOT.gap + (withCentres ? PLOT.line : 0);
  const bins = blocks.genuine0.values.length;
  const start = equalErrorEdge(runs[0]);
  let logarithmic = false;

  // The last bin holds cosine 1 itself, so the last threshold that is exact is where it begins.
  const edgeAt = (cosine) => Math.max(0, Math.min(bins - 1, Math.round(((cosine + 1) / 2) * bins)));
  const edge = () => {
    const t = store.state.threshold;
    return t === null ? start : edgeAt(t);
  };
  const cosineAt = (e) => -1 + (2 * e) / bins;
  const choose = (cosine, commit) => store.set({ threshold: cosineAt(edgeAt(cosine)) }, { commit });

  // The page.
  const plot = svg("svg", { class: "wb-plot", role: "img" });
  const threshold = slider({
    name: "Threshold", min: -1, max: cosineAt(bins - 1), step: 2 / bins, value: cosineAt(start), show: cosineText,
    oninput: () => choose(Number(threshold.input.value), false),
    onchange: () => { choose(Number(threshold.input.value), true); view.announce(spoken()); },
  });
  const scale = button("Log scale", () => {
    logarithmic = !logarithmic;
    scale.setAttribute("aria-pressed", String(logarithmic));
    draw();
  }, { "aria-pressed": "false" });
  const rates = element("tbody");
  const operating = operatingPlot(runs.map((run, i) => ({ ...header.runs[i], ...sharesOf(run) })), (e, commit) => choose(cosineAt(e), commit));
  const curve = select({
    name: "Curve", value: "DET", options: [["DET", "DET"], ["ROC", "ROC"]],
    onchange: (kind) => { operating.show(kind); draw(); },
  });
  const aside = element("div", { class: "wb-aside" }, curve.row, operating.plot, operating.legend);
  const data = dataDisclosure({
    columns: ["threshold", ...runs.flatMap(({ name, centre }) => [`FAR ${name}`, `FRR ${name}`, `TAR ${name}`, ...(centre ? [`class FAR ${name}`] : [])])],
    content: tableRows,
    file: "pair-similarity.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, threshold.row, scale),
    plot,
    element("div", { class: "wb-split" },
      element("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": "Error rates" }, element(
        "table",
        { class: "wb-table wb-rates" },
        element("thead", {}, element("tr", {}, element("td"), ...runs.map(({ name }) => element("th", { scope: "col" }, name)))),
        rates, fixedNumbers(),
      )), aside),
    data.details,
    view.voice,
  );

  function errorRates(run, e) {
    const accepted = (counts) => rate(counts.from[e], counts.total, counts.half?.[e]), { genuine } = run;
    return {
      far: accepted(run.impostor), frr: rate(genuine.total - genuine.from[e], genuine.total, genuine.half?.[e]),
      tar: accepted(genuine), ...(run.centre ? { centre: accepted(run.centre) } : {}),
    };
  }

  function tableRows() {
    return Array.from({ length: 21 }, (_, i) => {
      const e = edgeAt(-1 + i / 10);
      return [cosineText(cosineAt(e)), ...runs.flatMap((run) => Object.values(errorRates(run, e)).map(({ part }) => part.toPrecision(4)))];
    });
  }

  /** What no threshold changes, a row for each number that some run has. */
  function fixedNumbers() {
    const rows = Object.entries(NUMBERS).filter(([key]) => runs.some(({ numbers }) => numbers?.[key]));
    return element("tbody", {}, ...rows.map(([key, words]) => element("tr", {}, rowHead(words), ...runs.map(({ numbers }) => {
      const { value, lines } = numbers[key] ?? { value: "–", lines: [] };
      return cell(value, lines);
    }))));
  }

  function spoken() {
    return runs.map((run) => {
      const { far, frr } = errorRates(run, edge());
      return `${run.name}: FAR ${percent(far.part)}, FRR ${percent(frr.part)}`;
    }).join("; ");
  }

  // Drawing.
  let tail = null;

  function draw() {
    const width = stage.clientWidth;
    if (width === 0) return;
    const height = runs.length * (PLOT.height + gapAbove) + PLOT.axis;
    const x = (cosine) => PLOT.left + ((cosine + 1) / 2) * (width - PLOT.left - PLOT.right);
    plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    plot.setAttribute("height", height);
    const curves = runs.map((run) => Object.fromEntries(Object.keys(KINDS).filter((kind) => run[kind]).map((kind) => [kind, density(run[kind])])));
    const scales = logarithmic ? logScales(curves) : peakScales(curves);
    tail = tailClips(x, height);
    plot.classList.toggle("wb-log", logarithmic);
    plot.replaceChildren(tail.definitions, ...curves.map((curve, i) => drawRun(runs[i].name, curve, i, x, scales[i])), axis(x, height), tail.line);
    operating.draw(aside.clientWidth);
    update();
  }

  function drawRun(name, curve, i, x, scale) {
    const base = (i + 1) * (PLOT.height + gapAbove), top = base - PLOT.height;
    const group = svg("g", {}, svg("text", { x: PLOT.left, y: top - gapAbove + 18, class: "wb-plot-run" }, name));
    for (const kind of Object.keys(curve)) {
      const y = (value) => base - PLOT.height * scale[kind](value);
      const points = curve[kind].map(([cosine, value]) => `${x(cosine).toFixed(1)},${y(value).toFixed(1)}`).join(" L");
      const area = `M${x(-1)},${base} L${points} L${x(1)},${base} Z`, clip = `url(#${tail.ids[kind]})`;
      const [cosine, value] = curve[kind].reduce((best, point) => (point[1] > best[1] ? point : best));
      if (kind === "centre") group.append(svg("path", { d: `M${points}`, class: "wb-curve wb-centre" }), directLabel(kind, x(cosine), y(value) - 8 - PLOT.line, x));
      else group.append(
        svg("path", { d: area, class: `wb-area wb-${kind}` }),
        svg("path", { d: area, class: `wb-tail wb-${kind}`, "clip-path": clip }),
        svg("path", { d: `M${points}`, class: `wb-curve wb-${kind}` }),
        svg("path", { d: `M${points}`, class: `wb-curve wb-tail-curve wb-${kind}`, "clip-path": clip }),
        directLabel(kind, x(cosine), y(value) - 8, x),
      );
    }
    const decades = scale.decades.map(([exponent, height]) => svg("text", { x: x(1), y: base - PLOT.height * height + 4, class: "wb-tick", "text-anchor": "end" }, `10${superscript(exponent)}`));
    group.append(svg("line", { x1: x(-1), x2: x(1), y1: base, y2: base, class: "wb-line" }), ...decades);
    return group;
  }

  /** The kind's name above its peak: impostors to the left of it, genuine to the right. */
  function directLabel(kind, left, bottom, x) {
    const side = kind === "genuine" ? 1 : -1, room = kind === "centre" ? 110 : 74;
    const at = Math.max(x(-1) + room, Math.min(x(1) - 74, left));
    const mark = kind === "centre"
      ? svg("line", { x1: at - 18, x2: at + 2, y1: bottom - 4, y2: bottom - 4, class: "wb-curve wb-centre" })
      : svg("rect", { x: at + (side < 0 ? -9 : 0), y: bottom - 9, width: 9, height: 9, class: `wb-swatch wb-${kind}` });
    return svg("g", {}, mark, svg("text", { x: at + side * (kind === "centre" ? 24 : 14), y: bottom, "text-anchor": side < 0 ? "end" : "start" }, KINDS[kind]));
  }

  /** The parts judged wrongly: genuine left of the threshold, impostor from it on. */
  function tailClips(x, height) {
    const ids = { genuine: uniqueId("below"), impostor: uniqueId("above") };
    const below = svg("rect", { x: 0, y: 0, height }), above = svg("rect", { y: 0, height, width: 2 * x(1) });
    const mark = svg("line", { y1: 8, y2: height - PLOT.axis, class: "wb-threshold" });
    const text = svg("text", { y: height - PLOT.axis + 30, "text-anchor": "middle", class: "wb-plot-value" });
    return {
      ids, line: svg("g", {}, mark, text),
      definitions: svg("defs", {}, svg("clipPath", { id: ids.genuine }, below), svg("clipPath", { id: ids.impostor }, above)),
      move(cosine) {
        const at = x(cosine);
        below.setAttribute("width", at);
        above.setAttribute("x", at);
        for (const end of ["x1", "x2"]) mark.setAttribute(end, at);
        text.setAttribute("x", Math.max(x(-1) + 50, Math.min(x(1) - 50, at)));
        text.textContent = `threshold ${cosineText(cosine)}`;
      },
    };
  }

  function axis(x, height) {
    const y = height - PLOT.axis;
    const ticks = [-1, -0.5, 0, 0.5, 1].map((cosine) => svg("text", {
      x: x(cosine), y: y + 14, class: "wb-tick", "text-anchor": cosine === -1 ? "start" : cosine === 1 ? "end" : "middle",
    }, cosine === 0 ? "cosine 0" : String(cosine).replace("-", "−")));
    return svg("g", {}, ...ticks);
  }

  function update() {
    const e = edge();
    threshold.set(cosineAt(e));
    tail?.move(cosineAt(e));
    operating.update(e);
    const all = runs.map((run) => errorRates(run, e));
    const shown = Object.entries(RATES).filter(([key]) => all.some((r) => r[key]));
    rates.replaceChildren(...shown.map(([key, words]) => element("tr", {},
      rowHead(words), ...all.map((r) => (r[key] ? rateCell(r[key]) : cell("–", []))))));
    plot.setAttribute("aria-label", `${header.summary} Threshold ${cosineText(cosineAt(e))}. ${spoken()}.`);
  }

  // Gestures.
  const fromPointer = (event, commit) => {
    const box = plot.getBoundingClientRect();
    choose(Math.max(-1, Math.min(1, (2 * (event.clientX - box.left - PLOT.left)) / (box.width - PLOT.left - PLOT.right) - 1)), commit);
  };
  onDrag(plot, fromPointer);

  view.onClose(store.subscribe((changed) => changed.includes("threshold") && update()));
  const resized = new ResizeObserver(draw);
  resized.observe(stage);
  view.onClose(() => resized.disconnect());
  draw();
  return view.close;
}

/** Counts per bin, their sum from each edge upwards, and in all; half the jackknife's interval, if known. */
function countsOf(blocks, kind, i) {
  if (!(`${kind}${i}` in blocks)) return null;
  const perBin = blocks[`${kind}${i}`].values, half = blocks[`${kind}Half${i}`]?.values;
  const from = new Float64Array(perBin.length + 1);
  for (let b = perBin.length - 1; b >= 0; b--) from[b] = from[b + 1] + perBin[b];
  return { perBin, from, total: from[0], half };
}

/** FAR and FRR at every edge, and how many pairs they are shares of. */
function sharesOf({ genuine, impostor }) {
  const share = ({ from, perBin, total }) => Array.from(perBin, (_, e) => (total ? from[e] / total : NaN));
  return { far: share(impostor), frr: share(genuine).map((tar) => 1 - tar), totals: [impostor.total, genuine.total] };
}

/** The edge where the false acceptances and the false rejections are nearest to equal. */
function equalErrorEdge({ genuine, impostor }) {
  let best = 0, nearest = Infinity;
  for (let e = 0; e < genuine.perBin.length; e++) {
    const distance = Math.abs(impostor.from[e] / (impostor.total || 1) - 1 + genuine.from[e] / (genuine.total || 1));
    if (distance < nearest) [best, nearest] = [e, distance];
  }
  return best;
}

/** A part of a total with Wilson's 95 % interval, or the part -+ `half` where that is wider. */
function rate(count, total, half = 0) {
  if (total === 0) return { count, total, part: NaN, low: NaN, high: NaN };
  const part = count / total, square = (Z95 * Z95) / total;
  const middle = (part + square / 2) / (1 + square);
  const reach = (Z95 / (1 + square)) * Math.sqrt((part * (1 - part)) / total + square / (4 * total));
  return {
    count, total, part, low: Math.max(0, Math.min(middle - reach, part - half)), high: Math.min(1, Math.max(middle + reach, part + half)),
  };
}

/** Middle of each shown bin and the density there, per unit of cosine: the fewer pairs, the wider the bins. */
function density({ perBin, total }) {
  const shown = Math.max(FEWEST_BINS, Math.min(SHOWN_BINS, Math.sqrt(total)));
  const size = Math.ceil(perBin.length / shown), width = 2 / perBin.length, points = [];
  for (let b = 0; b < perBin.length; b += size) {
    const part = perBin.subarray(b, b + size);
    points.push([-1 + width * (b + part.length / 2), part.reduce((a, c) => a + c, 0) / (total || 1) / (width * part.length)]);
  }
  return points;
}

/** Heights in [0, 1], each curve to its own peak: the filled part of a curve is then its part of the pairs. */
function peakScales(curves) {
  const toPeak = (points) => {
    const most = Math.max(...points.map(([, value]) => value), Number.MIN_VALUE);
    return (value) => value / most;
  };
  return curves.map((curve) => ({ ...Object.fromEntries(Object.entries(curve).map(([kind, points]) => [kind, toPeak(points)])), decades: [] }));
}

/** Heights in [0, 1] on one logarithmic scale for all curves; 0 stands at the bottom, below the least. */
function logScales(curves) {
  const values = curves.flatMap((curve) => Object.values(curve).flat()).map(([, v]) => v).filter((v) => v > 0);
  const most = Math.log10(Math.max(...values, 1)), least = Math.log10(Math.min(...values, 0.1)) - 0.3;
  const height = (value) => (value > 0 ? (Math.log10(value) - least) / (most - least) : 0);
  const step = Math.ceil((most - least) / 4), decades = [];
  for (let e = Math.ceil(least / step) * step; e <= most; e += step) decades.push([e, height(10 ** e)]);
  return curves.map(() => ({ genuine: height, impostor: height, centre: height, decades }));
}

function superscript(number) {
  return [...String(number)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
}

function cosineText(cosine) {
  return cosine.toFixed(3).replace("-", "−");
}

function percent(part) {
  return Number.isNaN(part) ? "–" : part === 0 ? "0 %" : `${significant(100 * part)} %`;
}

function significant(number) {
  return number >= 99.95 && number < 100 ? number.toPrecision(5) : number === 100 ? "100" : number.toPrecision(3);
}

function rateCell({ count, total, part, low, high }) {
  const lines = total === 0 ? ["no pairs"] : [`${significant(100 * low)} to ${percent(high)}`, `${grouped(count)} of ${grouped(total)}`];
  return cell(percent(part), lines);
}

function cell(value, lines) {
  return element("td", {}, element("span", { class: "wb-rate" }, value), ...lines.map((line) => element("span", { class: "wb-interval" }, line)));
}

function rowHead([short, meaning]) {
  return element("th", { scope: "row" }, element("b", {}, short), element("span", { class: "wb-interval" }, meaning));
}

export default { render };
