// A flat cloud of marks on a square canvas, that can be moved and enlarged: marks as pixels, letters on top.

const SCATTER_REACH = 0.46; // of the side, from the middle to 1

function createScatter(canvas) {
  const pixels = pixelCanvas(canvas), { ctx, sheet, sheetCtx, stamps } = pixels;
  let side = 0, ratio = 1, target = null, screen = new Float32Array(0);

  function fit() {
    if (!pixels.fit()) return false;
    ({ side, ratio, target } = pixels);
    return true;
  }

  function project({ places }, { x, y, zoom }) {
    if (screen.length !== places.length) screen = new Float32Array(places.length);
    for (let i = 0; i < places.length; i += 2) {
      screen[i] = side / 2 + SCATTER_REACH * side * zoom * (places[i] - x);
      screen[i + 1] = side / 2 - SCATTER_REACH * side * zoom * (places[i + 1] - y);
    }
  }

  function markRadius(scene) {
    return Math.max(2, Math.min(5, (0.3 * side) / Math.sqrt(scene.labels.length || 1))) * Math.min(1.5, scene.window.zoom ** 0.25);
  }

  function stampOf(scene, k, radius) {
    const fill = pointColour(scene, k), { glyph } = scene.classes[k];
    const faint = contrast(fill, scene.colours.paper) < 3 && (scene.focus < 0 || k === scene.focus);
    const rim = faint ? mixed(fill, scene.colours.ink, 0.4) : scene.colours.sphere, size = Math.round(radius * 8) / 8;
    const key = [glyph, size, fill, rim].join();
    if (!stamps.has(key)) stamps.set(key, makeStamp({ glyph, radius: size * ratio, fill, rim, rimWidth: 0.9 * ratio }));
    return stamps.get(key);
  }

  /** Draw classes in focus over the others, then names, then rings around what is hovered or selected. */
  function draw(scene) {
    if (!fit()) return;
    project(scene, scene.window);
    const radius = markRadius(scene), { labels, focus, colours } = scene;
    const looks = scene.classes.map((_, k) => stampOf(scene, k, radius));
    target.words.fill(0);
    for (const inFocus of focus < 0 ? [false] : [false, true]) {
      for (let i = 0; i < labels.length; i++) {
        if ((labels[i] === focus) === inFocus) stampInto(target, looks[labels[i]], screen[2 * i] * ratio - 0.5, screen[2 * i + 1] * ratio - 0.5);
      }
    }
    sheetCtx.putImageData(target.image, 0, 0);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = colours.sphere;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    ctx.drawImage(sheet, 0, 0);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    writeNames(scene);
    for (const i of new Set([...scene.selected, scene.hovered])) {
      if (i >= 0) ring(ctx, screen[2 * i], screen[2 * i + 1], radius + 4, colours);
    }
  }

  /** The name of each class at the middle of its marks, the class in focus first, none over another. */
  function writeNames({ classes, labels, focus, grey, colours }) {
    const shown = grey ? (focus < 0 ? [] : [focus]) : [...classes.keys()].sort((a, b) => (b === focus) - (a === focus));
    const taken = [];
    for (const k of shown) {
      const [x, y] = [0, 1].map((axis) => median(screen.filter((_, j) => j % 2 === axis), (i) => labels[i] === k));
      if (Number.isNaN(x) || x < 0 || y < 0 || x > side || y > side) continue;
      const box = label(ctx, shortened(classes[k].name), [x, y], [0, -1], side, focus < 0 || k === focus ? 600 : 400);
      if (taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      writeLabel(ctx, box, focus < 0 || k === focus ? colours.ink : colours.muted, colours.paper);
    }
  }

  /** The nearest mark within reach of (x, y); -1 without one. */
  function pick(x, y) {
    let found = -1, nearest = 12 * 12;
    for (let i = 0; i < screen.length; i += 2) {
      const distance = (screen[i] - x) ** 2 + (screen[i + 1] - y) ** 2;
      if (distance < nearest) [found, nearest] = [i / 2, distance];
    }
    return found;
  }

  return { draw, fit, pick, place: (i) => screen.subarray(2 * i, 2 * i + 2), side: () => side, unit: (zoom) => SCATTER_REACH * side * zoom };
}

/** A window on [-1, 1] x [-1, 1], enlarged about the place (x, y) on it, and kept near the cloud. */
function movedWindow(window, dx, dy, factor = 1, about = [window.x, window.y]) {
  const zoom = Math.max(1, Math.min(32, window.zoom * factor)), part = 1 - window.zoom / zoom;
  const within = (v) => Math.max(-1, Math.min(1, v));
  return { x: within(window.x + dx + part * (about[0] - window.x)), y: within(window.y + dy + part * (about[1] - window.y)), zoom };
}
