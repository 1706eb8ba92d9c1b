// Lines, letters and the ball of a sphere, drawn on a canvas in CSS pixels.

function strokePath(ctx, path, colour, width, opacity) {
  const before = ctx.globalAlpha;
  ctx.globalAlpha = opacity;
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke(path);
  ctx.globalAlpha = before;
}

function fillPath(ctx, path, colour) {
  ctx.fillStyle = colour;
  ctx.fill(path);
}

/** The ball: light from the upper left, and a rim. */
function drawBall(ctx, centre, R, colours) {
  const light = ctx.createRadialGradient(centre - 0.35 * R, centre - 0.4 * R, 0.1 * R, centre, centre, 1.05 * R);
  light.addColorStop(0, mixed(colours.sphere, colours.paper, 0.35));
  light.addColorStop(0.7, colours.sphere);
  light.addColorStop(1, mixed(colours.sphere, colours.margin, 0.86));
  const disc = new Path2D();
  disc.arc(centre, centre, R, 0, 2 * Math.PI);
  ctx.fillStyle = light;
  ctx.fill(disc);
  strokePath(ctx, disc, colours.margin, 1, 0.5);
}

/** Meridians and parallels every 30 degrees: they show how the sphere is turned. */
function graticule(at) {
  const near = new Path2D(), far = new Path2D();
  const sphereLine = (direction) => {
    for (let i = 0, last = null; i <= 72; i++) {
      const point = at(direction((i * Math.PI) / 36));
      if (last) segment(isNear(last[2] + point[2]) ? near : far, last, point);
      last = point;
    }
  };
  for (let a = 0; a < 180; a += 30) {
    const c = Math.cos(a * DEGREE), s = Math.sin(a * DEGREE);
    sphereLine((t) => [c * Math.cos(t), s * Math.cos(t), Math.sin(t)]);
  }
  for (let a = -60; a <= 60; a += 30) {
    const c = Math.cos(a * DEGREE), s = Math.sin(a * DEGREE);
    sphereLine((t) => [c * Math.cos(t), c * Math.sin(t), s]);
  }
  return { near, far };
}

function segment(path, from, to) {
  path.moveTo(from[0], from[1]);
  path.lineTo(to[0], to[1]);
}

/** The great circle between two pinned points and the angle it spans at the centre. Returns the label's box. */
function drawArc(ctx, scene, at, centre) {
  const { colours } = scene;
  if (!scene.arcText) return null;
  const [a, b] = scene.pins.map((i) => scene.directions.subarray(3 * i, 3 * i + 3));
  const curve = greatCircle(a, b, 64).map(at);
  const near = new Path2D(), far = new Path2D(), spokes = new Path2D();
  for (let i = 1; i < curve.length; i++) segment(isNear(curve[i][2]) ? near : far, curve[i - 1], curve[i]);
  for (const end of [curve[0], curve.at(-1)]) segment(spokes, [centre, centre], end);
  strokePath(ctx, spokes, colours.ink, 1, 0.6);
  ctx.setLineDash([2, 5]);
  strokePath(ctx, far, colours.ink, 2, 0.7);
  ctx.setLineDash([]);
  strokePath(ctx, near, colours.paper, 5, 0.8);
  strokePath(ctx, near, colours.ink, 2.5, 1);
  const middle = curve[curve.length >> 1], away = Math.hypot(middle[0] - centre, middle[1] - centre) || 1;
  return label(ctx, scene.arcText, middle, [(middle[0] - centre) / away, (middle[1] - centre) / away], 2 * centre, 600);
}

function ring(ctx, x, y, radius, colours) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, 2 * Math.PI);
  strokePath(ctx, path, colours.paper, 4, 0.9);
  strokePath(ctx, path, colours.ink, 2, 1);
}

/** The box of a label that stands off from a point in a direction, kept inside the canvas. */
function label(ctx, text, point, push, side, weight) {
  const font = `${weight} 14px ${getComputedStyle(ctx.canvas).fontFamily}`;
  ctx.font = font;
  const width = ctx.measureText(text).width, height = 16, gap = 11;
  const x = point[0] + push[0] * (gap + width / 2), y = point[1] + push[1] * (gap + height / 2);
  const within = (value, half) => Math.max(half + 2, Math.min(side - half - 2, value));
  return { text, font, width, height, x: within(x, width / 2), y: within(y, height / 2) };
}

function overlap(a, b) {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2;
}

function writeLabel(ctx, box, colour, halo) {
  ctx.font = box.font;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 4;
  ctx.strokeStyle = halo;
  ctx.strokeText(box.text, box.x, box.y);
  ctx.fillStyle = colour;
  ctx.fillText(box.text, box.x, box.y);
}

function shortened(name) {
  const letters = [...name];
  return letters.length > 18 ? `${letters.slice(0, 17).join("")}…` : name;
}
