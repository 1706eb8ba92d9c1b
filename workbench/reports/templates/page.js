// The page around the views: its theme, its charts, and the tables of their numbers.
"use strict";
(() => {
  const store = globalThis.__workbench;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const templates = JSON.parse(document.getElementById("wb-templates").textContent);
  const figures = [...document.querySelectorAll("figure.wb-plot")];

  const isDark = () => (store.state.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const template = () => templates[isDark() ? "wb-dark" : "wb-light"];
  const drawn = new Map(); // what each chart shows, in the colours of the light theme

  function themed() {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    for (const [chart, { data, layout }] of drawn) globalThis.Plotly.react(chart, ...inTheme(data, layout));
  }

  /** A figure in the theme in force: its template, and for each colour of the light colourway the one in its place. */
  function inTheme(data, layout) {
    const themed = { ...layout, template: template(), uirevision: "page" }; // what people zoomed and hid stays so
    if (layout.meta?.classes) return [data, themed];
    const colours = templates["wb-light"].layout.colorway.flatMap((light, place) => {
      const dark = template().layout.colorway[place];
      return [[light.toLowerCase(), dark], [channels(light), channels(dark)]];
    });
    const inPlace = (text) => {
      const [from, to] = colours.find(([light]) => text.toLowerCase().startsWith(light)) ?? ["", ""];
      return to + text.slice(from.length);
    };
    const walk = (value, name) => {
      if (typeof value === "string") return /color$/.test(name) ? inPlace(value) : value;
      if (Array.isArray(value)) return value.map((each) => walk(each, name));
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, key === "template" ? each : walk(each, key)]));
    };
    return [walk(data, ""), walk(themed, "")];
  }

  /** "#0072B2" as bands of some opacity begin with it: "rgba(0,114,178,". */
  function channels(colour) {
    return `rgba(${[1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).join()},`;
  }

  async function inflated(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  async function drawCharts() {
    const holder = document.getElementById("wb-plotly");
    if (!holder) return;
    const script = document.createElement("script");
    script.nonce = document.currentScript?.nonce ?? document.querySelector("script[nonce]").nonce;
    script.textContent = await inflated(holder.textContent);
    document.head.append(script);
    holder.remove();
    for (const figure of figures) {
      try {
        await drawChart(figure);
      } catch (error) {
        figure.dataset.wbError = "1";
        figure.querySelector(".wb-chart").textContent = `This chart could not be drawn: ${error.message}`;
      }
      figure.dataset.wbReady = "1";
    }
  }

  async function drawChart(figure) {
    const { data, layout } = JSON.parse(figure.querySelector("script").textContent);
    const chart = figure.querySelector(".wb-chart");
    // No button may send faces to somebody's cloud.
    const config = { responsive: true, displaylogo: false, showSendToCloud: false, displayModeBar: "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
    drawn.set(chart, { data, layout });
    await globalThis.Plotly.newPlot(chart, ...inTheme(data, layout), config);
    const details = figure.querySelector("details");
    details.addEventListener("toggle", () => details.querySelector("table") || addTable(details, chart), { once: true });
  }

  function addTable(details, chart) {
    const rows = [["series", "x", "y"]];
    for (const trace of chart._fullData) {
      if (!trace.x || !trace.y || trace.visible === false) continue;
      for (let i = 0; i < trace.x.length; i++) rows.push([trace.name ?? "", trace.x[i], trace.y[i]]);
    }
    const shown = rows.slice(0, 201);
    const table = document.createElement("table");
    for (const [index, row] of shown.entries()) {
      const line = table.insertRow();
      for (const value of row) {
        const cell = document.createElement(index ? "td" : "th");
        cell.textContent = typeof value === "number" ? Number(value.toPrecision(4)) : value;
        line.append(cell);
      }
    }
    const note = document.createElement("p");
    note.textContent = rows.length > shown.length ? `The first 200 of ${rows.length - 1} rows. ` : "";
    const link = document.createElement("a");
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(globalThis.workbench.csv(rows))}`;
    link.download = `${details.closest("figure").dataset.wbView}.csv`;
    link.textContent = "All rows as CSV";
    note.append(link);
    details.append(note, table);
  }

  /** What scrolls sideways can be reached with the keyboard, and is said to. */
  function reachable(box) {
    const scrolls = box.scrollWidth > box.clientWidth;
    const attributes = { tabindex: "0", role: "group", "aria-label": box.matches("pre") ? "Text, wide" : "Table, wide" };
    for (const [name, value] of Object.entries(attributes)) {
      if (scrolls) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  }

  /** A button above what people take along. Where the browser keeps its clipboard, the text is selected instead. */
  function copyable(text) {
    const copy = document.createElement("button");
    Object.assign(copy, { type: "button", className: "copy", textContent: "Copy" });
    copy.setAttribute("aria-live", "polite");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(text);
        copy.textContent = "Selected: press Ctrl C";
      }
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
    text.before(copy);
  }

  document.querySelectorAll("pre.copied").forEach(copyable);
  const wide = new ResizeObserver((entries) => entries.forEach(({ target }) => reachable(target)));
  document.querySelectorAll(".wide, pre").forEach((box) => wide.observe(box));
  button.addEventListener("click", () => store.set({ theme: isDark() ? "light" : "dark" }));
  store.subscribe((changed) => changed.includes("theme") && themed());
  system.addEventListener("change", themed);
  addEventListener("beforeprint", () => document.querySelectorAll("details:not(.code)").forEach((d) => (d.open = true)));
  themed();
  drawCharts().finally(() => (document.documentElement.dataset.wbReady = "1"));
})();
