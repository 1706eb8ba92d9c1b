// Two hills on one axis of angles for each run: to the own centre, and to the nearest other. One epoch, one class.

const HILLS = { height: 150, top: 46, bottom: 26, side: 6 };
const SIDES = { own: "own centre", other: "nearest other" };

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { steps, classes } = header, sizes = blocks.sizes.values;
  const runs = header.runs.map(({ name }, i) => ({
    name,
    own: hillsOf(blocks[`own${i}`], blocks[`ownMedian${i}`]),
    other: hillsOf(blocks[`other${i}`], blocks[`otherMedian${i}`]),
  }));
  let logarithmic = false, tallest = null;

  // Group 0 holds all samples, group k + 1 those of class k.
  const group = () => {
    const chosen = store.state.focusClass;
    return header.byClass && chosen !== null && chosen >= 0 && chosen < classes.length ? chosen + 1 : 0;
  };
  const className = (g) => (g ? `class ${classes[g - 1].name}` : "all classes");
  const numbers = (run, t, g) => {
    const own = run.own.shares(t, g), other = run.other.shares(t, g);
    const overlap = own && other ? own.reduce((sum, p, b) => sum + Math.min(p, other[b]), 0) : NaN;
    return { own: run.own.median(t, g), other: run.other.median(t, g), overlap };
  };

  // The page.
  const player = epochControl(view, steps, { changed: draw, moved() {} });
  const chooser = select({
    name: "Class", value: String(group() - 1),
    onchange: (k) => { store.set({ focusClass: Number(k) }); view.announce(spoken()); },
    options: [["-1", "all classes"], ...classes.map(({ name }, k) => [String(k), `class ${name}`])],
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
    columns: ["run", "epoch", "class", "samples", "median angle to own centre (deg)", "median angle to nearest other (deg)", "overlap"],
    content: tableRows,
    file: "angle-distributions.csv",
  });
  stage.append(
    element("div", { class: "wb-controls" }, ...player.nodes, header.byClass ? chooser.row : null, scale),
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
      const { own, other, overlap } = numbers(run, t, g);
      return [run.name, steps[t], g ? classes[g - 1].name : "all", samplesIn(g), text(own, 2), text(other, 2), text(overlap, 4)];
    }));
  }

  function sentence(run) {
    const { own, other, overlap } = numbers(run, player.snapshot(), group());
    return `median to the own centre ${angleText(own)}, to the nearest other ${angleText(other)}, overlap ${shareText(overlap)}`;
  }

  function spoken() {
    return `Epoch ${steps[player.snapshot()]}, ${className(group())}: ${runs.map((run) => `${run.name}: ${sentence(run)}`).join("; ")}`;
  }

  /** One height for all runs and epochs, so that nothing jumps and areas can be compared. */
  function heights() {
    const g = group();
    if (tallest?.g !== g) {
      const sides = runs.flatMap((run) => [run.own, run.other]);
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
      const { overlap } = numbers(run, t, g);
      reading.replaceChildren("Overlap ", element("b", {}, shareText(overlap)), ` · ${className(g)}, ${samplesIn(g)} samples`);
      plot.setAttribute("aria-label", `${run.name}: ${header.summary} Epoch ${steps[t]}, ${className(g)}: ${sentence(run)}.`);
    }
    chooser.input.value = String(g - 1);
    data.update();
  }

  function drawHills(run, plot, width, t, g, height) {
    const left = HILLS.side, right = width - HILLS.side, base = HILLS.top + HILLS.height;
    const x = (angle) => left + (angle / 180) * (right - left), y = (part) => base - HILLS.height * height(part);
    plot.setAttribute("viewBox", `0 0 ${width} ${base + HILLS.bottom}`);
    plot.setAttribute("height", base + HILLS.bottom);
    const parts = [];
    for (const side of ["other", "own"]) {
      const shares = run[side].shares(t, g);
      if (!shares) continue;
      const tops = Array.from(shares, y);
      parts.push(
        svg("path", { d: staircasePath(tops, left, right, base, true), class: `wb-area wb-side-${side}` }),
        svg("path", { d: staircasePath(tops, left, right, base, false), class: `wb-curve wb-side-${side}` }),
      );
    }
    plot.replaceChildren(
      svg("line", { x1: left, x2: right, y1: base, y2: base, class: "wb-line" }),
      ...ticks(x, base, width), ...levels(right, y), ...parts,
      ...["other", "own"].flatMap((side, i) => medianMark(side, run[side].median(t, g), x, base, 14 + 18 * i, width)),
    );
  }

  function ticks(x, base, width) {
    const angles = width < 420 ? [0, 90, 180] : [0, 45, 90, 135, 180];
    const anchor = (angle) => (angle === 0 ? "start" : angle === 180 ? "end" : "middle");
    return angles.flatMap((angle) => [
      svg("line", { x1: x(angle), x2: x(angle), y1: base, y2: base + 4, class: "wb-line" }),
      svg("text", { x: x(angle), y: base + 18, class: "wb-tick", "text-anchor": anchor(angle) }, `${angle}°`),
    ]);
  }

  /** Shares of the samples in one bin, at the right: a few on the log scale, the highest on the linear one. */
  function levels(right, y) {
    const { most } = tallest;
    if (most < 1e-9) return [];
    const powers = [1, 0.1, 0.01, 0.001, 0.0001].filter((part) => part <= most && part > 0.5 / samplesIn(group()));
    const shown = logarithmic ? powers : [most];
    return shown.map((part) => svg("text", { x: right, y: y(part) + 4, class: "wb-tick", "text-anchor": "end" }, `${shareText(part)} in 2°`));
  }

  /** A line at the median with its name, kept inside; the own centre's name stands lower, so that they never meet. */
  function medianMark(side, angle, x, base, top, width) {
    if (Number.isNaN(angle)) return [];
    const at = x(angle), half = 78;
    return [
      svg("line", { x1: at, x2: at, y1: top + 5, y2: base, class: `wb-median wb-side-${side}` }),
      svg("text", { x: Math.max(half, Math.min(width - half, at)), y: top, class: `wb-side-name`, "text-anchor": "middle" },
        svg("tspan", { class: `wb-side-${side}` }, side === "own" ? "● " : "◆ "), `${SIDES[side]} ${angleText(angle)}`),
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

/** Counts [T, groups, bins] and medians [T, groups] of one side of one run. */
function hillsOf(counts, medians) {
  const [T, groups, bins] = counts.shape;
  const of = (t, g) => counts.values.subarray((t * groups + g) * bins, (t * groups + g + 1) * bins);
  const total = (t, g) => of(t, g).reduce((a, b) => a + b, 0);
  return {
    median: (t, g) => medians.values[t * groups + g],
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
