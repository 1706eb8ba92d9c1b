// The margin cap: how far from its class centre a sample may be and still keep the loss's margin to every other.

/**
 * The root of psi(theta) = cos(between - theta), with `between` the angle to the nearest other centre; NaN where
 * not even the centre itself keeps the margin. psi falls to -1 and stays there, so there is one root.
 */
function capRadius({ factor, angle_rad: added, cosine }, between) {
  const slack = (theta) => Math.cos(Math.min(Math.PI, factor * theta + added)) - cosine - Math.cos(between - theta);
  if (!(slack(0) >= 0)) return NaN;
  let low = 0, high = between;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (slack(middle) >= 0) low = middle;
    else high = middle;
  }
  return low;
}

/** Of C centres [C, 3] of length 1 the one nearest to centre k, and its angle; -1 and NaN without one. */
function nearestCentre(centres, k) {
  const own = centres.subarray(3 * k, 3 * k + 3), present = (v) => v[0] || v[1] || v[2];
  let found = -1, angle = Infinity;
  for (let j = 0; 3 * j < centres.length && present(own); j++) {
    const other = centres.subarray(3 * j, 3 * j + 3);
    if (j === k || !present(other)) continue;
    const between = angleBetween(own, other);
    if (between < angle) [found, angle] = [j, between];
  }
  return { class: found, angle: found < 0 ? NaN : angle };
}

/**
 * A cap on the screen: the closed outline of its near part (null when all is far) and its border on the far side.
 * `centre` is the cap's centre as screen right, up and depth; `to(right, up)` gives pixels. The radius is below 90°.
 */
function capOutline(centre, radius, to) {
  const [right, up, depth] = centre, across = Math.hypot(right, up);
  // u is the direction on the sphere from the cap's centre towards the eye, v the one across it.
  const u = across < 1e-9 ? [1, 0, 0] : [(-depth * right) / across, (-depth * up) / across, across];
  const v = [up * u[2] - depth * u[1], depth * u[0] - right * u[2], right * u[1] - up * u[0]];
  const border = (angle) => [0, 1, 2].map(
    (i) => Math.cos(radius) * centre[i] + Math.sin(radius) * (Math.cos(angle) * u[i] + Math.sin(angle) * v[i]),
  );
  const limit = (-Math.cos(radius) * depth) / (Math.sin(radius) * across || 1e-300);
  const half = Math.acos(Math.max(-1, Math.min(1, limit))), near = [], far = [];
  for (let i = 0; i <= 96; i++) {
    near.push(border(-half + (2 * half * i) / 96));
    far.push(border(half + (2 * (Math.PI - half) * i) / 96));
  }
  if (half > 0 && half < Math.PI) near.push(...rimBetween(near.at(-1), near[0], Math.atan2(up, right)));
  const path = (points) => {
    const line = new Path2D();
    points.forEach(([x, y], i) => line[i ? "lineTo" : "moveTo"](...to(x, y)));
    return line;
  };
  const outline = half > 0 ? path(near) : null;
  outline?.closePath();
  return { near: outline, far: half < Math.PI ? path(far) : null };
}

/** Points of the sphere's rim from one to another of its points, past the angle `middle` half way. */
function rimBetween(from, to, middle) {
  const start = Math.atan2(from[1], from[0]), wrapped = (angle) => Math.atan2(Math.sin(angle), Math.cos(angle));
  const half = wrapped(middle - start);
  return Array.from({ length: 49 }, (_, i) => [Math.cos(start + (half * i) / 24), Math.sin(start + (half * i) / 24)]);
}

/** The cap, hatched on the near side, and a line from its centre to the nearest other. */
function drawCap(ctx, cap, basis, at, to, side, colours) {
  if (cap.towards) {
    const line = greatCircle(cap.centre, cap.towards, 64).map(at), near = new Path2D();
    for (let i = 1; i < line.length; i++) if (isNear(line[i][2])) segment(near, line[i - 1], line[i]);
    strokePath(ctx, near, colours.alert, 1.5, 1);
  }
  if (!(cap.radius > 0)) return;
  const { near, far } = capOutline(toScreen(basis, ...cap.centre), Math.min(cap.radius, Math.PI / 2 - 1e-6), to);
  if (far) {
    ctx.setLineDash([2, 5]);
    strokePath(ctx, far, colours.margin, 1, 0.7);
    ctx.setLineDash([]);
  }
  if (!near) return;
  ctx.save();
  ctx.clip(near);
  const hatch = new Path2D();
  for (let x = -side; x < side; x += 7) segment(hatch, [x, 0], [x + side, side]);
  strokePath(ctx, hatch, cap.onCells ? colours.ink : colours.margin, 1, cap.onCells ? 0.35 : 0.55);
  ctx.restore();
  strokePath(ctx, near, colours.paper, 4, 0.7);
  strokePath(ctx, near, cap.onCells ? colours.ink : colours.margin, 1.5, 1);
}
