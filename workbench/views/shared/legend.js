// Names of classes beside their glyphs, as buttons.

/** `press(k)` hears of a pressed name; `show(focus, colours)` draws them anew. No names where all classes are grey. */
function classLegend({ classes, grey, press }) {
  const entries = grey ? [] : classes.map(({ name }, k) => button(name, () => press(k), { class: "wb-chip" }));
  const show = (focus, colours) => entries.forEach((entry, k) => {
    const { colour, glyph, name } = classes[k];
    const outline = contrast(colour, colours.paper) < 3 ? colours.ink : null;
    entry.setAttribute("aria-pressed", String(focus === k));
    entry.replaceChildren(glyphIcon(glyph, focus === k ? colours.accent : colour, outline), name);
  });
  return { node: element("div", { class: "wb-legend", role: "group", "aria-label": "Classes" }, ...entries), show };
}
