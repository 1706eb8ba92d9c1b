// The numbers behind a sphere. A run here has a name and snapshots; angles are printed in degrees.

const CLASS_COLUMNS = [
  "run", "epoch", "class", "points shown", "median angle to own centre (deg)", "median angle to nearest other (deg)",
];
const POINT_COLUMNS = [
  "run", "epoch", "point", "class", "angle to own centre (deg)", "angle to nearest other (deg)", "nearest other",
];

function inDegrees(angle) {
  return Number.isNaN(angle) ? "" : (angle / DEGREE).toFixed(2);
}

function classTable(runs, t, { steps, classes }, labels) {
  const sizes = new Uint32Array(classes.length);
  labels.forEach((k) => { sizes[k] += 1; });
  return runs.flatMap(({ name, snapshots }) => {
    const { own, rival } = snapshots.angles(t);
    const [a, b] = [own, rival].map((values) => mediansByClass(values, labels, classes.length).map(inDegrees));
    return classes.map((style, k) => [name, steps[t], style.name, sizes[k], a[k], b[k]]);
  });
}

function pointTable(runs, t, { steps, classes }, labels, rows, indices) {
  return runs.flatMap(({ name, snapshots }) => {
    const { own, rival, rivalClass } = snapshots.angles(t);
    const other = (i) => (Number.isNaN(rival[i]) ? "" : classes[rivalClass[i]].name);
    return indices.map((i) => [
      name, steps[t], rows[i], classes[labels[i]].name, inDegrees(own[i]), inDegrees(rival[i]), other(i),
    ]);
  });
}

/** The median of each class, NaN for a class without a value. */
function mediansByClass(values, labels, count) {
  const parts = Array.from({ length: count }, () => []);
  values.forEach((value, i) => { if (value === value) parts[labels[i]].push(value); });
  return parts.map((part) => median(Float32Array.from(part), () => true));
}
