// What every view needs when it opens: its data, its place in the page, the shared state, the theme's colours.

/** Open a view in a live notebook or a static page. Undo everything with `close()`, which `render` returns. */
function openView({ model, el }) {
  const { header, blocks } = decodePayload(model.get("payload"));
  const store = sharedStore();
  const undo = [];
  const live = el.closest("[data-wb-view]") === null;
  const stage = live ? liveFigure(el, header, model.get("view")) : el;
  const voice = element("div", { class: "wb-voice", "aria-live": "polite" });
  stage.replaceChildren();
  if (live) {
    undo.push(followNotebookTheme());
    undo.push(linkTraits(model, store, header.samples ?? ""));
    requestAnimationFrame(() => { if (stage.childElementCount) stage.parentElement.dataset.wbReady = "1"; });
  }
  return {
    model, header, blocks, store, stage, voice,
    announce: (text) => { voice.textContent = text; },
    onClose: (f) => undo.push(f),
    close: () => undo.splice(0).forEach((f) => f()),
  };
}

function liveFigure(el, header, name) {
  const stage = element("div", { class: "wb-stage" });
  el.replaceChildren(
    element(
      "figure",
      {
        class: "wb-view", "data-wb-view": name, "data-wb-mounted": "1", // a static page's script leaves it alone
        "data-lm-suppress-shortcuts": "true", // our keys are not the notebook's
      },
      element("figcaption", { class: "wb-head" }, element("span", { class: "wb-title" }, header.title)),
      stage,
      element("p", { class: "wb-caption" }, header.caption),
    ),
  );
  return stage;
}

/** JupyterLab says on its body whether its theme is light; the system's preference may be another. */
function followNotebookTheme() {
  const follow = () => {
    const light = document.body.dataset.jpThemeLight;
    if (light) document.documentElement.dataset.theme = light === "true" ? "light" : "dark";
  };
  follow();
  const observer = new MutationObserver(follow);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => observer.disconnect();
}

// What the kernel may read and set as it is; the selection has a form of its own.
const PLAIN_TRAITS = ["epoch", "threshold", "m1", "m2", "m3", "s", "sigma"];

/** Keep the kernel's traits the same as the page's state. */
function linkTraits(model, store, samples) {
  const plain = (key) => ({ read: () => store.state[key], patch: (value) => ({ [key]: value }) });
  const traits = {
    ...Object.fromEntries(PLAIN_TRAITS.map((key) => [key, plain(key)])),
    selection: {
      read: () => (store.state.selection?.samples === samples ? store.state.selection.rows : []),
      patch: (rows) => ({ selection: { samples, rows } }),
    },
  };
  const handlers = Object.entries(traits).map(([trait, { patch }]) => {
    const event = `change:${trait}`;
    const handler = () => store.set(patch(model.get(trait)), { source: model });
    model.on(event, handler);
    const value = model.get(trait);
    if (value !== null && value !== undefined && value.length !== 0) handler();
    return () => model.off(event, handler);
  });
  const unsubscribe = store.subscribe((changed, source) => {
    if (source === model) return;
    for (const key of changed) if (key in traits) model.set(key, traits[key].read());
    model.save_changes();
  });
  return () => [unsubscribe, ...handlers].forEach((f) => f());
}

const TOKENS = ["paper", "ink", "muted", "accent", "alert", "genuine", "impostor", "margin", "sphere", "line"];

/** The theme's colours where `node` stands, as "#rrggbb"; those of the page while it stands nowhere. */
function themeColours(node) {
  const style = getComputedStyle(node.isConnected ? node : document.documentElement);
  return Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--wb-${name}`).trim()]));
}

/** Call `f` when the colours may have changed. Returns the way to stop. */
function onThemeChange(f) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(f);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  dark.addEventListener("change", f);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", f);
  };
}

function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
