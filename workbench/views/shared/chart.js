// Pieces of charts and of texts that more than one view draws.

/** A staircase over equal bins, from (left, base) to (right, base); `heights` are y coordinates. */
function staircasePath(heights, left, right, base, closed) {
  const width = (right - left) / heights.length;
  const steps = Array.from(heights, (y, b) => `V${y.toFixed(2)} H${(left + (b + 1) * width).toFixed(2)}`).join(" ");
  return `M${left},${base} ${steps} V${base}${closed ? " Z" : ""}`;
}

/** A share as people read it, with three significant digits; five where three would say 100 % of what is not. */
function shareText(part) {
  if (Number.isNaN(part)) return "–";
  return `${Number((100 * part).toPrecision(part > 0.9995 && part < 1 ? 5 : 3))} %`;
}

function signedText(number, digits = 3) {
  return number.toFixed(digits).replace("-", "−");
}

/** Focus moves by arrows among nodes: the index to go to, or -1. */
function arrowTarget(event, i, count) {
  const moves = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 0, End: count - 1 };
  if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return -1;
  return Math.max(0, Math.min(count - 1, moves[event.key]));
}
