// Target similarity and force of margin losses by angle, with sliders, a crosshair and a mark where psi rises again.

const PLOT = { left: 44, top: 30, psi: 270, gap: 78, force: 190, axis: 40 };
const LABELS_FROM = 560; // narrower plots leave the names to the table
const THETAS = Float64Array.from({ length: 361 }, (_, i) => (i * Math.PI) / 360);
const DASHES = { solid: "none", dash: "8 5", dot: "2 4" };
const MARGIN_KEYS = "Keys, with the plot in focus: ← and → move the crosshair by 1°, Page Up and Page Down by 10°, "
  + "Home and End to 0° and 180°; [ and ] change the epoch, Space plays, where there are epochs.";

function render(context) {
  const view = openView(context);
  const { header, blocks, store, stage } = view;
  const { curves, densities, notes } = header;
  const rivals = { count: header.rivals, cosine: header.rivalCosine };
  let theta = 60, shownAngles = densities.length ? 0 : -1, drawn = 0;

  // State: what the store says, in this view's own numbers.
  const beyondPi = () => store.state.beyondPi ?? header.beyondPi;
  const parameters = () => ({ ...sliders.values(), beyondPi: beyondPi() });
  const isShown = (name) => (store.state.curves ?? header.shown).includes(name);
  const shown = () => curves.filter(({ name }) => isShown(name));
  const toggle = (name) => {
    const names = curves.map((curve) => curve.name).filter((other) => isShown(other) !== (other === name));
    store.set({ curves: names });
  };

  // The page.
  const epochs = epochControl(view, header.steps, { changed: schedule, moved() {} });
  const sliders = marginSliders(view, header.margins);
  const count = slider({
    name: "Rivals", min: 0, max: 6, step: 0.1, value: Math.log10(rivals.count), show: () => grouped(rivals.count),
    oninput: () => { rivals.count = twoDigits(10 ** count.input.value); count.set(count.input.value); schedule(); },
  });
  const cosine = slider({
    name: "at cosine", min: -1, max: 1, step: 0.01, value: rivals.cosine, show: (c) => signed(c, 2),
    oninput: () => { rivals.cosine = Number(cosine.input.value); cosine.set(rivals.cosine); schedule(); },
  });
  const beyond = select({
    name: "ArcFace past π − m₂", value: beyondPi(), onchange: (choice) => store.set({ beyondPi: choice }),
    options: [["formula", "as its formula"], ["linear", "linear"]],
  });
  const chooser = select({
    name: "Angles of", value: String(shownAngles), onchange: (i) => { shownAngles = Number(i); schedule(); },
    options: [["-1", "no run"], ...densities.map((name, i) => [String(i), name])],
  });
  const keys = keysHelp(MARGIN_KEYS);
  const plot = svg("svg", { class: "wb-plot wb-margins", role: "img", tabindex: "0" });
  const angle = columnHead("");
  const rows = curves.map(tableRow);
  const warnings = element("div", { class: "wb-warnings" });
  const data = dataDisclosure({
    columns: ["loss", "theta (deg)", "psi", "-dL/dtheta (per rad)"], content: tableRows, file: "margin-curves.csv",
  });
  stage.append(
    element("div", { class: "wb-controls wb-slider-grid" }, ...sliders.rows, count.row, cosine.row),
    element(
      "div", { class: "wb-controls" }, beyond.row, ...(densities.length ? [chooser.row, ...epochs.nodes] : []),
      button("Reset margins", sliders.reset), keys.opener,
    ),
    keys.help,
    element("div", { class: "wb-curves" },
      element("div", { class: "wb-curves-plot" }, plot),
      element("table", { class: "wb-table wb-curves-table" },
        element("thead", {}, element("tr", {}, angle, ...["ψ", "−dL/dθ"].map(columnHead))),
        element("tbody", {}, ...rows.map(({ row }) => row)))),
    warnings,
    ...notes.map((note) => element("p", { class: "wb-note" }, note)),
    data.details,
    view.voice,
  );

  function columnHead(text) {
    return element("th", { scope: "col" }, text);
  }

  /** One loss: a box to pick it, its line, and its values at the crosshair. */
  function tableRow(curve) {
    const box = element("input", { type: "checkbox", onchange: () => toggle(curve.name) });
    const line = svg("svg", { viewBox: "0 0 30 12", width: 30, height: 12, "aria-hidden": "true" },
      svg("path", { d: "M1,6 H29", class: "wb-margin-curve", ...stroke(curve) }));
    const name = element("label", { class: "wb-check" }, box, line, curve.label);
    const psi = element("td"), pull = element("td");
    const row = element("tr", {}, element("th", { scope: "row" }, name), psi, pull);
    return { curve, box, row, psi, pull };
  }

  function valuesAt(name, p) {
    const at = theta * DEGREE;
    return { psi: targetSimilarity(name, at, p), pull: force(name, at, p, rivals) };
  }

  function tableRows() {
    const p = parameters();
    return shown().flatMap(({ name }) => Array.from({ length: 37 }, (_, i) => {
      const at = 5 * i * DEGREE, values = [targetSimilarity(name, at, p), force(name, at, p, rivals)];
      return [name, 5 * i, ...values.map((x) => x.toPrecision(7))];
    }));
  }

  function spoken() {
    const p = parameters();
    const each = shown().map(({ name, label }) => {
      const { psi, pull } = valuesAt(name, p);
      return `${label} ψ ${signed(psi, 3)}, force ${significantSigned(pull)}`;
    });
    return `θ ${theta.toFixed(0)}°: ${each.join("; ") || "no curve is picked"}`;
  }

  // Drawing, at most once per animation frame.
  let scale = null, cross = null;

  function schedule() {
    drawn ||= requestAnimationFrame(() => { drawn = 0; draw(); });
  }

  function draw() {
    const width = plot.parentNode.clientWidth;
    if (width === 0) return;
    const p = parameters(), lines = shown().map((curve) => sampled(curve, p, rivals));
    scale = scales(width, lines, p);
    plot.setAttribute("viewBox", `0 0 ${width} ${scale.height}`);
    plot.setAttribute("height", scale.height);
    const risen = rising(p);
    cross = crosshair();
    plot.replaceChildren(
      ...(shownAngles < 0 ? [] : [density()]), axes(p),
      ...lines.flatMap(({ psi, bands }) => bands.map((band) => area(band.psi, scale.psi, psi.curve))),
      ...lines.flatMap(({ force: f, bands }) => bands.map((band) => area(band.force, scale.force, f.curve))),
      ...lines.flatMap(({ psi, force: f }) => [path(psi, scale.psi), path(f, scale.force)]),
      ...directLabels(lines), ...risen.map(({ at, names }) => mark(at, names[0], p)), cross.node,
    );
    warnings.replaceChildren(...risen.map(warning));
    update();
  }

  function scales(width, lines, p) {
    const right = width > LABELS_FROM ? 142 : 10;
    const low = Math.min(-1, ...lines.map(({ psi }) => Math.floor(psi.least + 1e-9)));
    const forces = lines.flatMap(({ force: f }) => [f.least, f.most]);
    const down = roundedUp(Math.max(p.s / 2, -Math.min(0, ...forces))), up = Math.max(0, ...forces);
    const top = up > 0.01 * down ? roundedUp(up) : 0;
    const between = (from, height, high, bottom) => (value) => from + (height * (high - value)) / (high - bottom);
    const forceTop = PLOT.top + PLOT.psi + PLOT.gap;
    return {
      width, low, down, top, forceTop, labelled: width > LABELS_FROM, height: forceTop + PLOT.force + PLOT.axis,
      x: (angle) => PLOT.left + (angle / Math.PI) * (width - PLOT.left - right),
      angle: (x) => Math.max(0, Math.min(180, (180 * (x - PLOT.left)) / (width - PLOT.left - right))),
      psi: between(PLOT.top, PLOT.psi, 1, low), force: between(forceTop, PLOT.force, top, -down),
    };
  }

  function path({ values, curve, jump }, y) {
    const at = (i) => `${scale.x(THETAS[i]).toFixed(1)},${y(values[i]).toFixed(1)}`;
    const leaps = (i) => jump !== null && THETAS[i - 1] <= jump && THETAS[i] > jump;
    const d = Array.from(values, (_, i) => `${i === 0 || leaps(i) ? "M" : "L"}${at(i)}`).join(" ");
    return svg("path", { d, class: "wb-margin-curve", "data-curve": curve.name, ...stroke(curve) });
  }

  function area({ low, high }, y, curve) {
    const edge = (values) => Array.from(values, (v, i) => `${scale.x(THETAS[i]).toFixed(1)},${y(v).toFixed(1)}`);
    const d = `M${edge(high).join(" L")} L${edge(low).reverse().join(" L")} Z`;
    return svg("path", { d, class: "wb-band", fill: curve.colour ?? "var(--wb-ink)" });
  }

  function axes(p) {
    const { x, low, down, top, forceTop } = scale, left = x(0), right = x(Math.PI);
    const tick = (y, text) => svg("text", { x: left - 8, y: y + 4, class: "wb-tick", "text-anchor": "end" }, text);
    const line = (y, name) => svg("line", { x1: left, x2: right, y1: y, y2: y, class: name });
    const say = (y, text) => svg("text", { x: left + 4, y, class: "wb-tick" }, text);
    const title = (y, text, unit) => svg("text", { x: 0, y, class: "wb-plot-title" },
      svg("tspan", { class: "wb-plot-run" }, text), ` ${unit}`);
    const level = rivalScore("normface", 0, p, rivals) / p.s, inside = level > low && level < 1;
    const bottoms = [PLOT.top + PLOT.psi, forceTop + PLOT.force];
    const angles = [0, 30, 60, 90, 120, 150, 180].flatMap((a) => bottoms.map((y) => svg("text", {
      x: x(a * DEGREE), y: y + 18, class: "wb-tick", "text-anchor": "middle",
    }, `${a}°`)));
    const whole = Array.from({ length: 1 - low + 1 }, (_, i) => 1 - i);
    return svg("g", {},
      title(14, "ψ", "own similarity after the margin"),
      title(forceTop - 20, "−dL/dθ", "force on the sample, per radian"),
      ...whole.map((v) => tick(scale.psi(v), signed(v, 0))), line(scale.psi(0), "wb-line"),
      ...(inside ? [line(scale.psi(level), "wb-level"), svg("text", {
        x: right, y: scale.psi(level) - 6, class: "wb-tick", "text-anchor": "end",
      }, "below, the rivals win")] : []),
      ...[...new Set([top, 0, -down])].map((v) => tick(scale.force(v), signed(v, v % 1 ? 1 : 0))),
      line(scale.force(0), "wb-line"), say(scale.force(-down) - 4, "towards the centre"),
      ...(top > 0 ? [say(scale.force(0) - 6, "away from the centre")] : []),
      ...angles);
  }

  /** Names at the right end of the curves, none over another. */
  function directLabels(lines) {
    if (!scale.labelled) return [];
    const ends = lines.map(({ psi }) => ({ curve: psi.curve, y: scale.psi(psi.values.at(-1)) }));
    ends.sort((a, b) => a.y - b.y);
    ends.forEach((end, i) => { if (i) end.y = Math.max(end.y, ends[i - 1].y + 16); });
    const excess = Math.max(0, (ends.at(-1)?.y ?? 0) - (PLOT.top + PLOT.psi + 4));
    return ends.map(({ curve, y }) => svg("text", { x: scale.x(Math.PI) + 8, y: y - excess + 4 }, curve.label));
  }

  function density() {
    const block = blocks[`angles${shownAngles}`], bins = block.shape[1], t = epochs.snapshot();
    const counts = block.values.subarray(t * bins, (t + 1) * bins), most = Math.max(...counts, 1);
    const base = PLOT.top + PLOT.psi, y = (n) => (base - (0.36 * PLOT.psi * n) / most).toFixed(1);
    const x = (b) => scale.x((b * Math.PI) / bins).toFixed(1);
    const steps = Array.from(counts, (n, b) => `L${x(b)},${y(n)} H${x(b + 1)}`);
    const peak = Number(x(counts.indexOf(most) + 0.5)), near = peak > scale.x(Math.PI * 0.6) ? "end" : "start";
    const when = header.steps.length > 1 ? `, epoch ${epochs.name()}` : "";
    return svg("g", { class: "wb-density" },
      svg("path", { d: `M${scale.x(0)},${base} ${steps.join(" ")} L${scale.x(Math.PI)},${base} Z` }),
      svg("text", {
        x: peak + (near === "end" ? -14 : 14), y: base - 0.36 * PLOT.psi + 8, "text-anchor": near, class: "wb-tick",
      }, `angles of ${shortened(densities[shownAngles])}${when}`));
  }

  /** Where psi begins to rise, and which of the shown losses do so there. */
  function rising(p) {
    const places = new Map();
    for (const { name } of shown()) {
      const at = MARGINS[name].rises?.(p) ?? null;
      if (at !== null) places.set(at.toFixed(6), { at, names: [...(places.get(at.toFixed(6))?.names ?? []), name] });
    }
    return [...places.values()].sort((a, b) => a.at - b.at);
  }

  function mark(at, name, p) {
    const x = scale.x(at), y = scale.psi(targetSimilarity(name, at, p));
    return svg("g", { class: "wb-rises" },
      svg("line", { x1: x, x2: x, y1: y, y2: scale.forceTop + PLOT.force }),
      svg("path", { d: `M${x},${y - 20} l8,14 h-16 z` }), svg("text", { x, y: y - 8, "text-anchor": "middle" }, "!"));
  }

  function warning({ at, names }) {
    const label = (name) => curves.find((curve) => curve.name === name).label;
    const say = (chosen, words) => (chosen.length ? [`${chosen.map(label).join("; ")}: ${words}.`] : []);
    return element("p", {}, element("b", {}, `▲ Past ${degrees(at)} ψ rises again. `), [
      ...say(names.filter((n) => !MARGINS[n].pulls), "a sample there is pushed away from its centre"),
      ...say(names.filter((n) => MARGINS[n].pulls), "its gradient takes the margin for a constant, so it still pulls"),
    ].join(" "));
  }

  function crosshair() {
    const line = svg("line", { class: "wb-threshold", y1: PLOT.top, y2: scale.forceTop + PLOT.force });
    const text = svg("text", { y: scale.height - 4, "text-anchor": "middle", class: "wb-plot-value" });
    const dot = ({ colour }) => svg("circle", { r: 4, fill: colour ?? "var(--wb-ink)", class: "wb-dot" });
    const dots = shown().flatMap((curve) => [dot(curve), dot(curve)]);
    const move = () => {
      const x = scale.x(theta * DEGREE), p = parameters();
      for (const end of ["x1", "x2"]) line.setAttribute(end, x);
      text.setAttribute("x", Math.max(scale.x(0) + 20, x));
      text.textContent = `θ ${theta.toFixed(1)}°`;
      shown().forEach(({ name }, i) => {
        const { psi, pull } = valuesAt(name, p);
        [scale.psi(psi), scale.force(pull)].forEach((y, k) => {
          dots[2 * i + k].setAttribute("cx", x);
          dots[2 * i + k].setAttribute("cy", y);
        });
      });
    };
    return { node: svg("g", {}, line, ...dots, text), move };
  }

  /** What moves with the crosshair. */
  function update() {
    cross?.move();
    const p = parameters();
    angle.textContent = `θ ${theta.toFixed(1)}°`;
    for (const { curve, box, row, psi, pull } of rows) {
      box.checked = isShown(curve.name);
      row.classList.toggle("wb-shown", box.checked);
      const values = box.checked ? valuesAt(curve.name, p) : null;
      psi.textContent = values ? signed(values.psi, 3) : "";
      pull.textContent = values ? significantSigned(values.pull) : "";
    }
    plot.setAttribute("aria-label", `${header.summary} ${spoken()}.`);
  }

  function updateControls() {
    sliders.update();
    sliders.use(new Set(["s", ...shown().flatMap(({ name }) => MARGINS[name].uses)]));
    beyond.input.value = beyondPi();
    beyond.input.disabled = !shown().some(({ name }) => MARGINS[name].uses.includes("beyondPi"));
    data.update();
  }

  // Gestures.
  const moveTo = (angleInDegrees) => {
    theta = Math.max(0, Math.min(180, angleInDegrees));
    update();
  };
  const fromPointer = (event) => scale && moveTo(scale.angle(event.clientX - plot.getBoundingClientRect().left));
  plot.addEventListener("pointerdown", (event) => event.button === 0 && fromPointer(event));
  plot.addEventListener("pointermove", fromPointer);
  plot.addEventListener("keydown", (event) => {
    const by = (step) => {
      moveTo(Math.round(theta) + step);
      view.announce(spoken());
    };
    const actions = {
      ArrowLeft: () => by(-1), ArrowRight: () => by(1), PageDown: () => by(-10), PageUp: () => by(10),
      Home: () => by(-180), End: () => by(180), "[": epochs.previous, "]": epochs.next, " ": epochs.toggle,
    };
    if (!(event.key in actions) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  });

  view.onClose(store.subscribe((changed) => {
    if (!sliders.moved(changed) && !changed.includes("curves") && !changed.includes("beyondPi")) return;
    updateControls();
    schedule();
  }));
  const resized = new ResizeObserver(schedule);
  resized.observe(stage);
  view.onClose(() => resized.disconnect());
  view.onClose(() => cancelAnimationFrame(drawn));
  updateControls();
  draw();
  return view.close;
}

/** A curve and its bands on the grid of angles, for both panels. */
function sampled(curve, p, rivals) {
  const { bands = [], jumps } = MARGINS[curve.name], jump = jumps?.(p) ?? null;
  const psiOf = (theta, z) => targetSimilarity(curve.name, theta, p, z);
  const forceOf = (theta, z) => force(curve.name, theta, p, rivals, z);
  const line = (f) => {
    const values = THETAS.map((theta) => f(theta));
    return { curve, values, jump, least: Math.min(...values), most: Math.max(...values) };
  };
  const psi = line(psiOf), pull = line(forceOf);
  const between = bands.map((ends) => ({ psi: envelope(psiOf, ends), force: envelope(forceOf, ends) }));
  for (const band of between) {
    for (const [whole, { low, high }] of [[psi, band.psi], [pull, band.force]]) {
      whole.least = Math.min(whole.least, ...low);
      whole.most = Math.max(whole.most, ...high);
    }
  }
  return { psi, force: pull, bands: between };
}

/** The least and the greatest value at each angle while z goes from one end to the other. */
function envelope(f, [from, to]) {
  const zs = Array.from({ length: 9 }, (_, i) => from + ((to - from) * i) / 8);
  const low = new Float64Array(THETAS.length), high = new Float64Array(THETAS.length);
  THETAS.forEach((theta, i) => {
    const values = zs.map((z) => f(theta, z));
    [low[i], high[i]] = [Math.min(...values), Math.max(...values)];
  });
  return { low, high };
}

function stroke({ colour, dash }) {
  return { stroke: colour ?? "var(--wb-ink)", "stroke-dasharray": DASHES[dash] };
}

/** The next of 1, 2, 3, 5, 8 times a power of ten. */
function roundedUp(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 3, 5, 8, 10].find((step) => step * power >= number * (1 - 1e-9)) * power;
}

function twoDigits(number) {
  return Number(number.toPrecision(2));
}

function signed(number, digits) {
  return number.toFixed(digits).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");
}

function significantSigned(number) {
  return Math.abs(number) < 5e-4 ? "0" : number.toPrecision(3).replace("-", "−");
}

export default { render };
