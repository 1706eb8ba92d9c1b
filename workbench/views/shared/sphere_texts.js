// Sentences of the sphere about many points at once: a selection, and a margin cap.

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How many are selected and of which classes, the most frequent first. `undefined` is a row that is not shown. */
function selectionText(labels, classes, shown) {
  const sizes = new Map(), elsewhere = labels.filter((k) => k === undefined).length;
  labels.forEach((k) => { if (k !== undefined) sizes.set(k, (sizes.get(k) ?? 0) + 1); });
  const first = [...sizes].sort((a, b) => b[1] - a[1]);
  const named = first.slice(0, 4).map(([k, n]) => `class ${classes[k].name} (${grouped(n)})`);
  const others = first.length > 4 ? [`${first.length - 4} more`] : [];
  const outside = elsewhere ? ` ${grouped(elsewhere)} of them not shown here.` : "";
  const of = `${grouped(labels.length)} of ${grouped(shown)} points selected`;
  if (labels.length === 0) return "Nothing selected.";
  return `${of}${first.length ? ": " : ""}${[...named, ...others].join(", ")}.${outside}`;
}

/** How large the cap is, to whom the margin is kept, and how many of the class lie within. Angles in radians. */
function capText(margin, nearest, angles, className) {
  if (nearest.class < 0) return "No margin cap: there is no other centre to keep a margin to.";
  const radius = capRadius(margin, nearest.angle), to = `${className(nearest.class)}, ${degrees(nearest.angle)} away`;
  if (Number.isNaN(radius)) return `No margin cap: the margin asks for more than the angle to ${to}.`;
  const inside = angles.filter((angle) => angle <= radius).length;
  const part = `${grouped(inside)} of ${grouped(angles.length)} points lie within`;
  return `Margin cap: θ up to ${degrees(radius)}, for the margin to ${to}; ${part}.`;
}
