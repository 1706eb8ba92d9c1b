"""The circle in a real browser: marks, wedges and numbers where they belong, with the mouse, keys and links."""

import base64
import io
import math
import re

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import small_targets
from tests.browser.test_views import HOSTILE, Open, address, load_shared, picture, settle, voice
from workbench import views

pytestmark = pytest.mark.browser


def around(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def ring(T: int = 4, P: int = 120, C: int = 4, spread: float = 0.15, seed: int = 0) -> views.Frames:
    """Classes that move apart from frame to frame."""
    rng = np.random.default_rng(seed)
    centres = np.linspace(0, 2 * np.pi, C, endpoint=False) + rng.normal(0, 0.4, (T, C)) / (1 + np.arange(T))[:, None]
    return views.Frames(around(centres[:, np.arange(P) % C] + spread * rng.normal(size=(T, P))), around(centres))


@pytest.fixture
def circle() -> views.View:
    runs = {"first": ring(), "second": ring(spread=0.4, seed=1)}
    return views.circle(runs, np.arange(120) % 4, steps=[1, 2, 5, 9])


def test_it_is_drawn_and_says_what_it_is(open_views: Open, circle: views.View) -> None:
    page = open_views(circle)
    assert page.locator("[data-wb-error]").count() == 0
    assert page.locator("canvas").count() == 2
    label = page.locator("canvas").first.get_attribute("aria-label")
    assert re.match(r"first: 120 embeddings of 4 classes .* Epoch 9\. Median angle to the own centre \d+\.\d°", label)


@pytest.mark.parametrize("ratio", [1, 2])
def test_points_land_on_the_predicted_pixels(open_views: Open, ratio: int) -> None:
    angles = np.deg2rad([20, 100, 190, 290])
    view = views.circle({"a": views.Frames(around(angles), np.zeros((4, 2)))}, np.arange(4))
    page = open_views(view, device_scale_factor=ratio)
    side = page.evaluate("document.querySelector('canvas').clientWidth")
    data = page.evaluate("document.querySelector('canvas').toDataURL()")
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGBA")).astype(int)
    pixels = np.where(pixels[..., 3:] == 255, pixels[..., :3], -1)
    assert pixels.shape[:2] == (side * ratio, side * ratio)
    rows, columns = np.indices(pixels.shape[:2]) + 0.5 - side * ratio / 2
    distance = np.hypot(rows, columns) / (side * ratio)
    for style, angle in zip(view.payload["header"]["classes"], angles, strict=True):
        colour = [int(style["colour"][i : i + 2], 16) for i in (1, 3, 5)]
        mark = (pixels == colour).all(axis=2) & (distance < 0.342)  # the bars stand outside
        assert mark.sum() > 15 * ratio**2
        x, y = 0.325 * side * ratio * np.array([np.cos(angle), -np.sin(angle)])
        assert columns[mark].mean() == pytest.approx(x, abs=0.4)
        if style["glyph"] != "triangle-up":
            assert rows[mark].mean() == pytest.approx(y, abs=0.4)
        bar = (pixels == colour).all(axis=2) & (distance > 0.345)
        turn = np.rad2deg(np.angle(np.exp(1j * (np.arctan2(-rows[bar], columns[bar]) - angle))))
        assert np.abs(turn).max() < 3  # the bin of 2 degrees that holds it
        assert distance[bar].max() == pytest.approx(0.325 + 0.022 + 0.115, abs=0.01)


@pytest.mark.parametrize("scale", [8, 64])
def test_the_wedges_are_where_the_margin_is_missing(open_views: Open, circle: views.View, scale: float) -> None:
    page = open_views(circle)
    load_shared(page)
    resting = page.evaluate("s => restingDistance(s)", scale)
    assert math.log1p(math.exp(-scale * resting)) == pytest.approx(0.1)
    for gap in np.deg2rad([25, 45, 90, 170, 200, 300]):
        alpha = np.linspace(0, gap / 2, 20_001)
        for margin in ({"m2": 0.5}, {"m2": 1.2}, {"m3": 0.1}, {"m3": 0.35}, {"m3": 0.9}, {}):
            for d in (0, resting):
                half, demanded = page.evaluate(
                    "a => [halfWedge(...a), Math.min(9, demandedHalf(...a))]", [float(gap), margin, d]
                )
                have = np.cos(alpha + margin.get("m2", 0)) - margin.get("m3", 0) - np.cos(gap - alpha) >= d
                assert half == pytest.approx(min(gap / 2, demanded))
                if gap <= np.pi:
                    lack = alpha[~have]
                    expected = gap / 2 - lack.min() if len(lack) else 0
                    assert half == pytest.approx(expected, abs=2e-4), (gap, margin, d)
                elif 1e-3 < half < gap / 2:  # the other centre is also near on the far side: only this edge is meant
                    near = np.abs(alpha - (gap / 2 - half)) < 2e-3
                    assert have[near].argmin() == pytest.approx(near.sum() / 2, abs=2), (gap, margin, d)


def test_arcface_asks_the_same_everywhere_and_cosface_more_where_it_is_narrow(open_views: Open) -> None:
    centres = np.deg2rad([0, 60, 180])
    labels = np.repeat(np.arange(3), 40)
    points = centres[labels] + np.tile(np.linspace(-0.6, 0.6, 40), 3)
    view = views.circle({"a": views.Frames(around(points), around(centres))}, labels, m2=0.3, m3=0.4)
    page = open_views(view)
    arc, cos = page.locator(".wb-badge p").all_text_contents()
    theta = np.abs(np.angle(np.exp(1j * (points[:, None] - centres))))
    own, rival = theta[np.arange(120), labels], np.where(np.eye(3)[labels] == 1, 9, theta).min(1)
    without = 100 * np.mean(np.cos(own + 0.3) < np.cos(rival))
    assert arc == (
        f"ArcFace, outer ring: 17.2° between centres shall be empty. {without:.1f} % of the samples do not have "
        "their margin."
    )
    without = 100 * np.mean(np.cos(own) - 0.4 < np.cos(rival))
    narrow, wide = (2 * np.rad2deg(np.arcsin(0.2 / np.sin(np.deg2rad(gap / 2)))) for gap in (60, 180))
    assert cos == (
        f"CosFace, inner ring: {wide:.1f}° to {narrow:.1f}° between centres shall be empty. {without:.1f} % of the "
        "samples do not have their margin."
    )
    page.get_by_label("m₃ cosine").fill("0.6")
    settle(page)
    assert "In 1 of 3 gaps that is all there is, or more." in page.locator(".wb-badge p").nth(1).text_content()


def test_sliders_move_the_wedges_of_every_run_and_nothing_else_moves_them(open_views: Open, circle: views.View) -> None:
    page = open_views(circle)
    before = [picture(page, i) for i in range(2)]
    for name, far in (("m₂ angle", "1"), ("m₃ cosine", "0.1"), ("s scale", "8")):
        home = page.get_by_label(name).input_value()
        page.get_by_label(name).fill(far)
        assert [picture(page, i) != before[i] for i in range(2)] == [True, True]
        page.get_by_label(name).fill(home)
        assert [picture(page, i) for i in range(2)] == before
    page.get_by_label("Margins of").select_option("arc")
    settle(page)
    assert page.get_by_label("m₃ cosine").is_disabled()
    assert page.locator(".wb-badge p").count() == 2
    page.get_by_label("Margins of").select_option("none")
    settle(page)
    assert page.get_by_label("s scale").is_disabled()
    assert page.locator(".wb-badge p").count() == 0


def test_the_curves_and_the_circle_share_the_margins(open_views: Open, circle: views.View) -> None:
    page = open_views(circle, views.margin_curves(["arcface"]), address="#m2=0.3&s=16&epoch=2")
    figures = page.locator("figure")
    for i in range(2):
        assert figures.nth(i).get_by_label("m₂ angle").input_value() == "0.3"
        assert figures.nth(i).get_by_label("s scale").input_value() == "16"
    assert figures.nth(0).get_by_role("slider", name="Epoch").input_value() == "1"
    before, curve = picture(page), figures.nth(1).locator("path[data-curve]").first.get_attribute("d")
    figures.nth(1).get_by_label("m₂ angle").fill("0.8")
    assert picture(page) != before
    assert figures.nth(0).get_by_label("m₂ angle").input_value() == "0.8"
    figures.nth(0).get_by_label("m₂ angle").fill("0.3")
    settle(page)
    assert figures.nth(1).locator("path[data-curve]").first.get_attribute("d") == curve
    assert address(page)["m2"] == "0.3"


def test_keys_walk_along_the_circle_and_say_the_angles(open_views: Open, circle: views.View) -> None:
    page = open_views(circle, address="#focus=2")
    page.locator("canvas").first.focus()
    run, labels = ring(), np.arange(120) % 4
    angles = np.arctan2(run.embeddings[-1, :, 1], run.embeddings[-1, :, 0])
    order = np.argsort(angles)
    for row in order[:2]:
        page.keyboard.press("ArrowLeft")
        theta = np.rad2deg(np.arccos(np.clip(run.centres[-1] @ run.embeddings[-1, row], -1, 1)))
        others = np.where(np.arange(4) == labels[row], np.inf, theta)
        said = re.match(
            r"point (\d+), class (\d), first: ([\d.]+)° from own centre, ([\d.]+)° from class (\d); second",
            voice(page),
        )
        assert [int(said[1]), int(said[2]), int(said[5])] == [row, labels[row], others.argmin()]
        assert [float(said[3]), float(said[4])] == pytest.approx([theta[labels[row]], others.min()], abs=0.06)
    page.keyboard.press("ArrowRight")
    assert voice(page).startswith(f"point {order[0]}, ")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert voice(page).startswith("point 2, class 2, ")
    page.keyboard.press("n")
    assert voice(page).startswith("point 6, class 2, ")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    assert voice(page) == "Point 2 pinned."
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    angle = np.rad2deg(np.arccos(run.embeddings[-1, 2] @ run.embeddings[-1, 6]))
    assert float(re.match(r"first: θ ([\d.]+)°, cos ", voice(page))[1]) == pytest.approx(angle, abs=0.06)
    assert address(page)["pins"].endswith(":2,6")
    assert page.locator(".wb-badge p").first.text_content().startswith(f"Points 2 and 6: θ {angle:.1f}°, cos ")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    assert address(page)["pins"].endswith(":6,10")
    page.keyboard.press("Escape")
    assert "pins" not in address(page)


def test_hover_and_click(open_views: Open) -> None:
    angles = np.deg2rad([30.0, 150, 270])
    view = views.circle({"a": views.Frames(around(angles), around(angles + 0.2))}, np.arange(3))
    page = open_views(view)
    box = page.locator("canvas").bounding_box()
    x, y = (0.5 + 0.325 * np.array([math.cos(angles[0]), -math.sin(angles[0])])) * box["width"]
    page.mouse.move(box["x"] + x, box["y"] + y)
    tip = page.locator(".wb-tip")
    tip.wait_for(state="visible")
    lines = tip.locator("p").all_text_contents()
    assert lines == ["class 0 point 0", "11.5° from own centre", "108.5° from class 2"]
    page.mouse.down()
    page.mouse.up()
    assert address(page)["pins"].endswith(":0")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip.wait_for(state="hidden")


def test_the_epoch_moves_points_centres_and_numbers(open_views: Open, circle: views.View) -> None:
    page = open_views(circle)
    before, text = picture(page), page.locator(".wb-badge").first.text_content()
    page.get_by_role("slider", name="Epoch").fill("0")
    assert picture(page) != before
    assert page.locator(".wb-badge").first.text_content() != text
    assert "Epoch 1." in page.locator("canvas").first.get_attribute("aria-label")
    page.get_by_role("button", name="Step").click()
    assert address(page)["epoch"] == "2"
    page.get_by_role("slider", name="Epoch").fill("3")
    assert picture(page) == before
    said = page.evaluate(
        """async () => {
          const canvas = document.querySelector('canvas'), said = [], play = document.querySelectorAll('button')[0];
          play.click();
          do {
            await new Promise(requestAnimationFrame);
            const epoch = /Epoch (\\d+)/.exec(canvas.getAttribute('aria-label'))[1];
            if (said.at(-1) !== epoch) said.push(epoch);
          } while (play.textContent === 'Pause');
          return said;
        }"""
    )
    assert said[0] == "1"  # not the last, where it stood
    assert said[-1] == "9"
    assert said == sorted(said)
    assert address(page)["epoch"] == "9"
    assert picture(page) == before


def test_reduced_motion_shows_whole_epochs_only(open_views: Open, circle: views.View) -> None:
    page = open_views(circle, reduced_motion="reduce")
    whole = set()
    for t in range(4):
        page.get_by_role("slider", name="Epoch").fill(str(t))
        whole.add(picture(page))
    seen = page.evaluate(
        """async () => {
          const canvas = document.querySelector('canvas'), seen = new Set();
          const watch = async (ms) => {
            for (const end = performance.now() + ms; performance.now() < end;) {
              await new Promise(requestAnimationFrame);
              seen.add(canvas.toDataURL());
            }
            return seen.size;
          };
          const before = await watch(1000);
          [...document.querySelectorAll('button')].find((b) => b.textContent === 'Play').click();
          await watch(1200);
          return { before, seen: [...seen] };
        }"""
    )
    assert seen["before"] == 1
    assert len(seen["seen"]) > 1
    assert set(seen["seen"]) <= whole


def test_states_that_are_not_pictures(open_views: Open) -> None:
    many = ring(T=1, P=402, C=201)
    cases = [
        views.circle({"empty": views.Frames(np.zeros((1, 0, 2)))}, []),
        views.circle({"one": views.Frames(around(np.ones((1, 3))))}, [0, 0, 0]),
        views.circle({"many": many}, np.arange(402) % 201),
        views.circle({HOSTILE[0]: ring(T=2)}, np.arange(120) % 4, names=HOSTILE),
    ]
    page = open_views(*cases)
    assert page.locator("[data-wb-error]").count() == 0
    figures = page.locator("figure")
    assert "No points to show." in figures.nth(0).text_content()
    assert figures.nth(0).get_by_role("slider", name="Epoch").count() == 0
    assert "there is no boundary and no margin" in figures.nth(1).text_content()
    assert figures.nth(1).locator(".wb-badge p").count() == 0
    assert figures.nth(2).get_by_label("Focus").input_value() == "0"
    assert figures.nth(2).locator(".wb-chip").count() == 0
    figures.nth(3).locator("canvas").focus()
    page.keyboard.press("n")
    figures.nth(3).locator("summary").click()
    settle(page)
    assert page.locator("main img, main b b").count() == 0
    for name in HOSTILE:
        assert name in figures.nth(3).text_content()


def test_the_table_has_the_direction_of_each_centre(open_views: Open) -> None:
    centres = np.deg2rad([10.0, 130, -100])
    view = views.circle({"a": views.Frames(around(centres + 0.1), around(centres))}, np.arange(3))
    page = open_views(view)
    page.locator("summary").click()
    page.locator("details tbody tr").nth(2).wait_for()
    rows = [row.split("\t") for row in page.locator("details tbody tr").all_inner_texts()]
    assert [float(row[4]) for row in rows] == pytest.approx([10, 130, -100], abs=0.01)
    assert [float(row[5]) for row in rows] == pytest.approx([math.degrees(0.1)] * 3, abs=0.01)


def test_narrow_screens_and_dark(open_views: Open, circle: views.View) -> None:
    page = open_views(circle, viewport={"width": 320, "height": 700}, color_scheme="dark")
    page.get_by_role("button", name="Keys").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert small_targets(page, "button, select, summary, input") == []
    dark = picture(page)
    page.emulate_media(color_scheme="light")
    assert picture(page) != dark
    page.evaluate("__workbench.set({theme: 'dark'})")
    assert picture(page) == dark


def test_a_lesson_can_hide_the_controls(open_views: Open, circle: views.View) -> None:
    page = open_views(circle, address="#hide=controls,caption,title&m2=0.2")
    for node in (".wb-controls", ".wb-caption", ".wb-head"):
        assert not page.locator(node).first.is_visible()
    assert "ArcFace, outer ring: 11.5° between" in page.locator(".wb-badge").first.text_content()
    page.locator("canvas").first.focus()
    page.keyboard.press("[")
    assert address(page)["epoch"] == "5"


def test_it_leaves_nothing_behind(open_views: Open, circle: views.View) -> None:
    page = open_views(circle)
    left = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const before = __workbench.listeners.size, el = document.body.appendChild(document.createElement('div'));
          const get = (key) => (key === 'payload' ? payload : null);
          const model = { get, set() {}, on() {}, off() {}, save_changes() {} };
          const close = workbench.views.circle.render({ model, el });
          const during = __workbench.listeners.size;
          close();
          return [during > before, __workbench.listeners.size - before];
        }"""
    )
    assert left == [True, 0]
