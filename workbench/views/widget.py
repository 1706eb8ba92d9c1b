"""The live form of a view. Importing this module imports anywidget and ipywidgets."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import anywidget
import traitlets

from workbench.views.assets import bundle, styles
from workbench.views.margin_parameters import PARAMETERS


def _number(low: float | None = None, high: float | None = None) -> Any:
    """A number that views share, None until somebody has set it."""
    return traitlets.Float(None, allow_none=True, min=low, max=high)


# What Python shares with the page, for every view alike: shared/open.js keeps both sides the same.
_SHARED: dict[str, Callable[[], Any]] = {
    "epoch": _number,
    "threshold": _number,
    "selection": lambda: traitlets.List(traitlets.Int()),
    **{name: partial(_number, parameter.low, parameter.high) for name, parameter in PARAMETERS.items()},
}


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
            "view": traitlets.Unicode(name).tag(sync=True),
            "payload": traitlets.Dict().tag(sync=True),
            # The latest snapshot of a live sphere, which is not kept: see shared/growth.js.
            "moment": traitlets.Dict().tag(sync=True),
            **{trait: make().tag(sync=True) for trait, make in _SHARED.items()},
        },
    )


def live(name: str, payload: dict[str, Any]) -> Any:
    """Make the widget that draws this payload."""
    return _widget_class(name)(payload=payload)
