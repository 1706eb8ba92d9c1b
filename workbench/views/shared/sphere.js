// One sphere on one canvas: lines and letters as vectors, marks as pixels, the far side first and faint.

const FAR_SIDE = 0.18;
const MAX_DRAWN_CENTRES = 40;

function createSphere(canvas) {
  const ctx = canvas.getContext("2d");
  const sheet = document.createElement("canvas");
  const sheetCtx = sheet.getContext("2d", { willReadFrequently: true });
  const stamps = new Map();
  let side = 0, ratio = 1, target = null, screen = new Float32Array(0);

  /** Take the size that the page gives the canvas. Returns false while it has none. */
  function fit() {
    const wanted = canvas.clientWidth, density = Math.min(2, devicePixelRatio || 1); // finer costs more than it shows
    if (wanted === 0) return false;
    if (wanted === side && density === ratio) return true;
    [side, ratio] = [wanted, density];
    canvas.width = canvas.height = sheet.width = sheet.height = Math.round(side * ratio);
    const image = sheetCtx.createImageData(sheet.width, sheet.height);
    target = { image, width: sheet.width, height: sheet.height, bytes: image.data, words: new Uint32Array(image.data.buffer) };
    stamps.clear();
    return true;
  }

  function radius(camera) {
    return side * 0.445 * camera.zoom;
  }

  function stamp(glyph, size, fill, rim, rimWidth) {
    const key = [glyph, size, fill, rim, rimWidth].join();
    if (!stamps.has(key)) stamps.set(key, makeStamp({ glyph, radius: size * ratio, fill, rim, rimWidth: rimWidth * ratio }));
    return stamps.get(key);
  }

  /** The marks of one side of the sphere, the class in focus last, onto the canvas. */
  function drawPoints(scene, near, opacity) {
    const { labels, focus } = scene;
    target.words.fill(0);
    for (const inFocus of focus < 0 ? [false] : [false, true]) {
      for (let i = 0; i < labels.length; i++) {
        const k = labels[i];
        if ((k === focus) !== inFocus || isNear(screen[3 * i + 2]) !== near) continue;
        stampInto(target, scene.stamps[k], screen[3 * i] * ratio - 0.5, screen[3 * i + 1] * ratio - 0.5);
      }
    }
    sheetCtx.putImageData(target.image, 0, 0);
    ctx.globalAlpha = opacity;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(sheet, 0, 0);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.globalAlpha = 1;
  }

  function draw(scene) {
    if (!fit()) return;
    const { camera, colours } = scene;
    const basis = cameraBasis(camera), centre = side / 2, R = radius(camera);
    const at = ([x, y, z]) => {
      const [right, up, depth] = toScreen(basis, x, y, z);
      return [centre + R * right, centre - R * up, depth];
    };
    if (screen.length !== scene.directions.length) screen = new Float32Array(scene.directions.length);
    projectAll(basis, scene.directions, centre, R, screen);
    scene.stamps = pointStamps(scene, R);
    const arrows = centreArrows(scene, at);

    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, side, side);
    ctx.lineCap = ctx.lineJoin = "round";
    drawBall(ctx, centre, R, colours);
    const lines = graticule(at);
    strokePath(ctx, lines.far, colours.line, 1, 0.45);
    drawPoints(scene, false, FAR_SIDE);
    for (const arrow of arrows) drawShaft(arrow, centre, colours);
    strokePath(ctx, lines.near, colours.line, 1, 1);
    drawPoints(scene, true, 1);
    const arc = drawArc(ctx, scene, at, centre);
    drawHeads(scene, arrows, centre, arc ? [arc] : []);
    if (arc) writeLabel(ctx, arc, colours.ink, colours.paper);
    for (const i of new Set([scene.hovered, ...scene.pins])) {
      if (i >= 0) ring(ctx, screen[3 * i], screen[3 * i + 1], pointRadius(scene, R) + 4, colours);
    }
  }

  function pointRadius(scene, R) {
    return Math.max(1.8, Math.min(4.5, (0.62 * R) / Math.sqrt(scene.labels.length || 1)));
  }

  function pointStamps(scene, R) {
    const size = Math.round(pointRadius(scene, R) * 8) / 8;
    return scene.classes.map((style, k) => {
      const fill = pointColour(scene, k);
      const faint = contrast(fill, scene.colours.paper) < 3 && (scene.focus < 0 || k === scene.focus);
      return stamp(style.glyph, size, fill, faint ? mixed(fill, scene.colours.ink, 0.4) : scene.colours.sphere, 0.9);
    });
  }

  /** Centres that are drawn, the nearest to the eye last. */
  function centreArrows(scene, at) {
    const many = scene.classes.length > MAX_DRAWN_CENTRES;
    return scene.classes
      .map((style, k) => ({ k, style, tip: scene.centre(k), strong: scene.focus < 0 || k === scene.focus }))
      .filter(({ k, tip }) => tip && (!many || k === scene.focus))
      .map((arrow) => ({ ...arrow, colour: pointColour(scene, arrow.k), end: at(arrow.tip) }))
      .sort((a, b) => a.strong - b.strong || a.end[2] - b.end[2]);
  }

  function drawShaft({ colour, end, strong }, centre, { paper, ink }) {
    const path = new Path2D();
    path.moveTo(centre, centre);
    path.lineTo(end[0], end[1]);
    const seen = strong && contrast(colour, paper) < 3 ? mixed(colour, ink, 0.65) : colour;
    strokePath(ctx, path, seen, strong ? 2 : 1, isNear(end[2]) ? 0.9 : 0.35);
  }

  /** The tip of each arrow as a large glyph with its name, front names first, none over another or over `taken`. */
  function drawHeads(scene, arrows, centre, taken) {
    const { colours } = scene;
    for (const { style, colour, end, strong } of arrows) {
      const head = glyphPath(style.glyph, end[0], end[1], strong ? 6 : 4);
      ctx.globalAlpha = isNear(end[2]) ? 1 : 0.35;
      strokePath(ctx, head, colours.paper, 4, ctx.globalAlpha);
      fillPath(ctx, head, colour);
      strokePath(ctx, head, strong ? colours.ink : colours.paper, 1.25, ctx.globalAlpha);
    }
    ctx.globalAlpha = 1;
    const named = scene.grey ? arrows.filter((a) => a.k === scene.focus) : arrows;
    for (const { style, end, strong } of [...named].reverse()) {
      const away = Math.hypot(end[0] - centre, end[1] - centre) || 1;
      const push = [(end[0] - centre) / away, (end[1] - centre) / away];
      const box = label(ctx, shortened(style.name), end, push, side, strong ? 600 : 400);
      if (taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      ctx.globalAlpha = isNear(end[2]) ? 1 : 0.55;
      writeLabel(ctx, box, strong ? colours.ink : colours.muted, colours.paper);
    }
    ctx.globalAlpha = 1;
  }

  /** The near mark at (x, y), within reach; -1 without one. */
  function pick(x, y) {
    let found = -1, nearest = 12 * 12;
    for (let i = 0; i < screen.length; i += 3) {
      const distance = (screen[i] - x) ** 2 + (screen[i + 1] - y) ** 2;
      if (isNear(screen[i + 2]) && distance < nearest) [found, nearest] = [i / 3, distance];
    }
    return found;
  }

  return { draw, fit, pick, radius, place: (i) => screen.subarray(3 * i, 3 * i + 3), side: () => side };
}

function pointColour(scene, k) {
  if (scene.focus < 0) return scene.grey ? scene.colours.margin : scene.classes[k].colour;
  return k === scene.focus ? scene.colours.accent : mixed(scene.colours.margin, scene.colours.sphere, 0.4);
}
