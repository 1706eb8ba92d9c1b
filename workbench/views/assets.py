"""The JavaScript and CSS of the views, joined for their two hosts: a live widget and a static page.

A view's source is plain top-level declarations and one last line, `export default { render };`. The files in
`shared/` are declarations alone, without import or export, so joining is concatenation.
"""

import base64
import gzip
from functools import cache
from importlib.resources import files

from workbench.checks import unknown_name
from workbench.theme import css_variables

EXPORT = "export default { render };"
_FOLDER = files("workbench.views")


@cache
def names() -> tuple[str, ...]:
    """The views that exist, sorted."""
    return tuple(sorted(file.name[:-3] for file in _FOLDER.iterdir() if file.name.endswith(".js")))


@cache
def styles() -> str:
    """The CSS of all views, with the theme's variables."""
    return css_variables() + (_FOLDER / "views.css").read_text(encoding="utf-8")


@cache
def bundle(name: str) -> str:
    """One view as one ES module: the shared declarations, then the view with its export.

    Raises:
        ValueError: there is no such view.
    """
    return _shared() + _source(name)


@cache
def runtime(views: tuple[str, ...]) -> str:
    """The script of a static page: shared code once, the named views, and the host that mounts every figure.

    Each view's single export line becomes the `return` of a function, so that views share one scope without
    their names meeting; `globalThis.workbench.views[name]` is what a view would have exported.

    Args:
        views: names of views; each is included once.

    Raises:
        ValueError: there is no such view.
    """
    scripts = [_shared(), (_FOLDER / "static" / "host.js").read_text(encoding="utf-8")]
    for name in sorted(set(views)):
        body = as_function_body(_source(name), name)
        scripts.append(f"registerView({name!r}, () => {{\n{body}\n}});\n")
    text = "(() => {\n'use strict';\n" + "\n".join(scripts) + "\nmountAll();\n})();\n"
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError("The views' JavaScript must not contain '</script' or '<!--': it is written inline.")
    return text


_INFLATED = """<script type="module">
const bytes = Uint8Array.from(atob("%s"), (letter) => letter.charCodeAt(0));
const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const script = document.createElement("script");
script.textContent = await new Response(inflated).text();
document.head.append(script);
script.remove();
</script>"""


@cache
def output_script(views: tuple[str, ...]) -> str:
    """The script element of a notebook's output: that of a static page, compressed, since every output has its own.

    Args:
        views: names of views; each is included once.

    Raises:
        ValueError: there is no such view.
    """
    packed = gzip.compress(runtime(tuple(sorted(set(views)))).encode(), 9, mtime=0)
    return _INFLATED % base64.b64encode(packed).decode("ascii")


def as_function_body(source: str, name: str) -> str:
    """Turn a view's module into the body of a function that returns what the module exports.

    Raises:
        ValueError: the export is not exactly one, on the last line.
    """
    body, export, rest = source.rstrip().rpartition(EXPORT)
    lines = body.splitlines()
    others = [line for line in lines if line.startswith(("export ", "import "))]
    if not export or rest or others or (body and not body.endswith("\n")):
        raise ValueError(f"The view {name!r} must have one export and no import: {EXPORT!r} as its last line.")
    return body + "return { render };"


def _shared() -> str:
    sources = sorted((f for f in (_FOLDER / "shared").iterdir() if f.name.endswith(".js")), key=lambda f: f.name)
    return "".join(f"// shared/{f.name}\n{f.read_text(encoding='utf-8')}\n" for f in sources)


def _source(name: str) -> str:
    if name not in names():
        raise ValueError(unknown_name("view", name, names()))
    return (_FOLDER / f"{name}.js").read_text(encoding="utf-8")
