// Two hills on one axis of angles for each run: to the own centre, and to the nearest other; or one, of how much nearer
// the own centre is. One epoch, one class.

const HILLS = { height: 150, top: 46, bottom: 26, side: 6 };
const SIDES = { own: "own centre", other: "nearest other", gap: "margin" };
// What is shown: which hills, from where to where, how wide a bin is, and at which angles there are ticks.
const ANGLES = { sides: ["other", "own"], low: 0, bin: "2°", ticks: [0, 45, 90, 135, 180], few: [0, 90, 180] };
const BETWEEN = { sides: ["gap"], low: -180, bin: "4°", ticks: [-180, -90, 0, 90, 180], few: [-180, 0, 180] };

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { steps, classes } = header, sizes = blocks.sizes.values;
  const part = (block) => (t, g) => (block ? block.values[t * block.shape[1] + g] : NaN);
  const runs = header.runs.map(({ name, asked }, i) => ({
    name,
    asked,
    ...Object.fromEntries(Object.keys(SIDES).map((side) => {
      const median = part(blocks[`${side}Median${i}`]);
      return [side, hillsOf(blocks[`${side}${i}`], median)];
    })),
    nearer: part(blocks[`nearer${i}`]),
    kept: part(blocks[`kept${i}`]),
  }));
  let logarithmic = false, tallest = null, shown = ANGLES;

  // Group 0 holds all samples, group k + 1 those of class k.
  const group = () => {
    const chosen = store.state.focusClass;
    return header.byClass && chosen !== null && chosen >= 0 && chosen < classes.length ? chosen + 1 : 0;
  };
  const className = (g) => (g ? `class ${classes[g - 1].name}` : "all classes");
  const numbers = (run, t, g) => {
    const own = run.own.shares(t, g), other = run.other.shares(t, g);
    const overlap = own && other ? own.reduce((sum, p, b) => sum + Math.min(p, other[b]), 0) : NaN;
    const [gap, nearer, kept] = [run.gap.median(t, g), run.nearer(t, g), run.kept(t, g)];
    return { own: run.own.median(t, g), other: run.other.median(t, g), overlap, gap, nearer, kept };
  };

  // The page.
  const player = epochControl(view, steps, { changed: draw, moved() {} });
  const chooser = select({
    name: "Class", value: String(group() - 1),
    onchange: (k) => { store.set({ focusClass: Number(k) }); view.announce(spoken()); },
    options: [["-1", "all classes"], ...classes.map(({ name }, k) => [String(k), `class ${name}`])],
  });
  const what = select({
    name: "Show", value: "angles", options: [["angles", "both angles"], ["margin", "the margin"]],
    onchange(value) {
      shown = value === "margin" ? BETWEEN : ANGLES;
      tallest = null;
      draw();
      view.announce(spoken());
    },
  });
  const scale = button("Log scale", () => {
    logarithmic = !logarithmic;
    scale.setAttribute("aria-pressed", String(logarithmic));
    draw();
  }, { "aria-pressed": "false" });
  const panels = runs.map((run) => {
    const plot = svg("svg", { class: "wb-plot wb-hills", role: "img" }), reading = element("p", { class: "wb-reading" });
    const node = element("section", { class: "wb-panel", "aria-label": run.name }, element("p", { class: "wb-run" }, run.name), plot, reading);
    return { run, plot, reading, node };
  });
  const data = dataDisclosure({
    columns: ["run", "epoch", "class", "samples", "median angle to own centre (deg)", "median angle to nearest other (deg)", "overlap",
      "median margin (deg)", "own centre nearer", "margin kept"],
    content: tableRows,
    file: "angle-distributions.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, ...player.nodes, what.row, header.byClass ? chooser.row : null, scale),
    element("div", { class: `wb-panels wb-panels-${panels.length}` }, ...panels.map(({ node }) => node)),
    ...header.notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  const samplesIn = (g) => (g ? sizes[g - 1] : sizes.reduce((a, b) => a + b, 0));

  function tableRows() {
    const t = player.snapshot(), text = (number, digits) => (Number.isNaN(number) ? "" : number.toFixed(digits));
    const groups = header.byClass ? [0, ...classes.keys()].map((k, i) => (i ? k + 1 : 0)) : [0];
    return runs.flatMap((run) => groups.map((g) => {
      const { own, other, overlap, gap, nearer, kept } = numbers(run, t, g);
      const measured = [text(own, 2), text(other, 2), text(overlap, 4), text(gap, 2), text(nearer, 4), text(kept, 4)];
      return [run.name, steps[t], g ? classes[g - 1].name : "all", samplesIn(g), ...measured];
    }));
  }

  function sentence(run) {
    const { own, other, overlap, gap, nearer, kept } = numbers(run, player.snapshot(), group());
    if (shown === BETWEEN) {
      const asked = Number.isNaN(kept) ? "" : `, the margin kept by ${shareText(kept)}`;
      return `median margin ${angleText(gap)}, own centre nearer for ${shareText(nearer)}${asked}`;
    }
    return `median to the own centre ${angleText(own)}, to the nearest other ${angleText(other)}, overlap ${shareText(overlap)}`;
  }

  function spoken() {
    return `Epoch ${steps[player.snapshot()]}, ${className(group())}: ${runs.map((run) => `${run.name}: ${sentence(run)}`).join("; ")}`;
  }

  /** One height for all runs and epochs, so that nothing jumps and areas can be compared. */
  function heights() {
    const g = group();
    if (tallest?.g !== g) {
      const sides = runs.flatMap((run) => shown.sides.map((side) => run[side]));
      tallest = { g, most: Math.max(...sides.map((hills) => hills.most(g)), Number.MIN_VALUE) };
    }
    const least = 0.5 / Math.max(1, samplesIn(g)); // half a sample: the bottom of the log scale
    const onLog = (part) => (part > least ? Math.log(part / least) / Math.log(Math.max(tallest.most, 2 * least) / least) : 0);
    return logarithmic ? onLog : (part) => part / tallest.most;
  }

  function draw() {
    const t = player.snapshot(), g = group(), height = heights();
    for (const { run, plot, reading, node } of panels) {
      const width = node.clientWidth;
      if (width === 0) continue;
      drawHills(run, plot, width, t, g, height);
      reading.replaceChildren(...readingOf(numbers(run, t, g)), ` · ${className(g)}, ${samplesIn(g)} samples`);
      plot.setAttribute("aria-label", `${run.name}: ${header.summary} Epoch ${steps[t]}, ${className(g)}: ${sentence(run)}.`);
    }
    chooser.input.value = String(g - 1);
    data.update();
  }

  function readingOf({ overlap, nearer, kept }) {
    const strong = (share) => element("b", {}, shareText(share));
    if (shown === ANGLES) return ["Overlap ", strong(overlap)];
    return ["Own centre nearer ", strong(nearer), ...(Number.isNaN(kept) ? [] : [" · margin kept ", strong(kept)])];
  }

  function drawHills(run, plot, width, t, g, height) {
    const left = HILLS.side, right = width - HILLS.side, base = HILLS.top + HILLS.height;
    const x = (angle) => left + ((angle - shown.low) / (180 - shown.low)) * (right - left);
    const y = (part) => base - HILLS.height * height(part);
    plot.setAttribute("viewBox", `0 0 ${width} ${base + HILLS.bottom}`);
    plot.setAttribute("height", base + HILLS.bottom);
    const parts = shown.sides.flatMap((side) => {
      const shares = run[side].shares(t, g), tops = shares && Array.from(shares, y);
      if (!tops) return [];
      if (side !== "gap") return hill(tops, left, right, base, side);
      const half = tops.length / 2; // at zero: left of it a wrong centre is nearer
      return [...hill(tops.slice(0, half), left, x(0), base, "other"), ...hill(tops.slice(half), x(0), right, base, "own")];
    });
    plot.replaceChildren(
      svg("line", { x1: left, x2: right, y1: base, y2: base, class: "wb-line" }),
      ...ticks(x, base, width), ...levels(right, y), ...parts, ...(shown === BETWEEN ? zeroMark(x, base) : []),
      ...shown.sides.flatMap((side, i) => medianMark(side, run[side].median(t, g), x, base, 14 + 18 * i, width)),
      ...(shown === BETWEEN && run.asked ? askedMark(run.asked, x, base) : []),
    );
  }

  function hill(tops, left, right, base, side) {
    return [true, false].map((closed) => svg("path", {
      d: staircasePath(tops, left, right, base, closed), class: `${closed ? "wb-area" : "wb-curve"} wb-side-${side}`,
    }));
  }

  function zeroMark(x, base) {
    return [
      svg("line", { x1: x(0), x2: x(0), y1: HILLS.top, y2: base, class: "wb-line" }),
      svg("text", { x: x(0) - 6, y: HILLS.top + 14, class: "wb-tick", "text-anchor": "end" }, "wrong centre nearer"),
    ];
  }

  /** What the loss asks for, where that is one angle. */
  function askedMark(angle, x, base) {
    const place = { x: x(angle) - 5, y: 36, class: "wb-side-name", "text-anchor": "end" };
    return [
      svg("line", { x1: x(angle), x2: x(angle), y1: 26, y2: base, class: "wb-asked" }),
      svg("text", place, `asked ${angleText(angle)}`),
    ];
  }

  function ticks(x, base, width) {
    const angles = width < 420 ? shown.few : shown.ticks;
    const anchor = (angle) => (angle === shown.low ? "start" : angle === 180 ? "end" : "middle");
    return angles.flatMap((angle) => [
      svg("line", { x1: x(angle), x2: x(angle), y1: base, y2: base + 4, class: "wb-line" }),
      svg("text", { x: x(angle), y: base + 18, class: "wb-tick", "text-anchor": anchor(angle) }, `${String(angle).replace("-", "−")}°`),
    ]);
  }

  /** Shares of the samples in one bin, at the right: a few on the log scale, the highest on the linear one. */
  function levels(right, y) {
    const { most } = tallest;
    if (most < 1e-9) return [];
    const powers = [1, 0.1, 0.01, 0.001, 0.0001].filter((part) => part <= most && part > 0.5 / samplesIn(group()));
    return (logarithmic ? powers : [most]).map((part) => svg("text", { x: right, y: y(part) + 4, class: "wb-tick", "text-anchor": "end" }, `${shareText(part)} in ${shown.bin}`));
  }

  /** A line at the median with its name, kept inside; the own centre's name stands lower, so that they never meet. */
  function medianMark(side, angle, x, base, top, width) {
    if (Number.isNaN(angle)) return [];
    const at = x(angle), half = 78;
    return [
      svg("line", { x1: at, x2: at, y1: top + 5, y2: base, class: `wb-median wb-side-${side}` }),
      svg("text", { x: Math.max(half, Math.min(width - half, at)), y: top, class: `wb-side-name`, "text-anchor": "middle" },
        svg("tspan", { class: `wb-side-${side}` }, side === "other" ? "◆ " : "● "), `${SIDES[side]} ${angleText(angle)}`),
    ];
  }

  // Gestures.
  const actions = { "[": player.previous, "]": player.next, " ": player.toggle };
  stage.addEventListener("keydown", (event) => {
    if (/^(INPUT|SELECT|BUTTON|SUMMARY|A)$/.test(event.target.tagName) && event.key === " ") return;
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
    view.announce(spoken());
  });

  view.onClose(store.subscribe((keys) => keys.includes("focusClass") && draw()));
  const resized = new ResizeObserver(draw);
  resized.observe(stage);
  view.onClose(() => resized.disconnect());
  draw();
  return view.close;
}

/** Counts [T, groups, bins] of one side of one run, and its medians: group 0 is all of them, k + 1 the one counted as k. */
function hillsOf(counts, median) {
  const [T, groups, bins] = counts.shape;
  const counted = (t, k) => counts.values.subarray((t * groups + k) * bins, (t * groups + k + 1) * bins);
  const sums = Array.from({ length: T }, (_, t) => {
    const sum = new Float64Array(bins);
    for (let k = 0; k < groups; k++) counted(t, k).forEach((n, b) => { sum[b] += n; });
    return sum;
  });
  const of = (t, g) => (g ? counted(t, g - 1) : sums[t]);
  const total = (t, g) => of(t, g).reduce((a, b) => a + b, 0);
  return {
    median,
    /** Shares of the samples in each bin; null without samples. */
    shares(t, g) {
      const all = total(t, g);
      return all ? Array.from(of(t, g), (n) => n / all) : null;
    },
    most: (g) => Math.max(0, ...Array.from({ length: T }, (_, t) => Math.max(...of(t, g)) / (total(t, g) || 1))),
  };
}

function angleText(angle) {
  return Number.isNaN(angle) ? "–" : `${angle.toFixed(1)}°`;
}

export default { render };
