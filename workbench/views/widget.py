"""The live form of a view. Importing this module imports anywidget and ipywidgets."""

from functools import cache
from typing import Any

import anywidget
import traitlets

from workbench.views.assets import bundle, styles


@cache
def _widget_class(name: str) -> type[Any]:
    """One class per view, because anywidget knows a module by its class."""
    return type(
        f"Live_{name}",
        (anywidget.AnyWidget,),
        {
            "__doc__": f"The view {name!r} in a running notebook.",
            "__module__": __name__,
            "_esm": bundle(name),
            "_css": styles(),
            "payload": traitlets.Dict().tag(sync=True),
            "epoch": traitlets.Float(None, allow_none=True).tag(sync=True),
            "threshold": traitlets.Float(None, allow_none=True).tag(sync=True),
            "selection": traitlets.List(traitlets.Int()).tag(sync=True),
        },
    )


def live(name: str, payload: dict[str, Any]) -> Any:
    """Make the widget that draws this payload."""
    return _widget_class(name)(payload=payload)
