"""What the table of differences says of one seed, of several, and of one run."""

import re

from tests.test_repeats import measured
from workbench import reports


def text(card: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", card._repr_mimebundle_()["text/html"]))


def test_one_seed_cannot_tell() -> None:
    shown = text(reports.differences({"a": [measured(0)], "b": [measured(1)]}))
    assert "1 seed each a b b − a" in shown
    assert "One seed cannot tell whether a difference is the loss or luck: train with more, -p seeds=5" in shown
    assert "±" not in shown


def test_several_seeds_have_a_spread_and_a_verdict() -> None:
    runs = {"a": [measured(s) for s in range(3)], "b": [measured(s, noise=0.1) for s in range(3)]}
    runs["<i>"] = [measured(s) for s in range(3, 6)]
    card = reports.differences(runs)
    assert "<i>" not in card.html
    shown = text(card)
    assert "3 seeds each a b &lt;i&gt; b − a &lt;i&gt; − a" in shown
    row = re.search(r"Median angle to own centre (.*?)°.*?°.*?° (−[\d.]+ ± [\d.]+)° (−[\d.]+ to −[\d.]+) .*?°", shown)
    assert re.fullmatch(r"[\d.]+ ± [\d.]+", row[1])
    assert "may be none" in shown.partition("Median angle")[2]
    assert re.search(r"[+−][\d.]+ ± [\d.]+ points [+−][\d.]+ to [+−][\d.]+", shown)
    assert "± is the standard deviation over seeds" in shown


def test_one_run_has_nothing_beside_it() -> None:
    for name, rival in (("softmax", "arcface"), ("cosface", "softmax")):
        shown = text(reports.differences({name: [measured(0)]}))
        assert f"There is one run only, so there is nothing to compare it with: -p losses=[{name},{rival}]" in shown
