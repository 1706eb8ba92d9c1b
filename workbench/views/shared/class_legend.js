// Names beside glyphs; a press brings a class into focus and back. Empty where classes have no colours.

function classLegend({ classes, grey, focus, focusOn }) {
  const entries = grey ? [] : classes.map(({ name }, k) => button(
    name, () => focusOn(focus() === k ? -1 : k), { class: "wb-chip" },
  ));
  const update = (colours) => entries.forEach((entry, k) => {
    const { colour, glyph, name } = classes[k];
    const outline = contrast(colour, colours.paper) < 3 ? colours.ink : null;
    entry.setAttribute("aria-pressed", String(focus() === k));
    entry.replaceChildren(glyphIcon(glyph, focus() === k ? colours.accent : colour, outline), name);
  });
  return { node: element("div", { class: "wb-legend", role: "group", "aria-label": "Classes" }, ...entries), update };
}
