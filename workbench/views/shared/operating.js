// The operating curves of runs, FAR against FRR (DET) or TAR (ROC), with a point where the threshold stands.

const OPERATING = { height: 240, left: 60, right: 14, top: 24, bottom: 40 };
const DASH_ARRAYS = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3", longdash: "11 4", longdashdot: "11 3 2 3" };

/** `runs` have name, colour, dash, and far and frr at every edge; `onpick(edge, commit)` is told where a pointer goes. */
function operatingPlot(runs, onpick) {
  const plot = svg("svg", { class: "wb-plot wb-operating", role: "img" });
  const cursor = svg("g");
  let kind = "DET", place = null;
  const least = Math.min(...runs.map(({ totals }) => 1 / Math.max(1, ...totals)), 0.1);
  const decades = Math.max(1, Math.ceil(-Math.log10(least) - 1e-9));

  /** A rate in [0, 1] as a part of a logarithmic axis; what is below its end stands at the end. */
  const onLog = (rate) => Math.max(0, 1 + Math.log10(Math.max(rate, 10 ** -decades)) / decades);
  const height = (run, e) => (kind === "DET" ? onLog(run.frr[e]) : 1 - run.frr[e]);

  function draw(width) {
    if (width === 0) return;
    const { left, right, top, bottom } = OPERATING, base = top + OPERATING.height;
    const x = (part) => left + part * (width - left - right), y = (part) => base - part * OPERATING.height;
    place = { x, y, width };
    plot.setAttribute("viewBox", `0 0 ${width} ${base + bottom}`);
    plot.setAttribute("height", base + bottom);
    plot.replaceChildren(...frame(x, y, base), ...runs.map((run) => svg("path", {
      d: path(run, x, y), class: "wb-operating-curve", stroke: run.colour, "stroke-dasharray": DASH_ARRAYS[run.dash],
    })), cursor);
  }

  function frame(x, y, base) {
    const step = Math.ceil(decades / 4), powers = Array.from({ length: Math.floor(decades / step) + 1 }, (_, i) => i * step);
    const far = powers.map((p) => svg("text", { x: x(1 - p / decades), y: base + 16, class: "wb-tick", "text-anchor": p === 0 ? "end" : "middle" }, shareText(10 ** -p)));
    const heights = kind === "DET" ? powers.map((p) => [10 ** -p, 1 - p / decades]) : [0, 0.25, 0.5, 0.75, 1].map((v) => [v, v]);
    const side = heights.map(([rate, part]) => svg("text", { x: OPERATING.left - 6, y: y(part) + 4, class: "wb-tick", "text-anchor": "end" }, shareText(rate)));
    const equal = kind === "DET" ? [svg("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "wb-line", "stroke-dasharray": "2 3" })] : [];
    return [
      svg("line", { x1: x(0), x2: x(1), y1: base, y2: base, class: "wb-line" }), svg("line", { x1: x(0), x2: x(0), y1: y(0), y2: y(1), class: "wb-line" }),
      ...equal, ...far, ...side,
      svg("text", { x: x(1), y: base + 34, class: "wb-tick", "text-anchor": "end" }, "FAR: impostors accepted"),
      svg("text", { x: 0, y: 12, class: "wb-tick" }, kind === "DET" ? "FRR: genuine rejected" : "TAR: genuine accepted"),
    ];
  }

  /** The staircase's corners, each once, without the thresholds where nothing is left to see. */
  function path(run, x, y) {
    let text = "", before = "";
    for (let e = 0; e < run.far.length; e++) {
      if (Number.isNaN(run.far[e] + run.frr[e])) continue;
      const point = `${x(onLog(run.far[e])).toFixed(1)},${y(height(run, e)).toFixed(1)}`;
      if (point !== before) text += `${text ? " L" : "M"}${point}`;
      before = point;
    }
    return text || "M0,0";
  }

  /** Put each run's point where the threshold's edge is. */
  function update(e) {
    if (!place) return;
    cursor.replaceChildren(...runs.filter((run) => !Number.isNaN(run.far[e] + run.frr[e])).map((run) => svg("circle", {
      cx: place.x(onLog(run.far[e])), cy: place.y(height(run, e)), r: 5.5, fill: run.colour, class: "wb-operating-point",
    })));
    plot.setAttribute("aria-label", `${kind} curve, ${runs.map(({ name, far, frr }) => `${name}: FAR ${shareText(far[e])}, `
      + `${kind === "DET" ? `FRR ${shareText(frr[e])}` : `TAR ${shareText(1 - frr[e])}`}`).join("; ")}.`);
  }

  /** The lowest threshold whose FAR, in the first run, is at most what the pointer shows. */
  function pick(event, commit) {
    const box = plot.getBoundingClientRect(), { left, right } = OPERATING;
    const part = (event.clientX - box.left - left) / (box.width - left - right);
    const far = 10 ** (-decades * (1 - Math.max(0, Math.min(1, part))));
    const e = runs[0].far.findIndex((rate) => rate <= far * (1 + 1e-9));
    onpick(e < 0 ? runs[0].far.length - 1 : e, commit);
  }
  onDrag(plot, pick);

  const legend = runs.length < 2 ? null : element("ul", { class: "wb-operating-legend" }, ...runs.map(({ name, colour, dash }) => element("li", {},
    svg("svg", { viewBox: "0 0 28 8", width: 28, height: 8, "aria-hidden": "true" },
      svg("line", { x1: 0, x2: 28, y1: 4, y2: 4, stroke: colour, "stroke-width": 2, "stroke-dasharray": DASH_ARRAYS[dash] })), name)));
  return { plot, legend, draw, update, show: (name) => { kind = name; } };
}
