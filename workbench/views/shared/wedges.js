// What a margin asks between neighbouring centres of a circle: the wedge around their boundary that shall be empty.

const RESTING_LOSS = 0.1; // nat: below it training hardly pulls any more

/** Half of the angle between two centres, `gap` radians apart, that is to be empty: psi(a) - cos(gap - a) < d there,
    with psi = cos(a + m2) - m3 and a from 0 to gap / 2. Infinite where no sample between them has the margin. */
function demandedHalf(gap, { m2 = 0, m3 = 0 }, d) {
  const reach = (m3 + d) / (2 * Math.sin((gap + m2) / 2));
  // Beyond a full turn the added angle has come round: psi rises again, and what it rises to is no demand.
  return gap + m2 >= 2 * Math.PI || reach > 1 ? Infinity : m2 / 2 + Math.asin(reach);
}

/** The same, cut off at the centres. */
function halfWedge(gap, margin, d) {
  return Math.min(gap / 2, demandedHalf(gap, margin, d));
}

/** How far the own similarity has to be above the rival's, until the loss against it has come to rest. */
function restingDistance(s) {
  return -Math.log(Math.expm1(RESTING_LOSS)) / s;
}

/** The gaps between neighbouring centres, [C, 3] unit vectors in the plane, counterclockwise: angles in radians. */
function gapsBetween(centres) {
  const around = [];
  for (let k = 0; 3 * k < centres.length; k++) {
    const x = centres[3 * k], y = centres[3 * k + 1];
    if (x || y) around.push({ k, angle: Math.atan2(y, x) });
  }
  around.sort((a, b) => a.angle - b.angle);
  if (around.length < 2) return [];
  return around.map((from, i) => {
    const to = around[(i + 1) % around.length], round = i + 1 === around.length ? 2 * Math.PI : 0;
    const size = to.angle - from.angle + round;
    return { from: from.k, to: to.k, start: from.angle, size, boundary: from.angle + size / 2 };
  });
}
