"""A view: a payload and the name of the module that draws it, live in a notebook and static in a page."""

import sys
from functools import cached_property
from hashlib import sha256
from html import escape
from typing import Any

from workbench.views.assets import output_script, styles
from workbench.views.payload import to_json

BEGIN, END = "<!--wb:view-->", "<!--/wb:view-->"


class View:
    """What a view function returns; a notebook shows it.

    In JupyterLab it is a live widget. Everything else, a saved notebook and a report included, gets the static
    form: the same drawing code and data inline, without a kernel and without a request.

    Attributes:
        name: the module that draws it, one of `workbench.views.names()`.
        payload: header and blocks, as made by `workbench.views.payload.pack`; the header holds the texts.
        page: the payload of the static form, with less in it where a page can hold less; `payload` by default.
    """

    def __init__(self, name: str, payload: dict[str, Any], *, page: dict[str, Any] | None = None) -> None:
        self.name = name
        self.payload = payload
        self.page = payload if page is None else page

    @property
    def title(self) -> str:
        """What the view shows, in a few words."""
        return str(self.payload["header"]["title"])

    @property
    def caption(self) -> str:
        """How to read it, and what not to conclude."""
        return str(self.payload["header"]["caption"])

    @property
    def summary(self) -> str:
        """What is in it, in one sentence, for those who do not see it."""
        return str(self.payload["header"]["summary"])

    def html(self) -> str:
        """The static fragment: one `<figure>` with its data, drawn by the script of `assets.runtime`.

        It starts with `<!--wb:view-->` and ends with `<!--/wb:view-->`. Data cannot contain either.
        """
        data = to_json(self.page)
        digest = sha256(f"{self.name}{data}".encode()).hexdigest()[:10]
        return (
            f'{BEGIN}<figure class="wb-view" data-wb-view="{self.name}" id="wb-{self.name}-{digest}">'
            f'<figcaption class="wb-head"><span class="wb-title">{escape(self.title)}</span></figcaption>'
            f'<div class="wb-stage"><p class="wb-note">{escape(str(self.page["header"]["summary"]))}</p></div>'
            f'<p class="wb-caption">{escape(self.caption)}</p>'
            f'<script type="application/json" class="wb-payload">{data}</script></figure>{END}'
        )

    @cached_property
    def widget(self) -> Any:
        """The live form, an `anywidget.AnyWidget`, with the state that the views of a page share.

        Its traits are `epoch`, `threshold`, `selection` (the row numbers of the selected points: those of a box or a
        lasso, or one or two pins) and the margins `m1`, `m2`, `m3`, `s` and `sigma`; None where nobody has set one.
        Reading and setting them works both ways.
        """
        from workbench.views.widget import live

        return live(self.name, self.payload)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        page = f"<style>{styles()}</style>{self.html()}{output_script((self.name,))}"
        bundle: dict[str, Any] = {"text/html": page, "text/plain": repr(self)}
        if has_kernel():
            data, _metadata = self.widget._repr_mimebundle_()
            key = "application/vnd.jupyter.widget-view+json"
            bundle[key] = data[key]
        return bundle

    def __repr__(self) -> str:
        return f"<{self.name} view: {self.title}>"


def has_kernel() -> bool:
    """Whether a notebook's kernel is there for a widget to talk to."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None
