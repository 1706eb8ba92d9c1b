// Marks, written pixel by pixel: each glyph is drawn once per colour and quarter pixel, then only copied.

// Vertices at unit size, scaled to look equally large; the circle has none.
const GLYPH_POLYGONS = {
  circle: null,
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  "triangle-up": [[0, -1.35], [1.25, 0.85], [-1.25, 0.85]],
  "triangle-down": [[0, 1.35], [-1.25, -0.85], [1.25, -0.85]],
  cross: plus(1.3, 0.48, 0),
  x: plus(1.4, 0.48, Math.PI / 4),
  star: Array.from({ length: 10 }, (_, i) => polar(i % 2 ? 0.66 : 1.5, (i * Math.PI) / 5 - Math.PI / 2)),
};

function polar(radius, angle) {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

function plus(length, width, turn) {
  const corner = [[width, -width], [width, -length], [-width, -length]];
  return [3, 2, 1, 0].flatMap((quarter) => corner.map(([x, y]) => {
    const angle = turn + (quarter * Math.PI) / 2;
    return [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];
  }));
}

/** Signed distance in pixels to the glyph's edge, below 0 inside. */
function glyphDistance(glyph, radius, x, y) {
  const polygon = GLYPH_POLYGONS[glyph];
  if (!polygon) return Math.hypot(x, y) - radius;
  let nearest = Infinity, inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const ax = polygon[j][0] * radius, ay = polygon[j][1] * radius;
    const ex = polygon[i][0] * radius - ax, ey = polygon[i][1] * radius - ay;
    const along = Math.max(0, Math.min(1, ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)));
    nearest = Math.min(nearest, Math.hypot(x - ax - along * ex, y - ay - along * ey));
    if (ay > y !== ay + ey > y && x < ax + (ex * (y - ay)) / ey) inside = !inside;
  }
  return inside ? -nearest : nearest;
}

/** A glyph with a rim, in device pixels: 16 small RGBA images, one for each quarter pixel in x and y. */
function makeStamp({ glyph, radius, fill, rim, rimWidth }) {
  const reach = Math.ceil(radius * 1.5 + rimWidth + 1), side = 2 * reach + 1;
  const inner = rgb(fill), outer = rgb(rim);
  const images = Array.from({ length: 16 }, (_, phase) => {
    const image = new Uint8ClampedArray(side * side * 4);
    for (let i = 0; i < side * side; i++) {
      const x = (i % side) - reach - (phase % 4) / 4, y = Math.floor(i / side) - reach - Math.floor(phase / 4) / 4;
      const distance = glyphDistance(glyph, radius, x, y);
      const cover = Math.max(0, Math.min(1, 0.5 - distance)), all = Math.max(0, Math.min(1, 0.5 - distance + rimWidth));
      for (let c = 0; c < 3; c++) image[4 * i + c] = all ? (inner[c] * cover + outer[c] * (all - cover)) / all : 0;
      image[4 * i + 3] = 255 * all;
    }
    return image;
  });
  return { reach, side, images, words: images.map((image) => new Uint32Array(image.buffer)) };
}

/** Copy a stamp into an image at (x, y), the centre of pixel (0, 0) being (0, 0). Opaque pixels overwrite. */
function stampInto(target, stamp, x, y) {
  const qx = Math.round(x * 4), qy = Math.round(y * 4);
  const left = (qx >> 2) - stamp.reach, top = (qy >> 2) - stamp.reach, phase = (qy & 3) * 4 + (qx & 3);
  const image = stamp.images[phase], words = stamp.words[phase], side = stamp.side;
  const { width, height, bytes, words: out } = target;
  if (left < 0 || top < 0 || left + side > width || top + side > height) return;
  for (let row = 0, i = 0; row < side; row++) {
    for (let o = (top + row) * width + left, end = o + side; o < end; o++, i++) {
      const alpha = image[4 * i + 3];
      if (alpha === 0) continue;
      const under = bytes[4 * o + 3];
      if (alpha === 255 || under === 0) { out[o] = words[i]; continue; }
      const below = (under * (255 - alpha)) / 255, sum = alpha + below;
      for (let c = 0; c < 3; c++) bytes[4 * o + c] = (image[4 * i + c] * alpha + bytes[4 * o + c] * below) / sum;
      bytes[4 * o + 3] = sum;
    }
  }
}

function rgb(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

function mixed(one, other, part) {
  const a = rgb(one), b = rgb(other);
  return `#${a.map((v, i) => Math.round(v * part + b[i] * (1 - part)).toString(16).padStart(2, "0")).join("")}`;
}

/** WCAG contrast ratio of two colours. */
function contrast(one, other) {
  const luminance = (colour) => {
    const [r, g, b] = rgb(colour).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** The same glyph as an outline, for single large marks. */
function glyphPath(glyph, x, y, radius) {
  const path = new Path2D(), polygon = GLYPH_POLYGONS[glyph];
  if (!polygon) path.arc(x, y, radius, 0, 2 * Math.PI);
  else polygon.forEach(([px, py], i) => path[i ? "lineTo" : "moveTo"](x + radius * px, y + radius * py));
  path.closePath();
  return path;
}

/** The same glyph as an SVG element, for legends. */
function glyphIcon(glyph, fill, outline) {
  const polygon = GLYPH_POLYGONS[glyph];
  const attributes = { fill, stroke: outline ?? "none", "stroke-width": 0.25 };
  const shape = polygon ? svg("polygon", { ...attributes, points: polygon.map((p) => p.join(",")).join(" ") })
    : svg("circle", { ...attributes, r: 1 });
  return svg("svg", { viewBox: "-1.7 -1.7 3.4 3.4", width: 14, height: 14, "aria-hidden": "true" }, shape);
}
