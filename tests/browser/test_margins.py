"""The margin curves in a real browser: held against the losses themselves, then moved by mouse, keys and links."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.browser.conftest import small_targets
from tests.browser.test_views import Open, address, load_shared, settle, voice
from workbench import losses, views
from workbench.views.margin_curves import CURVES

pytestmark = pytest.mark.browser

RIVALS = 5
SETS = [
    {"m1": 1.35, "m2": 0.5, "m3": 0.35, "s": 64, "sigma": 0.05, "beyondPi": "formula"},
    {"m1": 3.7, "m2": 1.2, "m3": 0.8, "s": 8, "sigma": 0.2, "beyondPi": "linear"},
]
# Name, what differs from sample to sample, and the cosine of the rivals.
CASES = [
    ("softmax", 0, 0.1),
    ("normface", 0, 0.1),
    ("sphereface", 0, 0.1),
    ("cosface", 0, -0.3),
    ("arcface", 0, 0.1),
    ("arcface-detached", 0, 0.1),
    ("combined", 0, 0.1),
    ("elasticface-arc", 0, 0.1),
    ("elasticface-arc", -2, 0.1),
    ("elasticface-cos", 1.5, 0.1),
    ("magface", 0, 0.1),
    ("magface", 1, 0.1),
    ("adaface", 0, 0.1),
    ("adaface", -1, 0.9995),
    ("adaface", 1, 0.1),
    ("curricularface", 0, 0.4),
    ("curricularface", 0.7, 0.4),
]


def head_of(name: str, p: dict[str, Any], z: float) -> tuple[losses.Loss, float | None]:
    """The loss as the sliders say, and the margin of a sample where it differs from sample to sample."""
    options: dict[str, Any] = {"scale": p["s"]}
    margin = None
    if name == "sphereface":
        options["margin"] = p["m1"]
    elif name == "combined":
        options |= {"m1": p["m1"], "m2": p["m2"], "m3": p["m3"]}
    elif name in ("cosface", "elasticface-cos"):
        options["margin"] = p["m3"]
    elif name not in ("softmax", "normface", "magface"):
        options["margin"] = p["m2"]
    if name in ("arcface", "arcface-detached"):
        options["beyond_pi"] = p["beyondPi"]
    if name.startswith("elasticface"):
        margin = options["margin"] + z * p["sigma"]
    if name == "adaface":
        margin = p["m2"] * z
    if name == "magface":
        margin = 0.45 + (0.8 - 0.45) * (z + 1) / 2
    head = losses.create(name, 3, 1 + RIVALS, **options).double().eval()
    if name == "curricularface":
        head.t.fill_(z)
    return head, margin


def through_the_head(name: str, p: dict[str, Any], z: float, cosine: float, angles: np.ndarray) -> list[list[float]]:
    """psi and -dL/dtheta of one sample at each angle, by autograd through the whole loss.

    The rivals stand at the cosine from where the sample is, at a right angle to where it goes.
    """
    head, margin = head_of(name, p, z)
    psis, forces = [], []
    for value in angles:
        theta = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        x = torch.stack([theta.cos(), theta.sin(), torch.zeros_like(theta)])
        out = torch.tensor([0, 0, math.sqrt(1 - cosine**2)], dtype=torch.float64)
        rival = cosine * x.detach() + out
        own = torch.tensor([1.0, 0, 0], dtype=torch.float64)
        head.weight.data = torch.stack([own, *[rival] * RIVALS])
        margins = None if margin is None else torch.tensor([margin], dtype=torch.float64)
        loss = head(x[None], torch.tensor([0]), margins=margins)
        (slope,) = torch.autograd.grad(loss, theta)
        forces.append(-float(slope))
        one = torch.ones(1, dtype=torch.float64)
        psis.append(float(head.target(theta.detach().cos()[None], head.margin if margin is None else margins, one)))
    return [psis, forces]


@pytest.mark.parametrize("p", SETS, ids=["usual", "large"])
def test_the_curves_are_those_of_the_losses(open_views: Open, p: dict[str, Any]) -> None:
    page = open_views(views.margin_curves())
    load_shared(page)
    angles = np.deg2rad(np.arange(181.0))
    # At 0 and 180 degrees sin(theta) is 0 and the losses leave the infinite part of the slope out; the curve goes on.
    inside = angles[::3].copy()
    inside[[0, -1]] = np.deg2rad([0.1, 179.9])
    assert set(CURVES) <= {name for name, _, _ in CASES}
    for name, z, cosine in CASES:
        drawn = page.evaluate(
            """([name, p, z, rivals, angles, inside]) => [
              angles.map((theta) => targetSimilarity(name, theta, p, z)),
              inside.map((theta) => targetSimilarity(name, theta, p, z)),
              inside.map((theta) => force(name, theta, p, rivals, z)),
            ]""",
            [
                "normface" if name == "softmax" else name,
                p,
                z,
                {"count": RIVALS, "cosine": cosine},
                angles.tolist(),
                inside.tolist(),
            ],
        )
        head, margin = head_of(name, p, z)
        ones = torch.ones(181, dtype=torch.float64)
        margins = head.margin if margin is None else margin * ones
        psi = head.target(torch.from_numpy(np.cos(angles)), margins, ones)
        np.testing.assert_allclose(drawn[0], psi.detach(), rtol=0, atol=1e-6, err_msg=name)
        expected = through_the_head(name, p, z, cosine, inside)
        np.testing.assert_allclose(drawn[1], expected[0], rtol=0, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(drawn[2], expected[1], rtol=0, atol=1e-6, err_msg=f"force of {name}")


def test_the_middle_of_a_magface_sample_is_that_of_its_length(open_views: Open) -> None:
    page = open_views(views.margin_curves())
    load_shared(page)
    head = losses.create("magface", 3, 2).double()
    x = torch.tensor([[0.6, 0.8, 0]], dtype=torch.float64)
    for z in (-1, 0, 1):
        head((60 + 50 * z) * x, torch.tensor([0]))
        assert page.evaluate("z => magFaceMargin(z)", z) == pytest.approx(float(head.observed["margin"]))


@pytest.mark.parametrize("p", SETS, ids=["usual", "large"])
def test_psi_falls_until_the_mark(open_views: Open, p: dict[str, Any]) -> None:
    page = open_views(views.margin_curves())
    load_shared(page)
    grid = np.linspace(0, np.pi, 1441)
    for name in CURVES:
        psi, rises, jumps = page.evaluate(
            """([name, p, grid]) => [
              grid.map((theta) => targetSimilarity(name, theta, p)),
              MARGINS[name].rises?.(p) ?? null, MARGINS[name].jumps?.(p) ?? null,
            ]""",
            [name, p, grid.tolist()],
        )
        rising = grid[1:][np.diff(psi) > 1e-12]
        if name == "magface":  # without a margin past 90 degrees: one step up
            rising = rising[np.abs(rising - np.pi / 2) > 0.01]
        assert len(rising) == 0 if rises is None else rising[0] == pytest.approx(rises, abs=0.005), name
        steep = np.abs(np.diff(psi)).argmax()
        if np.abs(np.diff(psi)[steep]) > 0.05:
            assert grid[steep] - 0.003 <= jumps <= grid[steep + 1] + 0.003, name


def test_a_mark_and_a_sentence_warn(open_views: Open) -> None:
    page = open_views(views.margin_curves(["arcface", "arcface-detached", "combined"], m1=1))
    assert page.locator(".wb-rises").count() == 1
    assert page.locator(".wb-warnings").text_content() == (
        "▲ Past 151.4° ψ rises again. ArcFace; Combined: a sample there is pushed away from its centre. "
        "ArcFace, detached: its gradient takes the margin for a constant, so it still pulls."
    )
    page.get_by_label("m₁ factor").fill("2")
    settle(page)
    assert page.locator(".wb-rises").count() == 2
    assert page.locator(".wb-warnings p").first.text_content().startswith("▲ Past 75.7° ψ rises again. Combined: ")
    page.get_by_label("ArcFace past π − m₂").select_option("linear")
    settle(page)
    assert page.locator(".wb-rises").count() == 1
    assert address(page)["beyond"] == "linear"


def row_of(page: Any, name: str) -> list[str]:
    row = page.locator(".wb-curves-table tbody tr").filter(has=page.get_by_label(name, exact=True))
    return [text.replace("−", "-") for text in row.locator("td").all_text_contents()]


def test_sliders_move_the_curves_the_values_and_the_link(open_views: Open) -> None:
    page = open_views(views.margin_curves(["arcface", "cosface"], rivals=9))
    before = page.locator("path[data-curve=arcface]").first.get_attribute("d")
    other = page.locator("path[data-curve=cosface]").first.get_attribute("d")
    page.get_by_label("m₂ angle").fill("0.3")
    page.get_by_label("s scale").fill("16")
    settle(page)
    assert page.locator("path[data-curve=arcface]").first.get_attribute("d") != before
    assert page.locator("path[data-curve=cosface]").first.get_attribute("d") == other
    assert (address(page)["m2"], address(page)["s"]) == ("0.3", "16")
    psi = math.cos(math.pi / 3 + 0.3)
    force = -16 * math.sin(math.pi / 3 + 0.3) / (1 + math.exp(16 * psi - math.log(9)))
    assert [float(text) for text in row_of(page, "ArcFace")] == pytest.approx([psi, force], abs=0.05, rel=5e-3)
    page.get_by_label("Rivals").fill("6")
    page.get_by_label("at cosine").fill("0.2")
    settle(page)
    force = -16 * math.sin(math.pi / 3 + 0.3) / (1 + math.exp(16 * (psi - 0.2) - math.log(10**6)))
    assert float(row_of(page, "ArcFace")[1]) == pytest.approx(force, rel=5e-3)
    page.get_by_role("button", name="Reset margins").click()
    settle(page)
    assert page.locator("path[data-curve=arcface]").first.get_attribute("d") == before


def test_boxes_pick_curves_and_sliders_without_a_curve_rest(open_views: Open) -> None:
    page = open_views(views.margin_curves(["normface"]))
    resting = page.get_by_label("σ spread")
    assert resting.is_disabled()
    assert page.locator("path[data-curve]").count() == 2
    page.get_by_label("ElasticFace-Arc", exact=True).check()
    settle(page)
    assert resting.is_enabled()
    assert page.get_by_label("m₃ cosine").is_disabled()
    assert page.locator("path[data-curve]").count() == 4
    assert page.locator("path.wb-band").count() == 4
    assert address(page)["curves"] == "normface,elasticface-arc"
    for name in ("NormFace, softmax", "ElasticFace-Arc"):
        page.get_by_label(name, exact=True).uncheck()
    settle(page)
    assert page.locator("path[data-curve]").count() == 0
    assert address(page)["curves"] == "none"


def test_the_band_holds_the_margins_within_two_deviations(open_views: Open) -> None:
    page = open_views(views.margin_curves())
    load_shared(page)
    p = {**SETS[0], "sigma": 0.1}
    code = views.assets.bundle("margin_curves").replace(views.assets.EXPORT, "window.envelope_ = envelope;")
    page.add_script_tag(content=f"(() => {{ {code} }})()")
    low, high = page.evaluate(
        """(p) => {
          const { low, high } = envelope_((theta, z) => targetSimilarity('elasticface-arc', theta, p, z), [-2, 2]);
          return [[...low], [...high]];
        }""",
        p,
    )
    theta = np.linspace(0, np.pi, 361)
    drawn = np.cos(theta + np.linspace(0.3, 0.7, 401)[:, None])
    np.testing.assert_allclose(low, drawn.min(0), atol=4e-4)
    np.testing.assert_allclose(high, drawn.max(0), atol=4e-4)


def test_the_crosshair_follows_keys_and_says_the_values(open_views: Open) -> None:
    page = open_views(views.margin_curves(["arcface", "cosface"]))
    page.locator("svg.wb-margins").focus()
    page.keyboard.press("ArrowRight")
    psi = math.cos(math.radians(61) + 0.5)
    force = -64 * math.sin(math.radians(61) + 0.5) / (1 + math.exp(64 * psi - math.log(10_000)))
    expected = f"θ 61°: CosFace ψ {math.cos(math.radians(61)) - 0.35:.3f}, force "
    assert voice(page).startswith(expected)
    assert voice(page).endswith(f"; ArcFace ψ {psi:.3f}, force −{-force:.1f}")
    for key, angle in (("PageUp", "71"), ("ArrowLeft", "70"), ("PageDown", "60"), ("Home", "0"), ("End", "180")):
        page.keyboard.press(key)
        assert voice(page).startswith(f"θ {angle}°: ")
    page.keyboard.press("ArrowRight")
    assert voice(page).startswith("θ 180°: ")
    assert "θ 180°: " in page.locator("svg.wb-margins").get_attribute("aria-label")
    ring = page.evaluate("getComputedStyle(document.querySelector('svg.wb-margins')).outlineWidth")
    assert ring == "2px"


def test_the_crosshair_follows_the_mouse(open_views: Open) -> None:
    page = open_views(views.margin_curves(["cosface"]))
    box = page.locator("svg.wb-margins").bounding_box()
    ticks = page.locator("svg.wb-margins .wb-tick")
    at = {angle: ticks.filter(has_text=f"{angle}°").first.bounding_box() for angle in (30, 120)}
    x30, x120 = (at[angle]["x"] + at[angle]["width"] / 2 for angle in (30, 120))
    page.mouse.move(x30 + (x120 - x30) / 3 * 2, box["y"] + 100)  # 90 degrees
    assert float(page.locator(".wb-curves-table thead th").first.text_content()[2:-1]) == pytest.approx(90, abs=0.7)
    assert float(row_of(page, "CosFace")[0]) == pytest.approx(-0.35, abs=0.015)


def test_a_link_sets_everything(open_views: Open) -> None:
    link = "#m1=1&m2=0.3&m3=0.2&s=16&sigma=0.1&curves=combined,elasticface-cos&beyond=linear&epoch=4&hide=controls,data"
    page = open_views(views.margin_curves(angles={"run": np.ones((3, 5))}, steps=[1, 4, 9]), address=link)
    values = {name: page.get_by_label(name).input_value() for name in ("m₁ factor", "m₂ angle", "m₃ cosine")}
    assert values == {"m₁ factor": "1", "m₂ angle": "0.3", "m₃ cosine": "0.2"}
    drawn = page.locator("path[data-curve]").evaluate_all("nodes => nodes.map((node) => node.dataset.curve)")
    assert sorted(set(drawn)) == ["combined", "elasticface-cos"]
    assert float(row_of(page, "Combined")[0]) == pytest.approx(math.cos(math.pi / 3 + 0.3) - 0.2, abs=5e-4)
    assert page.locator(".wb-density text").text_content() == "angles of run, epoch 4"
    assert not page.get_by_label("m₂ angle").is_visible()
    assert not page.locator("details.wb-data").is_visible()
    assert not page.get_by_label("SphereFace").is_visible()
    assert page.locator(".wb-caption").is_visible()
    page.locator("svg.wb-margins").focus()
    page.keyboard.press("]")
    settle(page)
    assert page.locator(".wb-density text").text_content() == "angles of run, epoch 9"
    assert (address(page)["hide"], address(page)["epoch"]) == ("controls,data", "9")


def test_a_broken_link_is_ignored_and_a_far_value_stops_at_the_end(open_views: Open) -> None:
    page = open_views(views.margin_curves(), address="#m2=x&m3=9&s=&curves=<b>&beyond=up&hide=%00")
    assert page.get_by_label("m₂ angle").input_value() == "0.5"
    assert page.get_by_label("m₃ cosine").input_value() == "1"
    assert row_of(page, "CosFace")[0] == "-0.500"
    assert page.get_by_label("s scale").input_value() == "64"
    assert page.locator("path[data-curve]").count() == 10


def test_angles_of_a_run_lie_behind_the_curves(open_views: Open) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    angles = {hostile: np.deg2rad([[20.5] * 3 + [40.5], [70.5] * 4]), "other": np.deg2rad([[10.5], [11.5]])}
    page = open_views(views.margin_curves(angles=angles, steps=[1, 2]))
    path = page.locator(".wb-density path")
    second = path.get_attribute("d")
    page.get_by_role("slider", name="Epoch").fill("0")
    settle(page)
    tops = {float(part.split(",")[1].split()[0]) for part in path.get_attribute("d").split("L")[1:-1]}
    assert path.get_attribute("d") != second
    base, peak = max(tops), min(tops)
    assert base - peak == pytest.approx(0.36 * 270, abs=0.11)  # the fullest degree has this height in every epoch
    assert sorted(tops) == pytest.approx([peak, base - (base - peak) / 3, base], abs=0.11)
    assert page.locator(".wb-density text").text_content() == f"angles of {hostile[:17]}…, epoch 1"
    page.get_by_label("Angles of").select_option("-1")
    settle(page)
    assert page.locator(".wb-density").count() == 0
    assert page.locator("main img").count() == 0


def test_reduced_motion_shows_whole_epochs_only(open_views: Open) -> None:
    angles = np.random.default_rng(0).uniform(0, np.pi, (3, 50))
    page = open_views(views.margin_curves(angles={"run": angles}, steps=[1, 2, 3]), reduced_motion="reduce")
    seen = page.evaluate(
        """async () => {
          const text = () => document.querySelector('.wb-density text').textContent.slice(-1);
          const seen = new Set(), watch = async (ms) => {
            for (const end = performance.now() + ms; performance.now() < end;) {
              await new Promise(requestAnimationFrame);
              seen.add(text());
            }
          };
          await watch(1000);
          const still = [...seen];
          [...document.querySelectorAll('button')].find((b) => b.textContent === 'Play').click();
          await watch(1400);
          return [still, [...seen].sort()];
        }"""
    )
    assert seen == [["3"], ["1", "2", "3"]]


def test_the_numbers_can_be_taken_along(open_views: Open) -> None:
    page = open_views(views.margin_curves(["cosface"]))
    page.locator("summary").click()
    page.locator("details tbody tr").nth(36).wait_for()
    rows = [row.split("\t") for row in page.locator("details tbody tr").all_inner_texts()]
    assert len(rows) == 37
    assert rows[12][:2] == ["cosface", "60"]
    assert float(rows[12][2]) == pytest.approx(0.15, abs=1e-6)
    assert page.locator("a.wb-download").get_attribute("href").startswith("data:text/csv;charset=utf-8,loss%2Ctheta")


def test_python_and_the_page_follow_each_other(open_file: Open, tmp_path: Any) -> None:
    path = tmp_path / "live.html"
    page_text = views.margin_curves()._repr_mimebundle_()["text/html"]
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{page_text}', encoding="utf-8")
    page = open_file(path).page
    page.locator("[data-wb-ready='1']").wait_for()
    followed = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const values = { payload, epoch: null, threshold: null, selection: [], m2: 0.3, s: null }, handlers = {};
          const model = {
            get: (k) => values[k], set: (k, v) => { values[k] = v; }, save_changes() {},
            on: (event, f) => { handlers[event] = f; }, off: (event) => { delete handlers[event]; },
          };
          const el = document.body.appendChild(document.createElement('div'));
          const close = workbench.views.margin_curves.render({ model, el });
          const [, m2, , s] = el.querySelectorAll('input[type=range]');
          const initial = [m2.value, document.querySelectorAll('input[type=range]')[1].value];
          values.m2 = 0.7; handlers['change:m2']();
          const fromPython = m2.value;
          s.value = 16; s.dispatchEvent(new Event('change'));
          close();
          return { initial, fromPython, toPython: values.s, left: Object.keys(handlers) };
        }"""
    )
    assert followed == {"initial": ["0.3", "0.3"], "fromPython": "0.7", "toPython": 16, "left": []}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_narrow_screens_do_not_scroll_sideways(open_views: Open, scheme: str) -> None:
    view = views.margin_curves(list(CURVES), angles={"a long name of a run": np.ones((2, 3))})
    page = open_views(view, viewport={"width": 320, "height": 700}, color_scheme=scheme)
    page.get_by_role("button", name="Keys").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert small_targets(page, "button, select, summary, input[type=range], label.wb-check") == []
    ink = page.evaluate("getComputedStyle(document.querySelector('path[data-curve=normface]')).stroke")
    assert ink == {"light": "rgb(31, 35, 40)", "dark": "rgb(230, 237, 243)"}[scheme]


