// A ruler of angles, 0° to 180°: how the angles to the own centre and to the nearest other are spread.

const RULER_BINS = 90;

function angleRuler() {
  const text = (kind) => element("span", { class: `wb-ruler-text wb-${kind}` });
  const mark = (kind) => element("span", { class: `wb-ruler-mark wb-${kind}` });
  const hill = (kind) => svg("path", { class: `wb-${kind}` });
  const own = { text: text("own"), mark: mark("own"), hill: hill("own"), words: "own centre" };
  const rival = { text: text("rival"), mark: mark("rival"), hill: hill("rival"), words: "nearest other" };
  const hills = svg("svg", { viewBox: `0 0 ${RULER_BINS} 1`, preserveAspectRatio: "none", "aria-hidden": "true" }, rival.hill, own.hill);
  const node = element(
    "div",
    { class: "wb-ruler", role: "img" },
    element("div", { class: "wb-ruler-row" }, own.text),
    hills,
    element("div", { class: "wb-ruler-line" }, rival.mark, own.mark),
    element("div", { class: "wb-ruler-row" }, element("span", { class: "wb-ruler-end" }, "0°"), rival.text, element("span", { class: "wb-ruler-end" }, "180°")),
  );

  function show(side, angles, passes, most) {
    const middle = median(angles, passes), part = `${(100 * middle) / Math.PI}%`;
    side.text.hidden = side.mark.hidden = Number.isNaN(middle);
    side.mark.style.left = side.text.style.left = part;
    side.text.style.transform = `translateX(-${part})`;
    side.text.textContent = `${side.words} ${degrees(middle)}`;
    const heights = Array.from(binned(angles, passes), (count) => 1 - count / most);
    side.hill.setAttribute("d", `M0,1 ${heights.map((y, b) => `V${y.toFixed(3)} H${b + 1}`).join(" ")} V1 Z`);
    return middle;
  }

  /** Two sets of angles in radians; `passes(i)` says which points count. Returns the medians. */
  function update(ownAngles, rivalAngles, passes) {
    const most = Math.max(...binned(ownAngles, passes), ...binned(rivalAngles, passes), 1);
    const medians = [show(own, ownAngles, passes, most), show(rival, rivalAngles, passes, most)];
    const [a, b] = medians.map(degrees);
    node.setAttribute("aria-label", `Median angle to the own centre ${a}, to the nearest other ${b}.`);
    return medians;
  }

  return { node, update };
}

function binned(angles, passes) {
  const counts = new Uint32Array(RULER_BINS);
  angles.forEach((angle, i) => {
    if (angle === angle && passes(i)) counts[Math.min(RULER_BINS - 1, Math.floor((angle / Math.PI) * RULER_BINS))] += 1;
  });
  return counts;
}
