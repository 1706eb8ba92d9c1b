// A box or a lasso that a pointer pulls open, in CSS pixels of its canvas.

function createBrush(shape, x, y) {
  const points = [[x, y]];

  function extend(toX, toY) {
    const [lastX, lastY] = points.at(-1);
    if (shape === "box") points[1] = [toX, toY];
    else if (Math.hypot(toX - lastX, toY - lastY) >= 3) points.push([toX, toY]);
  }

  function corners() {
    if (shape === "lasso") return points;
    const [[ax, ay], [bx, by]] = [points[0], points.at(-1)];
    return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
  }

  return {
    extend,
    /** Whether a pixel is inside, by the number of sides that a ray from it crosses. */
    holds(px, py) {
      const polygon = corners();
      let inside = false;
      for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        const [ax, ay] = polygon[j], [bx, by] = polygon[i];
        if (ay > py !== by > py && px < ax + ((py - ay) / (by - ay)) * (bx - ax)) inside = !inside;
      }
      return inside;
    },
    path() {
      const line = new Path2D();
      corners().forEach(([px, py], i) => line[i ? "lineTo" : "moveTo"](px, py));
      line.closePath();
      return line;
    },
  };
}

function drawBrush(ctx, brush, colours) {
  const path = brush.path(), before = ctx.globalAlpha;
  ctx.globalAlpha = 0.12;
  fillPath(ctx, path, colours.accent);
  ctx.globalAlpha = before;
  strokePath(ctx, path, colours.paper, 3, 0.8);
  ctx.setLineDash([5, 4]);
  strokePath(ctx, path, colours.ink, 1.5, 1);
  ctx.setLineDash([]);
}

/** Rows after a brush: those brushed, or those before and these, or those before without these. */
function brushedRows(before, rows, how) {
  if (how === "replace") return rows;
  const brushed = new Set(rows);
  return how === "add" ? [...new Set([...before, ...rows])] : before.filter((row) => !brushed.has(row));
}