def test_a_slider_answers_within_a_few_frames(open_views: Open) -> None:
    """Relative to an empty frame of the same page, so that a busy machine does not decide."""
    page = open_views(views.margin_curves(list(CURVES)))
    empty, moved = page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const timed = async (act) => {
            const times = [];
            for (let i = 0; i < 15; i++) {
              const start = performance.now();
              act(i);
              await frame();
              await frame();
              times.push(performance.now() - start);
            }
            return times.sort((a, b) => a - b)[7];
          };
          return [await timed(() => {}), await timed((i) => __workbench.set({ m2: 0.3 + i / 50 }, { commit: false }))];
        }"""
    )
    assert moved < 4 * empty + 20


def test_the_view_leaves_nothing_behind(open_views: Open) -> None:
    page = open_views(views.margin_curves(angles={"run": np.ones((3, 5))}))
    left = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const before = __workbench.listeners.size, el = document.body.appendChild(document.createElement('div'));
          const get = (key) => (key === 'payload' ? payload : null);
          const model = { get, set() {}, on() {}, off() {}, save_changes() {} };
          const close = workbench.views.margin_curves.render({ model, el });
          const during = __workbench.listeners.size;
          close();
          return [during > before, __workbench.listeners.size - before];
        }"""
    )
    assert left == [True, 0]
