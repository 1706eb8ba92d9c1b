// Margins in closed form, as workbench/losses has them: angles in radians, p = { m1, m2, m3, s, sigma, beyondPi }.
// z is what differs from sample to sample: standard deviations, image quality, length, progress.

const CLIPPED_COSINE = 1 - 1e-3; // AdaFace
const MAGFACE = { middle: 0.625, reach: 0.175 }; // margins 0.45 to 0.8, for lengths 10 to 110

const sameSlope = (theta) => -Math.sin(theta);
const addedAngle = {
  psi: (theta, m) => Math.cos(theta + m),
  slope: (theta, m) => -Math.sin(theta + m),
};
/** Past theta = pi - m as cos(theta) - m sin(m). */
const addedAngleLinear = {
  psi: (theta, m) => (isBeyondPi(theta, m) ? Math.cos(theta) - m * Math.sin(m) : Math.cos(theta + m)),
  slope: (theta, m) => (isBeyondPi(theta, m) ? -Math.sin(theta) : -Math.sin(theta + m)),
};
const bend = (m) => (m > 0 ? Math.PI - m : null);
const elastic = { middle: 0, bands: [[-2, 2], [-1, 1]] };

// psi(theta, p, z) and its slope d psi / d theta. uses: parameters that move it. rises(p): the angle from which psi
// rises, null where it never does. jumps(p): the angle at which it has a step. rival: the cosine that rivals get.
const MARGINS = {
  normface: { uses: [], psi: (theta) => Math.cos(theta), slope: sameSlope },
  sphereface: {
    uses: ["m1"],
    psi(theta, { m1 }) {
      const k = Math.floor((m1 * theta) / Math.PI);
      return (1 - 2 * (k % 2)) * Math.cos(m1 * theta) - 2 * k;
    },
    slope: (theta, { m1 }) => -m1 * (1 - 2 * (Math.floor((m1 * theta) / Math.PI) % 2)) * Math.sin(m1 * theta),
  },
  cosface: { uses: ["m3"], psi: (theta, { m3 }) => Math.cos(theta) - m3, slope: sameSlope },
  arcface: {
    uses: ["m2", "beyondPi"],
    psi: (theta, p) => arcFace(p).psi(theta, p.m2),
    slope: (theta, p) => arcFace(p).slope(theta, p.m2),
    rises: (p) => (p.beyondPi === "formula" ? bend(p.m2) : null),
    jumps: (p) => (p.beyondPi === "formula" ? null : bend(p.m2)),
  },
  "arcface-detached": {
    uses: ["m2", "beyondPi"],
    psi: (theta, p) => arcFace(p).psi(theta, p.m2),
    slope: sameSlope,
    rises: (p) => (p.beyondPi === "formula" ? bend(p.m2) : null),
    jumps: (p) => (p.beyondPi === "formula" ? null : bend(p.m2)),
    pulls: true, // its gradient does not see that psi rises
  },
  "elasticface-arc": {
    uses: ["m2", "sigma"], ...elastic,
    psi: (theta, p, z = 0) => addedAngle.psi(theta, p.m2 + z * p.sigma),
    slope: (theta, p, z = 0) => addedAngle.slope(theta, p.m2 + z * p.sigma),
    rises: (p) => bend(p.m2),
  },
  "elasticface-cos": {
    uses: ["m3", "sigma"], ...elastic,
    psi: (theta, p, z = 0) => Math.cos(theta) - (p.m3 + z * p.sigma),
    slope: sameSlope,
  },
  combined: {
    uses: ["m1", "m2", "m3"],
    psi: (theta, { m1, m2, m3 }) => Math.cos(m1 * theta + m2) - m3,
    slope: (theta, { m1, m2 }) => -m1 * Math.sin(m1 * theta + m2),
    rises: ({ m1, m2 }) => ((Math.PI - m2) / m1 < Math.PI ? (Math.PI - m2) / m1 : null),
  },
  magface: {
    uses: [], middle: 0, bands: [[-1, 1]],
    psi: (theta, p, z = 0) => (Math.cos(theta) > 0 ? addedAngle.psi(theta, magFaceMargin(z)) : Math.cos(theta)),
    slope: (theta, p, z = 0) => (Math.cos(theta) > 0 ? addedAngle.slope(theta, magFaceMargin(z)) : -Math.sin(theta)),
    jumps: () => Math.PI / 2,
  },
  adaface: {
    uses: ["m2"], middle: 0, bands: [[-1, 1]],
    psi: (theta, { m2 }, z = 0) => Math.cos(adaFaceAngle(theta, m2 * z)) - (m2 + m2 * z),
    slope(theta, { m2 }, z = 0) {
      const angle = clippedAngle(theta) - m2 * z, clipped = Math.abs(Math.cos(theta)) > CLIPPED_COSINE;
      return clipped || angle < 1e-3 || angle > Math.PI - 1e-3 ? 0 : -Math.sin(angle);
    },
    rival: (cosine) => Math.max(-CLIPPED_COSINE, Math.min(CLIPPED_COSINE, cosine)),
  },
  curricularface: {
    uses: ["m2"], middle: 0, bands: [[0, 1]],
    psi: (theta, p) => addedAngleLinear.psi(theta, p.m2),
    slope: (theta, p) => addedAngleLinear.slope(theta, p.m2),
    jumps: (p) => bend(p.m2),
    rival: (cosine, theta, p, t = 0) => (cosine > addedAngle.psi(theta, p.m2) ? cosine * (t + cosine) : cosine),
  },
};

function arcFace({ beyondPi }) {
  return beyondPi === "linear" ? addedAngleLinear : addedAngle;
}

function isBeyondPi(theta, m) {
  return Math.cos(theta) <= -Math.cos(m);
}

function magFaceMargin(z) {
  return MAGFACE.middle + MAGFACE.reach * z;
}

function clippedAngle(theta) {
  return Math.acos(Math.max(-CLIPPED_COSINE, Math.min(CLIPPED_COSINE, Math.cos(theta))));
}

function adaFaceAngle(theta, added) {
  return Math.max(1e-3, Math.min(Math.PI - 1e-3, clippedAngle(theta) - added));
}

/** The target similarity of a loss at an angle. */
function targetSimilarity(name, theta, p, z) {
  return MARGINS[name].psi(theta, p, z);
}

/** LSE = log K + s c, of K rivals at one cosine. */
function rivalScore(name, theta, p, { count, cosine }, z) {
  return Math.log(count) + p.s * (MARGINS[name].rival?.(cosine, theta, p, z) ?? cosine);
}

/** -dL/dtheta of L = softplus(LSE - s psi), per radian; the rivals stand still. */
function force(name, theta, p, rivals, z) {
  const excess = rivalScore(name, theta, p, rivals, z) - p.s * MARGINS[name].psi(theta, p, z);
  return (p.s * MARGINS[name].slope(theta, p, z)) / (1 + Math.exp(-excess));
}
