// Elements, made without markup: what comes from data is text, never HTML.

let elementCount = 0;

function uniqueId(prefix) {
  elementCount += 1;
  return `wb-${prefix}-${elementCount}`;
}

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (onclick: f) and children; strings become text. */
function element(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function button(text, onclick, attributes = {}) {
  return element("button", { type: "button", class: "wb-button", onclick, ...attributes }, text);
}

/** A range input with its name before it and its value after it. `show` turns the number into text. */
function slider({ name, min, max, step, value, show, oninput, onchange }) {
  const id = uniqueId("slider");
  const output = element("output", { for: id, class: "wb-value" });
  const input = element("input", { type: "range", id, min, max, step, oninput, onchange });
  const set = (number) => {
    input.value = number;
    output.textContent = show(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  set(value);
  return { row: element("div", { class: "wb-slider" }, element("label", { for: id }, name), input, output), input, set };
}

function select({ name, options, value, onchange }) {
  const id = uniqueId("select");
  const input = element(
    "select",
    { id, onchange: () => onchange(input.value) },
    ...options.map(([key, text]) => element("option", { value: key }, text)),
  );
  const set = (key) => { input.value = key; };
  set(value);
  return { row: element("div", { class: "wb-select" }, element("label", { for: id }, name), input), input, set };
}

/**
 * The numbers behind a figure: a table that opens, and the same as CSV. `content()` is asked while it is open. The
 * table has at most so many rows, the CSV all.
 */
function dataDisclosure({ columns, content, file, title = "Data", most = 500 }) {
  const body = element("tbody");
  const link = element("a", { class: "wb-download", download: file }, "Download CSV");
  const table = element(
    "table",
    { class: "wb-table" },
    element("thead", {}, element("tr", {}, ...columns.map((c) => element("th", { scope: "col" }, c)))),
    body,
  );
  const box = element("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": title }, table);
  const rest = element("p", { class: "wb-note" });
  const details = element("details", { class: "wb-data", ontoggle: update }, element("summary", {}, title), box, rest, link);
  function update() {
    if (!details.open) return;
    const rows = content();
    rest.textContent = rows.length > most ? `${rows.length - most} more rows in the CSV.` : "";
    body.replaceChildren(...rows.slice(0, most).map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, String(cell))))));
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(csv([columns, ...rows]))}`;
  }
  return { details, update };
}

/** Rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe, which makes it text there. */
function csv(rows) {
  const plain = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value));
  const cell = (value) => (/[",\n\r]/.test(plain(value)) ? `"${plain(value).replaceAll('"', '""')}"` : plain(value));
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** One tile of a sprite, at least 48 px wide. */
function thumbnail({ uri, columns, rows, width, height }, i) {
  const scale = Math.max(1, Math.round(64 / width)), node = element("div", { class: "wb-thumb" });
  Object.assign(node.style, {
    width: `${width * scale}px`, height: `${height * scale}px`,
    backgroundImage: `url("${uri}")`, backgroundSize: `${columns * width * scale}px ${rows * height * scale}px`,
    backgroundPosition: `${-(i % columns) * width * scale}px ${-Math.floor(i / columns) * height * scale}px`,
  });
  return node;
}

/** Tell `pick(event, commit)` of a pointer that is pressed on an element and drawn over it; it commits when let go. */
function onDrag(node, pick) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    pick(event, false);
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && pick(event, false));
  node.addEventListener("pointerup", (event) => pick(event, true));
}
