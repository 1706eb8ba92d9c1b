// One circle on one canvas: margins inside, marks on it, a histogram outside.

const RING = { radius: 0.325, histogram: 0.115, foot: 0.022, bins: 180 };

function createRing(canvas) {
  const pixels = pixelCanvas(canvas), { ctx, sheet, sheetCtx, stamps } = pixels;
  let side = 0, ratio = 1, target = null, screen = new Float32Array(0);

  function fit() {
    if (!pixels.fit()) return false;
    ({ side, ratio, target } = pixels);
    return true;
  }

  const radius = () => side * RING.radius;
  const at = (angle, r) => [side / 2 + r * Math.cos(angle), side / 2 - r * Math.sin(angle)];

  function draw(scene) {
    if (!fit()) return;
    const R = radius(), { colours } = scene;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, side, side);
    ctx.lineCap = ctx.lineJoin = "round";
    const disc = sector(0, 2 * Math.PI, 0, R);
    fillPath(ctx, disc, colours.sphere);
    for (const wedge of scene.wedges) drawWedge(wedge, R, colours);
    strokePath(ctx, disc, colours.margin, 1, 0.6);
    for (const { boundary } of scene.gaps) {
      const line = new Path2D();
      segment(line, at(boundary, 0.2 * R), at(boundary, R));
      strokePath(ctx, line, colours.muted, 1, 0.9);
    }
    drawHistogram(scene, R);
    for (const arc of scene.arcs) drawAngle(arc, R, colours);
    for (const { name, boundary, band } of scene.wedges) {
      if (name) writeSmall(name, boundary, ((band[0] + band[1]) / 2) * R, colours);
    }
    const arrows = shownCentres(scene);
    for (const arrow of arrows) drawArrow(arrow, R, colours);
    drawMarks(scene, R);
    drawNames(scene, arrows, R);
    for (const i of new Set([scene.hovered, ...scene.pins])) {
      if (i >= 0) ring(ctx, screen[2 * i], screen[2 * i + 1], markRadius(scene) + 4, colours);
    }
  }

  /** Between two angles and two radii, counterclockwise. */
  function sector(from, to, inner, outer) {
    const path = new Path2D(), centre = side / 2;
    path.arc(centre, centre, outer, -from, -to, true);
    if (inner) path.arc(centre, centre, inner, -to, -from, false);
    else if (to - from < 2 * Math.PI) path.lineTo(centre, centre);
    path.closePath();
    return path;
  }

  function drawWedge({ boundary, half, soft, band, lean }, R, colours) {
    const [inner, outer] = band.map((part) => part * R);
    ctx.globalAlpha = 0.22;
    fillPath(ctx, sector(boundary - soft, boundary + soft, inner, outer), colours.margin);
    ctx.globalAlpha = 1;
    if (half <= 0) return;
    const path = sector(boundary - half, boundary + half, inner, outer), lines = new Path2D();
    for (let x = -side; x < 2 * side; x += 5) segment(lines, [x, 0], [x + lean * side, side]);
    ctx.save();
    ctx.clip(path);
    strokePath(ctx, lines, colours.margin, 1.25, 1);
    ctx.restore();
    strokePath(ctx, path, colours.margin, 1, 1);
  }

  /** Counts of all classes stacked outwards, to the height of the fullest bin. */
  function drawHistogram(scene, R) {
    const foot = R + RING.foot * side, height = RING.histogram * side, width = (2 * Math.PI) / RING.bins;
    const bins = histogram(scene), most = Math.max(1, ...bins.map((bin) => bin.reduce((a, b) => a + b, 0)));
    const dense = bins.length ? bins[0].length : 0;
    for (let b = 0; b < RING.bins; b++) {
      let below = 0;
      for (let k = 0; k < dense; k++) {
        if (!bins[b][k]) continue;
        const [low, high] = [below, below + bins[b][k]].map((count) => foot + (height * count) / most);
        const path = sector(b * width + 0.002, (b + 1) * width - 0.002, low, high);
        fillPath(ctx, path, scene.fills[k]);
        if (scene.faint[k]) strokePath(ctx, path, scene.colours.ink, 0.5, 0.7);
        below += bins[b][k];
      }
    }
  }

  function histogram({ directions, labels, classes }) {
    const bins = Array.from({ length: RING.bins }, () => new Uint32Array(classes.length));
    for (let i = 0; i < labels.length; i++) {
      const turn = Math.atan2(directions[3 * i + 1], directions[3 * i]) / (2 * Math.PI);
      bins[Math.min(RING.bins - 1, Math.floor((turn < 0 ? turn + 1 : turn) * RING.bins))][labels[i]] += 1;
    }
    return bins;
  }

  function markRadius(scene) {
    return Math.max(2.2, Math.min(5, 60 / Math.sqrt(scene.labels.length || 1)));
  }

  function stamp(glyph, fill, faint, scene) {
    const size = Math.round(markRadius(scene) * 8) / 8;
    const rim = faint ? mixed(fill, scene.colours.ink, 0.4) : scene.colours.paper;
    const key = [glyph, size, fill, rim].join();
    if (!stamps.has(key)) stamps.set(key, makeStamp({ glyph, radius: size * ratio, fill, rim, rimWidth: 0.9 * ratio }));
    return stamps.get(key);
  }

  function drawMarks(scene, R) {
    const { labels, directions, focus } = scene;
    const looks = scene.classes.map(({ glyph }, k) => stamp(glyph, scene.fills[k], scene.faint[k], scene));
    if (screen.length !== 2 * labels.length) screen = new Float32Array(2 * labels.length);
    target.words.fill(0);
    for (const inFocus of focus < 0 ? [false] : [false, true]) {
      for (let i = 0; i < labels.length; i++) {
        if ((labels[i] === focus) !== inFocus) continue;
        [screen[2 * i], screen[2 * i + 1]] = at(Math.atan2(directions[3 * i + 1], directions[3 * i]), R);
        stampInto(target, looks[labels[i]], screen[2 * i] * ratio - 0.5, screen[2 * i + 1] * ratio - 0.5);
      }
    }
    sheetCtx.putImageData(target.image, 0, 0);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(sheet, 0, 0);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Centres that are drawn, the class in focus last. */
  function shownCentres(scene) {
    const many = scene.classes.length > MAX_DRAWN_CENTRES;
    const strong = (k) => scene.focus < 0 || k === scene.focus;
    return scene.classes
      .map((style, k) => ({ k, style, tip: scene.centre(k), strong: strong(k) }))
      .filter(({ k, tip }) => tip && (!many || k === scene.focus))
      .map((arrow) => ({ ...arrow, angle: Math.atan2(arrow.tip[1], arrow.tip[0]), colour: scene.fills[arrow.k] }))
      .sort((a, b) => a.strong - b.strong);
  }

  function drawArrow({ angle, colour, strong }, R, { paper, ink, sphere }) {
    const shaft = new Path2D(), head = new Path2D(), [x, y] = at(angle, R - 7);
    const seen = contrast(colour, paper) < 3 && strong ? mixed(colour, ink, 0.65) : colour;
    segment(shaft, at(angle, 0), at(angle, R - 14));
    strokePath(ctx, shaft, sphere, strong ? 4 : 2, 0.8);
    strokePath(ctx, shaft, seen, strong ? 2 : 1, 0.95);
    for (const turn of [angle + 2.7, angle - 2.7]) {
      segment(head, [x, y], [x + 11 * Math.cos(turn), y - 11 * Math.sin(turn)]);
    }
    strokePath(ctx, head, seen, strong ? 2.5 : 1.25, 0.95);
  }

  function drawNames(scene, arrows, R) {
    const { colours } = scene, taken = [], out = R + (RING.foot + RING.histogram) * side;
    for (const { k, angle, style, strong } of [...arrows].reverse()) {
      if (scene.grey && k !== scene.focus) continue;
      const outwards = [Math.cos(angle), -Math.sin(angle)];
      const box = label(ctx, shortened(style.name), at(angle, out - 6), outwards, side, strong ? 600 : 400);
      if (taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      writeLabel(ctx, box, strong ? colours.ink : colours.muted, colours.paper);
    }
  }

  /** An angle, counterclockwise where `size` is above 0, as a line along the circle at a part of its radius. */
  function drawAngle({ from, size, part, colour, text }, R, { ink, sphere }) {
    const path = new Path2D();
    path.arc(side / 2, side / 2, part * R, -from, -(from + size), size > 0);
    strokePath(ctx, path, sphere, 6, 0.9);
    strokePath(ctx, path, colour, 3, 1);
    if (text) writeSmall(text, from + size / 2, 0.47 * R, { ink, sphere });
  }

  function writeSmall(text, angle, r, { ink, sphere }) {
    const [x, y] = at(angle, r);
    writeLabel(ctx, { text, font: `600 12px ${getComputedStyle(canvas).fontFamily}`, x, y }, ink, sphere);
  }

  /** The mark at (x, y), within reach; -1 without one. */
  function pick(x, y) {
    let found = -1, nearest = 14 * 14;
    for (let i = 0; i < screen.length; i += 2) {
      const distance = (screen[i] - x) ** 2 + (screen[i + 1] - y) ** 2;
      if (distance < nearest) [found, nearest] = [i / 2, distance];
    }
    return found;
  }

  return { draw, fit, pick, place: (i) => screen.subarray(2 * i, 2 * i + 2), side: () => side };
}
