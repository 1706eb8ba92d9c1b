import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from workbench import views
from workbench.views import view as module
from workbench.views.payload import pack

HOSTILE = '</script><!--/wb:view--><img src=x onerror="alert(1)">'


@pytest.fixture
def view() -> views.View:
    header = {"title": HOSTILE, "caption": "c & d", "summary": "s", "runs": [{"name": HOSTILE}]}
    ones = np.ones(4)
    return views.View("pair_similarity", pack(header, genuine0=ones, impostor0=ones))


def test_texts(view: views.View) -> None:
    assert (view.title, view.caption, view.summary) == (HOSTILE, "c & d", "s")


def test_the_fragment_can_be_found_again(view: views.View) -> None:
    html = view.html()
    assert html.startswith(module.BEGIN)
    assert html.endswith(module.END)
    assert html.count(module.BEGIN) == html.count(module.END) == 1
    assert html.lower().count("</script") == 1
    assert "<img" not in html
    page = view._repr_mimebundle_()["text/html"]
    assert page.count(html) == 1
    assert page.index(module.BEGIN) == page.index(html)


def test_the_same_view_has_the_same_fragment(view: views.View) -> None:
    again = views.View(view.name, dict(view.payload))
    assert again.html() == view.html()


def test_without_a_kernel_only_the_static_form(view: views.View) -> None:
    assert set(view._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_with_a_kernel_also_the_live_form(view: views.View, monkeypatch: pytest.MonkeyPatch) -> None:
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(
        views.View, "widget", SimpleNamespace(_repr_mimebundle_=lambda: ({LIVE: {"model_id": "7"}}, {}))
    )
    bundle = view._repr_mimebundle_()
    assert bundle[LIVE] == {"model_id": "7"}
    assert view.html() in bundle["text/html"]


LIVE = "application/vnd.jupyter.widget-view+json"


def test_the_widget_carries_the_payload_and_the_linked_state(view: views.View) -> None:
    widget = view.widget
    assert widget is view.widget
    state = widget.get_state()
    assert state["payload"] == view.payload
    assert (state["epoch"], state["threshold"], state["selection"]) == (None, None, [])
    assert [state[name] for name in ("m1", "m2", "m3", "s", "sigma")] == [None] * 5
    assert state["_esm"] == views.bundle("pair_similarity")
    widget.epoch = 3
    widget.selection = [5, 7]
    assert widget.get_state(["epoch", "selection"]) == {"epoch": 3, "selection": [5, 7]}


def test_importing_views_does_not_import_widgets() -> None:
    code = "import sys, workbench.views; print({'anywidget', 'ipywidgets', 'traitlets', 'plotly'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
