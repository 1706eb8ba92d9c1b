// The host of a static page: draws every figure from the data inside it, without a kernel.

/** What the page and the other scripts like this one may use. */
globalThis.workbench ??= { views: {}, csv };

function registerView(name, define) {
  globalThis.workbench.views[name] ??= define();
}

/** What a view asks of a widget's model: here the payload, and nobody to tell of changes. */
function staticModel(payload) {
  return { get: (key) => (key === "payload" ? payload : undefined), set() {}, on() {}, off() {}, save_changes() {} };
}

function mountAll() {
  sharedStore().mirror();
  for (const figure of document.querySelectorAll("figure.wb-view[data-wb-view]:not([data-wb-mounted])")) mount(figure);
}

function mount(figure) {
  const view = globalThis.workbench.views[figure.dataset.wbView];
  if (!view) return; // another script of this page brings it, or it is a chart
  figure.dataset.wbMounted = "1";
  const stage = figure.querySelector(".wb-stage");
  try {
    const payload = JSON.parse(figure.querySelector("script.wb-payload").textContent);
    view.render({ model: staticModel(payload), el: stage });
  } catch (error) {
    figure.dataset.wbError = "1";
    stage.replaceChildren(element("p", { class: "wb-note", role: "alert" }, `This view could not be drawn: ${error.message}`));
  }
  figure.dataset.wbReady = "1";
}
