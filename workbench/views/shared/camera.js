// The camera turns around the sphere's centre: azimuth and elevation in degrees, no perspective.

const DEGREE = Math.PI / 180;

/** Unit vectors of the screen: right, up, and towards the eye. */
function cameraBasis({ azimuth, elevation }) {
  const ca = Math.cos(azimuth * DEGREE), sa = Math.sin(azimuth * DEGREE);
  const ce = Math.cos(elevation * DEGREE), se = Math.sin(elevation * DEGREE);
  return { right: [-sa, ca, 0], up: [-se * ca, -se * sa, ce], eye: [ce * ca, ce * sa, se] };
}

/** Screen right, screen up and depth (above 0: the near side) of a direction. */
function toScreen(basis, x, y, z) {
  const along = (v) => v[0] * x + v[1] * y + v[2] * z;
  return [along(basis.right), along(basis.up), along(basis.eye)];
}

/** Whether a depth is on the side of the eye; the rim is, also where rounding puts it below 0. */
function isNear(depth) {
  return depth > -1e-6;
}

/** Put [P, 3] directions on the screen: pixels and depth in three-number rows of `out`. */
function projectAll(basis, directions, centre, radius, out) {
  const [rx, ry] = basis.right, [ux, uy, uz] = basis.up, [ex, ey, ez] = basis.eye;
  for (let i = 0; i < directions.length; i += 3) {
    const x = directions[i], y = directions[i + 1], z = directions[i + 2];
    out[i] = centre + radius * (rx * x + ry * y);
    out[i + 1] = centre - radius * (ux * x + uy * y + uz * z);
    out[i + 2] = ex * x + ey * y + ez * z;
  }
}

function turned(camera, right, up) {
  const azimuth = ((((camera.azimuth + right + 180) % 360) + 360) % 360) - 180;
  return { ...camera, azimuth, elevation: Math.max(-90, Math.min(90, camera.elevation + up)) };
}

function zoomed(camera, factor) {
  return { ...camera, zoom: Math.max(0.5, Math.min(8, camera.zoom * factor)) };
}

/** The camera that looks straight at a direction. */
function facing(camera, [x, y, z]) {
  return { ...camera, azimuth: Math.atan2(y, x) / DEGREE, elevation: Math.asin(z / Math.hypot(x, y, z)) / DEGREE };
}

function angleBetween(a, b) {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const cross = Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
  return Math.atan2(cross, dot);
}

/** Points of the shorter great circle from a to b, both unit vectors. */
function greatCircle(a, b, count) {
  const angle = angleBetween(a, b);
  if (angle < 1e-6) return [a, b];
  return Array.from({ length: count + 1 }, (_, i) => {
    const wa = Math.sin(angle * (1 - i / count)) / Math.sin(angle), wb = Math.sin((angle * i) / count) / Math.sin(angle);
    return [0, 1, 2].map((k) => wa * a[k] + wb * b[k]);
  });
}
