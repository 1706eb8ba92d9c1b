// Sliders of the margins: one set of numbers for all views of a page, in the store and in its address.

const MARGIN_SLIDERS = {
  m1: { name: "m₁ factor", show: (m) => `× ${m.toFixed(2)}` },
  m2: { name: "m₂ angle", show: (m) => `${m.toFixed(2)} rad, ${degrees(m)}` },
  m3: { name: "m₃ cosine", show: (m) => m.toFixed(2) },
  s: { name: "s scale", show: (s) => String(s) },
  sigma: { name: "σ spread", show: (sigma) => sigma.toFixed(3) },
};

/** `given` is { m1: { value, low, high, step }, ... }: where this view starts while nobody has moved anything. */
function marginSliders(view, given) {
  const { store } = view;
  const names = Object.keys(given);
  const value = (name) => {
    const { value: start, low, high } = given[name];
    return Math.max(low, Math.min(high, store.state[name] ?? start));
  };
  const sliders = Object.fromEntries(names.map((name) => {
    const { low, high, step } = given[name], { name: label, show } = MARGIN_SLIDERS[name];
    const choose = (commit) => store.set({ [name]: Number(sliders[name].input.value) }, { commit });
    return [name, slider({
      name: label, min: low, max: high, step, value: value(name), show,
      oninput: () => choose(false), onchange: () => choose(true),
    })];
  }));
  return {
    rows: names.map((name) => sliders[name].row),
    values: () => Object.fromEntries(names.map((name) => [name, value(name)])),
    update: () => names.forEach((name) => sliders[name].set(value(name))),
    /** Take the sliders that move nothing shown out of use. */
    use: (used) => names.forEach((name) => { sliders[name].input.disabled = !used.has(name); }),
    moved: (changed) => names.some((name) => changed.includes(name)),
    reset: () => store.set(Object.fromEntries(names.map((name) => [name, given[name].value]))),
  };
}
