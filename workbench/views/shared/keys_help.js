// The button that says which keys there are, and what it opens.

function keysHelp(text) {
  const help = element("p", { class: "wb-note", id: uniqueId("keys"), hidden: true }, text);
  const opener = button("Keys", () => {
    help.hidden = !help.hidden;
    opener.setAttribute("aria-expanded", String(!help.hidden));
  }, { "aria-expanded": "false", "aria-controls": help.id });
  return { opener, help };
}
