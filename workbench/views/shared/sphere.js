// One sphere on one canvas: lines and letters as vectors, marks as pixels, the far side first and faint.

const FAR_SIDE = 0.18;
const MAX_DRAWN_CENTRES = 40;

function createSphere(canvas) {
  const pixels = pixelCanvas(canvas), { ctx, sheet, sheetCtx, stamps } = pixels;
  let side = 0, ratio = 1, target = null, screen = new Float32Array(0), drawn = null, named = [], cells = null;

  function fit() {
    if (!pixels.fit()) return false;
    ({ side, ratio, target } = pixels);
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

  /** Whether a point has a mark: under a density only what is in focus or selected has one. */
  function marked({ labels, density, focus, selected, strong }, i) {
    return !density || labels[i] === focus || (strong && selected[i] === 1);
  }

  /** The marks of one side of the sphere onto the canvas: what is selected last, before it the class in focus. */
  function drawPoints(scene, near, opacity) {
    const { labels, focus, selected, strong, stamps } = scene;
    target.words.fill(0);
    for (let pass = 0; pass < 4; pass++) {
      if ((pass % 2 === 1 && focus < 0) || (pass > 1 && !strong)) continue;
      for (let i = 0; i < labels.length; i++) {
        const k = labels[i], chosen = strong && selected[i] === 1;
        if ((chosen ? 2 : 0) + (focus >= 0 && k === focus ? 1 : 0) !== pass) continue;
        if (isNear(screen[3 * i + 2]) !== near || !marked(scene, i)) continue;
        const of = chosen ? stamps.strong : strong ? stamps.faint : stamps.plain;
        stampInto(target, of[k], screen[3 * i] * ratio - 0.5, screen[3 * i + 1] * ratio - 0.5);
      }
    }
    sheetCtx.putImageData(target.image, 0, 0);
    copySheet(opacity);
  }

  function copySheet(opacity) {
    ctx.globalAlpha = opacity;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(sheet, 0, 0);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.globalAlpha = 1;
  }

  /** The cells of a density, at the resolution of CSS pixels. */
  function drawDensity({ density, cellColours }, basis, centre, R) {
    if (cells?.width !== side) {
      const board = Object.assign(document.createElement("canvas"), { width: side, height: side });
      cells = { width: side, board, ctx: board.getContext("2d"), image: new ImageData(side, side) };
    }
    paintDensity(cells.image, basis, centre, R, density, cellColours, FAR_SIDE);
    cells.ctx.putImageData(cells.image, 0, 0);
    ctx.drawImage(cells.board, 0, 0, side, side);
  }

  function draw(scene) {
    if (!fit()) return;
    drawn = scene;
    const { camera, colours } = scene;
    const basis = cameraBasis(camera), centre = side / 2, R = radius(camera);
    const to = (right, up) => [centre + R * right, centre - R * up];
    const at = ([x, y, z]) => {
      const [right, up, depth] = toScreen(basis, x, y, z);
      return [...to(right, up), depth];
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
    if (scene.density) drawDensity(scene, basis, centre, R);
    drawPoints(scene, false, FAR_SIDE);
    if (scene.cap) drawCap(ctx, scene.cap, basis, at, to, side, colours);
    for (const arrow of arrows) drawShaft(arrow, centre, colours);
    strokePath(ctx, lines.near, colours.line, 1, 1);
    drawPoints(scene, true, 1);
    const arc = drawArc(ctx, scene, at, centre);
    drawHeads(scene, arrows, centre, arc ? [arc] : []);
    if (arc) writeLabel(ctx, arc, colours.ink, colours.paper);
    for (const i of new Set([scene.hovered, ...scene.pins])) {
      if (i >= 0) ring(ctx, screen[3 * i], screen[3 * i + 1], pointRadius(scene, R) + 4, colours);
    }
    if (scene.brush) drawBrush(ctx, scene.brush, colours);
  }

  function pointRadius(scene, R) {
    return Math.max(1.8, Math.min(4.5, (0.62 * R) / Math.sqrt(scene.labels.length || 1)));
  }

  /** Per class: the usual mark, a fainter one, and one that is selected, with a rim of ink. */
  function pointStamps(scene, R) {
    const { colours, focus, classes, strong } = scene, size = Math.round(pointRadius(scene, R) * 8) / 8;
    const all = { plain: [], faint: [], strong: [] };
    classes.forEach((style, k) => {
      const fill = pointColour(scene, k), pale = contrast(fill, colours.paper) < 3 && (focus < 0 || k === focus);
      const rim = pale ? mixed(fill, colours.ink, 0.4) : colours.sphere;
      if (!strong) all.plain.push(stamp(style.glyph, size, fill, rim, 0.9));
      else {
        all.faint.push(stamp(style.glyph, size, mixed(fill, colours.sphere, 0.35), colours.sphere, 0.9));
        all.strong.push(stamp(style.glyph, size + 0.5, fill, colours.ink, 1.25));
      }
    });
    return all;
  }

  /** Centres that are drawn, the nearest to the eye last. */
  function centreArrows(scene, at) {
    const many = scene.classes.length > MAX_DRAWN_CENTRES;
    return scene.classes
      .map((style, k) => ({ k, style, tip: scene.centre(k), strong: scene.focus < 0 || k === scene.focus }))
      .filter(({ k, tip }) => tip && (!many || k === scene.focus || k === scene.rival))
      .map((arrow) => ({
        ...arrow, end: at(arrow.tip),
        colour: arrow.k === scene.rival ? scene.colours.alert : pointColour(scene, arrow.k),
      }))
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
    named = [];
    const toName = scene.grey ? arrows.filter(({ k }) => k === scene.focus || k === scene.rival) : arrows;
    for (const { k, style, end, strong } of [...toName].reverse()) {
      const away = Math.hypot(end[0] - centre, end[1] - centre) || 1;
      const push = [(end[0] - centre) / away, (end[1] - centre) / away];
      const box = label(ctx, shortened(style.name), end, push, side, strong ? 600 : 400);
      if (taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      named.push({ k, box, end });
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
      if (isNear(screen[i + 2]) && distance < nearest && marked(drawn, i / 3)) [found, nearest] = [i / 3, distance];
    }
    return found;
  }

  /** The class whose name or arrow head is at (x, y); -1 without one. */
  function pickClass(x, y) {
    const hit = named.find(({ box, end }) => Math.hypot(end[0] - x, end[1] - y) < 9
      || (Math.abs(box.x - x) <= box.width / 2 + 3 && Math.abs(box.y - y) <= 12));
    return hit ? hit.k : -1;
  }

  /** The near points that a brush holds. */
  function within(brush) {
    const found = [];
    for (let i = 0; i < screen.length; i += 3) {
      if (isNear(screen[i + 2]) && brush.holds(screen[i], screen[i + 1])) found.push(i / 3);
    }
    return found;
  }

  /** The cell of the density at (x, y); -1 beside the ball. */
  function cellAt(x, y) {
    const R = radius(drawn.camera), basis = cameraBasis(drawn.camera);
    const right = (x - side / 2) / R, up = (side / 2 - y) / R, depth = Math.sqrt(1 - right * right - up * up);
    const along = (i) => basis.right[i] * right + basis.up[i] * up + basis.eye[i] * depth;
    return Number.isNaN(depth) ? -1 : drawn.density.grid.cellOf(along(0), along(1), along(2));
  }

  return {
    draw, fit, pick, pickClass, within, cellAt, radius, side: () => side,
    place: (i) => screen.subarray(3 * i, 3 * i + 3),
  };
}

function pointColour(scene, k) {
  if (scene.focus < 0) return scene.grey ? scene.colours.margin : scene.classes[k].colour;
  return k === scene.focus ? scene.colours.accent : mixed(scene.colours.margin, scene.colours.sphere, 0.4);
}
