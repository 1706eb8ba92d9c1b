// Where very many points lie: counts on cells of equal area, painted pixel by pixel.

/** Cells in bands of latitude, as workbench/views/density.py numbers them. */
function equalAreaGrid(columns) {
  const total = columns.reduce((a, b) => a + b, 0);
  const bandOf = new Uint16Array(total), before = new Uint32Array(columns.length);
  for (let b = 0, cell = 0; b < columns.length; b++) {
    before[b] = cell;
    for (let c = 0; c < columns[b]; c++) bandOf[cell++] = b;
  }
  /** The cell of a direction of length 1. */
  function cellOf(x, y, z) {
    const band = bandOf[Math.max(0, Math.min(total - 1, Math.floor(((1 - z) / 2) * total)))];
    const turn = Math.atan2(y, x) / (2 * Math.PI), part = turn < 0 ? turn + 1 : turn;
    return before[band] + Math.min(columns[band] - 1, Math.floor(part * columns[band]));
  }
  return { total, cellOf };
}

/** The counts of run i: of all classes or one, and the most frequent class of each cell. */
function densityOf(i, { density, classes }, blocks) {
  const grid = equalAreaGrid(density.columns), byClass = density.byClass[i], groups = byClass ? classes.length : 1;
  const [starts, cells, counts] = ["starts", "cells", "counts"].map((name) => blocks[name + i].values);
  let known = null;

  function entries(t, group, take) {
    const part = t * groups + group;
    for (let e = starts[part]; e < starts[part + 1]; e++) take(cells[e], counts[e]);
  }

  function at(t) {
    if (known?.t === t) return known;
    const all = new Uint32Array(grid.total), most = new Uint32Array(grid.total);
    const leader = new Int32Array(grid.total).fill(-1);
    for (let k = 0; k < groups; k++) {
      entries(t, k, (cell, n) => {
        all[cell] += n;
        if (byClass && n > most[cell]) [most[cell], leader[cell]] = [n, k];
      });
    }
    known = { t, all, leader };
    return known;
  }

  function ofClass(t, k) {
    const own = new Uint32Array(grid.total);
    if (byClass && k >= 0) entries(t, k, (cell, n) => { own[cell] = n; });
    return own;
  }

  /** How many of each class a cell holds, most first; one nameless class where classes were counted together. */
  function inCell(t, cell) {
    const found = [];
    for (let k = 0; k < groups; k++) entries(t, k, (c, n) => { if (c === cell) found.push([byClass ? k : -1, n]); });
    return found.sort((a, b) => b[1] - a[1]);
  }

  return { grid, byClass, at, ofClass, inCell, most: density.most };
}

/** The colour of each cell as a "#rrggbb" and an opacity in [0, 1]: the more points the darker, on a log scale. */
function densityColours(density, t, scene) {
  const { classes, colours, focus, grey } = scene;
  const { all, leader } = density.at(t), own = density.ofClass(t, focus);
  const level = (n) => 0.18 + (0.82 * Math.log(n)) / Math.log(Math.max(2, density.most));
  return Array.from(all, (n, cell) => {
    if (n === 0) return null;
    if (own[cell]) return [colours.accent, level(own[cell])];
    if (focus >= 0 || grey || leader[cell] < 0) return [colours.margin, level(n) * (focus >= 0 ? 0.6 : 1)];
    return [classes[leader[cell]].colour, level(n)];
  });
}

/** Paint the ball's cells into an image: near cells, and far ones where no near one is. */
function paintDensity(image, basis, centre, radius, density, cellColours, farOpacity) {
  const { width, height, data } = image, words = new Uint32Array(data.buffer);
  const word = (scale) => Uint32Array.from(cellColours, (c) => {
    if (!c) return 0;
    const [r, g, b] = rgb(c[0]);
    return ((Math.round(255 * c[1] * scale) << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
  const near = word(1), far = word(farOpacity), { cellOf } = density.grid;
  const [rx, ry] = basis.right, [ux, uy, uz] = basis.up, [ex, ey, ez] = basis.eye;
  words.fill(0);
  for (let row = 0; row < height; row++) {
    const up = (centre - row - 0.5) / radius;
    for (let column = 0; column < width; column++) {
      const right = (column + 0.5 - centre) / radius, depth2 = 1 - right * right - up * up;
      if (depth2 < 0) continue;
      const depth = Math.sqrt(depth2), x = rx * right + ux * up, y = ry * right + uy * up, z = uz * up;
      words[row * width + column] = near[cellOf(x + ex * depth, y + ey * depth, z + ez * depth)]
        || far[cellOf(x - ex * depth, y - ey * depth, z - ez * depth)];
    }
  }
}
