"""What a notebook is given to show: a widget while there is a kernel, and beside it a page that needs none."""

from collections.abc import Callable, Sequence
from typing import Any

from workbench.views.assets import output_script, styles
from workbench.views.view import View, has_kernel

WIDGET = "application/vnd.jupyter.widget-view+json"


def mimebundle(parts: Sequence[View | str], widget: Callable[[], Any], text: str) -> dict[str, Any]:
    """Return a notebook's output: the static form of views and of HTML of our own, and the widget if there is a kernel.

    Args:
        parts: what the page shows, in this order.
        widget: makes the live form, an ipywidget; called only where a kernel is there for it to talk to.
        text: for a terminal.
    """
    html = "".join(part if isinstance(part, str) else part.html() for part in parts)
    names = tuple(part.name for part in parts if isinstance(part, View))
    page = f"<style>{styles()}</style>{html}{output_script(names)}"
    bundle: dict[str, Any] = {"text/html": page, "text/plain": text}
    if has_kernel():
        bundle[WIDGET] = widget()._repr_mimebundle_()[WIDGET]
    return bundle
