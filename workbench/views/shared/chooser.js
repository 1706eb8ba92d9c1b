// A list to search by typing, for more names than a menu can hold.

const MAX_OFFERED = 50;

/** `options` are [key, text] pairs; an empty text chooses `none`. `missing(text)` is told of what nobody is called. */
function chooser({ name, options, value, none, onchange, missing }) {
  const id = uniqueId("chooser"), list = element("datalist", { id: `${id}-list` });
  let current = value;
  const folded = (text) => text.trim().toLowerCase();
  const matches = (text) => options.filter(([, option]) => folded(option).includes(folded(text)));
  const offer = (text) => list.replaceChildren(
    ...matches(text).slice(0, MAX_OFFERED).map(([, option]) => element("option", { value: option })),
  );
  const input = element("input", {
    id, type: "text", list: list.id, autocomplete: "off", spellcheck: "false", placeholder: "type a name",
    onfocus: () => { input.select(); offer(""); },
    oninput: () => offer(input.value),
    onchange: choose,
    onblur: show,
  });

  function choose() {
    const text = input.value, same = options.find(([, option]) => folded(option) === folded(text));
    const [key] = text.trim() === "" ? [none] : same ?? matches(text)[0] ?? [undefined];
    if (key === undefined) return void missing(text);
    onchange(key);
    set(key);
    show();
  }

  function show() {
    input.value = options.find(([key]) => key === current)?.[1] ?? "";
  }

  function set(key) {
    current = key;
    if (document.activeElement !== input) show(); // nobody's typing is overwritten
  }

  show();
  offer("");
  return { row: element("div", { class: "wb-select" }, element("label", { for: id }, name), input, list), input, set };
}
