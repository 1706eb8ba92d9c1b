"""The sphere in a real browser: its pictures, its margin caps, its selections, with the pointer and with keys alone."""

import base64
import io
import itertools
import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.optimize import brentq

from tests.browser.conftest import small_targets
from tests.browser.test_views import (
    CAMERA,
    HASH,
    HOSTILE,
    address,
    clusters,
    load_shared,
    on_screen,
    picture,
    settle,
    unit,
    voice,
)
from workbench import views
from workbench.views.density import bands, cell_of
from workbench.views.directions import nearest_centres
from workbench.views.payload import unpack

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
LABELS = np.arange(120) % 4


@pytest.fixture
def run() -> views.Frames:
    return clusters(T=1, spread=0.4)


@pytest.fixture
def view(run: views.Frames) -> views.View:
    return views.hypersphere({"a": run}, LABELS)


def pixels(page: Any, i: int = 0) -> np.ndarray:
    """The canvas as the screen shows it, uint8 [H, W, 4]."""
    png = base64.b64decode(picture(page, i).split(",")[1])
    return np.array(Image.open(io.BytesIO(png)).convert("RGBA"))


def digest(image: np.ndarray) -> str:
    return sha256(image.tobytes()).hexdigest()


def corner(page: Any) -> tuple[float, float, float]:
    """Where the first canvas begins, and its side."""
    box = page.locator("canvas").first.bounding_box()
    return box["x"], box["y"], box["width"]


def pull(page: Any, *points: tuple[float, float], keys: tuple[str, ...] = ("Shift",)) -> None:
    """Drag over the first canvas through points in its own pixels, with keys held."""
    x, y, _ = corner(page)
    for key in keys:
        page.keyboard.down(key)
    page.mouse.move(x + points[0][0], y + points[0][1])
    page.mouse.down()
    for px, py in points[1:]:
        page.mouse.move(x + px, y + py, steps=8)
    page.mouse.up()
    for key in keys:
        page.keyboard.up(key)


def selected(page: Any) -> list[int]:
    return page.evaluate("__workbench.state.selection?.rows ?? []")


# E3, E14: the picture.


def test_the_picture_is_the_same_each_time_and_not_blank(open_views: Open, view: views.View) -> None:
    first, again = (pixels(open_views(view, address=HASH)) for _ in range(2))
    assert digest(first) == digest(again)
    assert len(np.unique(first.reshape(-1, 4), axis=0)) > 100
    page = open_views(view, address="#camera=25,-34,1")
    assert digest(pixels(page)) != digest(first)


def test_marks_are_written_as_ever(open_views: Open, view: views.View) -> None:
    """The marks are whole numbers computed here, so any browser on any machine has to write these."""
    page = open_views(view)
    load_shared(page)
    sheet = page.evaluate(
        """() => {
          const target = { width: 64, height: 64, bytes: new Uint8ClampedArray(64 * 64 * 4) };
          target.words = new Uint32Array(target.bytes.buffer);
          Object.keys(GLYPH_POLYGONS).forEach((glyph, i) => {
            const look = { glyph, radius: 4, fill: '#0072b2', rim: '#f4f6f9', rimWidth: 1 };
            stampInto(target, makeStamp(look), 9 + 7.25 * i, 12 + 5.5 * i);
          });
          return [...target.bytes];
        }"""
    )
    assert sum(alpha > 0 for alpha in sheet[3::4]) > 400
    assert sha256(bytes(sheet)).hexdigest()[:16] == "7bb8b778b1e1c651"


def test_live_and_static_draw_the_same(open_file: Open, open_views: Open, tmp_path: Path) -> None:
    runs = {"a": clusters(T=1, spread=0.4), "b": clusters(T=1, spread=0.2, seed=1)}
    shown = views.hypersphere(runs, LABELS, margins={"a": views.Margin(cosine=0.2)})
    static = open_views(shown, address=HASH)
    static.evaluate("__workbench.set({ focusClass: 1 })")
    # What anywidget does: import the bundle, give its render a model and an element.
    module = views.bundle("hypersphere").replace("export default { render };", "globalThis.module = { render };")
    path = tmp_path / "live.html"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<style>{views.styles()}</style><main></main><script type='module'>{module}</script>",
        encoding="utf-8",
    )
    live = open_file(path).page
    live.wait_for_function("globalThis.module")
    live.evaluate(
        """([payload, camera]) => {
          const values = { payload, epoch: null, threshold: null, selection: [] };
          const model = { get: (k) => values[k], set() {}, on() {}, off() {}, save_changes() {} };
          module.render({ model, el: document.querySelector('main') });
          __workbench.set({ camera, focusClass: 1 });
        }""",
        [shown.payload, CAMERA],
    )
    for i in range(2):
        assert digest(pixels(live, i)) == digest(pixels(static, i))
    assert live.locator(".wb-stage").inner_text() == static.locator(".wb-stage").inner_text()


# The margin cap.


MARGINS = [
    views.Margin(),
    views.Margin(angle_rad=0.5),
    views.Margin(cosine=0.35),
    views.Margin(factor=4),
    views.Margin(factor=1.35, angle_rad=0.2, cosine=0.1),
]


def test_the_cap_reaches_as_far_as_the_margin_is_kept(open_views: Open, view: views.View) -> None:
    page = open_views(view)
    load_shared(page)
    for margin, between in itertools.product(MARGINS, (0.3, 0.9, 1.7, np.pi)):
        radius = page.evaluate("([m, b]) => capRadius(m, b)", [vars(margin), between])

        def slack(theta: float, m: views.Margin = margin, b: float = between) -> float:
            return np.cos(min(np.pi, m.factor * theta + m.angle_rad)) - m.cosine - np.cos(b - theta)

        if slack(0) < 0:
            assert np.isnan(radius)
            continue
        assert radius == pytest.approx(brentq(slack, 0, between), abs=1e-9)
        if margin in MARGINS[:2]:
            assert radius == pytest.approx((between - margin.angle_rad) / 2)
        elif margin == MARGINS[2]:
            assert radius == pytest.approx(between / 2 - np.arcsin(margin.cosine / (2 * np.sin(between / 2))))
        elif margin == MARGINS[3]:
            assert radius == pytest.approx(between / 5)


def test_the_outline_of_a_cap_holds_what_is_within(open_views: Open, view: views.View) -> None:
    """Caps in sight, across the rim, around the far pole and out of sight, beside the angles themselves."""
    page = open_views(view)
    load_shared(page)
    x, y = (grid.ravel() for grid in np.meshgrid(np.linspace(-0.99, 0.99, 60), np.linspace(-0.99, 0.99, 60)))
    inside = np.hypot(x, y) < 0.985
    x, y = x[inside], y[inside]
    surface = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], axis=1)
    cases = [([0, 0, 1], 0.4), ([0.6, 0.2, 0.5], 0.5), ([-0.8, 0.3, 0.1], 0.7), ([0.1, -0.9, -0.2], 1.2)]
    cases += [([0.2, 0.1, -0.9], 1.45), ([0.05, 0, -1], 1.56), ([0, 0.3, -0.9], 0.3), ([1, 0, 0], 1.0)]
    for centre, radius in cases:
        c = unit(np.array(centre, dtype=float))
        held, far = page.evaluate(
            """([centre, radius, points]) => {
              const { near, far } = capOutline(centre, radius, (right, up) => [100 * right, -100 * up]);
              const ctx = document.createElement('canvas').getContext('2d');
              const held = points.map(([x, y]) => near !== null && ctx.isPointInPath(near, 100 * x, -100 * y));
              return [held, far !== null];
            }""",
            [c.tolist(), radius, np.stack([x, y], axis=1).tolist()],
        )
        angles = np.arccos(np.clip(surface @ c, -1, 1))
        clear = np.abs(angles - radius) > 0.02
        np.testing.assert_array_equal(np.array(held)[clear], (angles < radius)[clear])
        assert far == (np.arccos(c[2]) + radius > np.pi / 2)


def test_the_cap_is_drawn_where_it_is_and_said(open_views: Open) -> None:
    centres = unit(np.array([[1.0, 0.3, 0.1], [0.3, 1, 0.2], [0, -1, 0.4]]))
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    embeddings = unit(centres[labels] + 0.25 * rng.normal(size=(90, 3)))
    margin = 0.3  # then not half of the points are within
    shown = views.hypersphere(
        {"a": views.Frames(embeddings, centres)}, labels, margins={"a": views.Margin(angle_rad=margin)}
    )
    camera = {"azimuth": 20.0, "elevation": 10.0, "zoom": 1.0}
    page = open_views(shown, address="#camera=20,10,1&focus=0")
    between = np.arccos(centres[0] @ centres[1])
    radius = (between - margin) / 2
    own = np.arccos(np.clip(embeddings @ centres[0], -1, 1))[labels == 0]
    said = page.locator(".wb-panel .wb-badge").inner_text()
    assert said == (
        f"Margin cap: θ up to {np.rad2deg(radius):.1f}°, for the margin to class 1, {np.rad2deg(between):.1f}° away; "
        f"{(own <= radius).sum()} of 30 points lie within."
    )
    side = corner(page)[2]
    u = unit(np.cross(centres[0], [0, 0, 1]))
    v = np.cross(centres[0], u)
    turn = np.linspace(0, 2 * np.pi, 200)[:, None]
    with_cap = pixels(page)
    page.evaluate("__workbench.set({ focusClass: 1 })")
    without = pixels(page)
    grey = [0x81, 0x8B, 0x98]
    for factor, expected in ((1.0, True), (1.08, False)):
        r = factor * radius
        border = np.cos(r) * centres[0] + np.sin(r) * (np.cos(turn) * u + np.sin(turn) * v)
        x, y, _ = np.floor(on_screen(border, camera, side)).astype(int).T
        near = np.abs(with_cap[y, x, :3].astype(int) - grey).max(axis=1) < 40
        assert (near.mean() > 0.5) == expected
        assert np.abs(without[y, x, :3].astype(int) - grey).max(axis=1).min() >= 0
    page.evaluate("__workbench.set({ focusClass: -1 })")
    assert page.locator(".wb-panel .wb-badge").is_hidden()


def test_a_margin_that_cannot_be_kept_and_one_that_cannot_be_drawn(open_views: Open) -> None:
    deep = clusters(T=1, d=9, spread=0.1)
    runs = {"wide": clusters(T=1), "plain": clusters(T=1)}
    page = open_views(
        views.hypersphere(runs, LABELS, margins={"wide": views.Margin(cosine=2.0)}),
        views.hypersphere({"deep": deep}, LABELS, margins={"deep": views.Margin(angle_rad=0.1)}),
        address="#focus=2",
    )
    first, second = page.locator("figure").nth(0), page.locator("figure").nth(1)
    assert re.fullmatch(
        r"wide: No margin cap: the margin asks for more than the angle to class \d, [\d.]+° away\.",
        first.locator(".wb-panel .wb-badge").nth(0).inner_text(),
    )
    assert first.locator(".wb-panel .wb-badge").nth(1).is_hidden()
    cosines = deep.centres[0] @ deep.centres[0].T
    cosines[2, 2] = -1
    between = np.arccos(cosines[2].max())
    radius = (between - 0.1) / 2
    own = np.arccos(np.clip(deep.embeddings[0] @ deep.centres[0, 2], -1, 1))[LABELS == 2]
    assert second.locator(".wb-panel .wb-badge").nth(1).inner_text() == (
        f"Margin cap: θ up to {np.rad2deg(radius):.1f}°, for the margin to class {cosines[2].argmax()}, "
        f"{np.rad2deg(between):.1f}° away; {(own <= radius).sum()} of 30 points lie within. "
        "Not drawn: three dimensions do not preserve angles."
    )


# The arc.


def test_two_pins_are_joined_by_their_great_circle(open_views: Open, run: views.Frames, view: views.View) -> None:
    samples = view.payload["header"]["samples"]
    screen = on_screen(run.embeddings[0], CAMERA, 100)
    near = np.flatnonzero(screen[:, 2] > 0.3)
    a, b = near[0], near[np.argmin(np.abs(run.embeddings[0, near] @ run.embeddings[0, near[0]] - 0.5))]
    page = open_views(view, address=f"{HASH}&pins={samples}:{a},{b}")
    middle = unit(run.embeddings[0, a] + run.embeddings[0, b])
    cosine = run.embeddings[0, a] @ run.embeddings[0, b]
    pair = f"a: θ {np.rad2deg(np.arccos(cosine)):.1f}°, cos {cosine:.3f}.".replace("-", "−")
    assert pair in page.locator(".wb-chosen").inner_text()
    quarters = unit(np.stack([middle + run.embeddings[0, i] for i in (a, b)]))
    x, y, _ = on_screen(quarters, CAMERA, corner(page)[2]).T
    drawn = pixels(page)
    page.evaluate("__workbench.set({ selection: null })")
    bare = pixels(page)
    for px, py in zip(np.floor(x).astype(int), np.floor(y).astype(int), strict=True):
        patch = (slice(py - 2, py + 3), slice(px - 2, px + 3))
        assert drawn[patch][..., :3].min() < 80  # ink
        assert digest(drawn[patch]) != digest(bare[patch])


# Selections of many points.


def near_points(run: views.Frames, side: float) -> tuple[np.ndarray, np.ndarray]:
    screen = on_screen(run.embeddings[0], CAMERA, side)
    return screen[:, :2], screen[:, 2] > 0


def in_box(run: views.Frames, side: float, low: float, high: float) -> list[int]:
    at, near = near_points(run, side)
    return np.flatnonzero(near & (at > low * side).all(axis=1) & (at < high * side).all(axis=1)).tolist()


def test_a_box_selects_the_near_points_in_it_once(open_views: Open, run: views.Frames, view: views.View) -> None:
    page = open_views(view, address=HASH)
    side = corner(page)[2]
    page.evaluate(
        """() => {
          globalThis.told = [];
          __workbench.subscribe((changed) => { if (changed.includes('selection')) told.push(1); });
        }"""
    )
    pull(page, (0.2 * side, 0.2 * side), (0.6 * side, 0.6 * side))
    expected = in_box(run, side, 0.2, 0.6)
    assert 5 < len(expected) < 60
    assert sorted(selected(page)) == expected
    assert page.evaluate("told.length") == 1
    assert sorted(map(int, address(page)["pins"].split(":")[1].split(","))) == expected
    assert address(page)["camera"] == "25,-35,1"
    sizes = np.bincount(LABELS[expected], minlength=4)
    text = page.locator(".wb-chosen").inner_text()
    assert text.startswith(f"{len(expected)} of 120 points selected: class {sizes.argmax()} ({sizes.max()})")
    assert voice(page) == text.removesuffix("Clear").strip()


def test_selections_add_and_take_away(open_views: Open, run: views.Frames, view: views.View) -> None:
    page = open_views(view, address=HASH)
    side = corner(page)[2]
    first, second = in_box(run, side, 0.2, 0.5), in_box(run, side, 0.3, 0.8)
    assert set(first) & set(second)
    assert set(first) ^ set(second)
    pull(page, (0.2 * side, 0.2 * side), (0.5 * side, 0.5 * side))
    pull(page, (0.3 * side, 0.3 * side), (0.8 * side, 0.8 * side), keys=("Shift", "Control"))
    assert set(selected(page)) == set(first) | set(second)
    assert len(selected(page)) == len(set(selected(page)))
    pull(page, (0.2 * side, 0.2 * side), (0.5 * side, 0.5 * side), keys=("Shift", "Alt"))
    assert set(selected(page)) == set(second) - set(first)
    pull(page, (0.2 * side, 0.2 * side), (0.5 * side, 0.5 * side))
    assert sorted(selected(page)) == first


def test_a_lasso_selects_what_it_goes_around(open_views: Open, run: views.Frames, view: views.View) -> None:
    page = open_views(view, address=HASH)
    side = corner(page)[2]
    page.get_by_label("Drag").select_option("lasso")
    corners = np.array([[0.2, 0.5], [0.5, 0.15], [0.8, 0.5], [0.5, 0.85]]) * side
    pull(page, *map(tuple, corners), keys=())  # a diamond, without a key since dragging selects now
    at, near = near_points(run, side)
    distance = np.abs(at[:, 0] / side - 0.5) / 0.3 + np.abs(at[:, 1] / side - 0.5) / 0.35
    chosen = np.zeros(120, dtype=bool)
    chosen[selected(page)] = True
    clear = np.abs(distance - 1) > 0.05
    np.testing.assert_array_equal(chosen[clear], (near & (distance < 1))[clear])
    assert chosen.sum() > 10
    assert address(page)["camera"] == "25,-35,1"
    page.get_by_label("Drag").select_option("turn")
    pull(page, (0.3 * side, 0.3 * side), (0.4 * side, 0.4 * side), keys=())
    assert address(page)["camera"] != "25,-35,1"
    assert len(selected(page)) == chosen.sum()


def test_selected_marks_stand_out_and_the_rulers_are_theirs(
    open_views: Open, run: views.Frames, view: views.View
) -> None:
    page = open_views(view, address=HASH)
    bare = pixels(page)
    rows = np.flatnonzero(LABELS == 2)[:9]
    page.evaluate(
        "([samples, rows]) => __workbench.set({ selection: { samples, rows } })",
        [view.payload["header"]["samples"], rows.tolist()],
    )
    drawn = pixels(page)
    side = corner(page)[2]
    at, near = near_points(run, side)
    blue = np.array([0x00, 0x72, 0xB2])  # class 0, of which none is selected
    assert (drawn[..., :3] == blue).all(axis=2).sum() < 0.5 * (bare[..., :3] == blue).all(axis=2).sum()
    green = np.array([0x00, 0x9E, 0x73])
    for i in rows[near[rows]]:
        x, y = np.floor(at[i]).astype(int)
        assert (drawn[y - 2 : y + 3, x - 2 : x + 3, :3] == green).all(axis=2).any()
    own = np.rad2deg(np.arccos(np.clip(run.embeddings[0, rows] @ run.centres[0, 2], -1, 1)))
    assert f"own centre {np.median(own):.1f}°" in page.locator(".wb-ruler").inner_text()


def test_a_selected_mark_is_above_the_others(open_views: Open) -> None:
    towards = unit(np.array([[0.9, 0.1, -0.6]]))
    embeddings = np.concatenate([np.repeat(towards, 40, axis=0), -np.repeat(towards, 40, axis=0)])
    shown = views.hypersphere({"a": views.Frames(embeddings, np.zeros((2, 3)))}, np.arange(80) % 2)
    for chosen, colour in ((0, 0x0072B2), (1, 0xE69F00)):
        page = open_views(shown, address=f"{HASH}&pins={shown.payload['header']['samples']}:{chosen},{40},{42}")
        x, y, _ = np.floor(on_screen(towards, CAMERA, corner(page)[2])[0]).astype(int)
        assert pixels(page)[y, x, :3].tolist() == [colour >> 16, colour >> 8 & 255, colour & 255]


def test_the_data_of_a_selection(open_views: Open, run: views.Frames, view: views.View) -> None:
    page = open_views(view)
    page.evaluate(
        "samples => __workbench.set({ selection: { samples, rows: [7, 3, 11] } })", view.payload["header"]["samples"]
    )
    page.get_by_text("Data of the selection").click()
    details = page.locator("details").nth(0)
    details.locator("tbody tr").nth(2).wait_for()
    cells = details.locator("tbody tr").nth(1).locator("td").all_inner_texts()
    own = np.rad2deg(np.arccos(run.embeddings[0, 3] @ run.centres[0, 3]))
    assert cells[:4] == ["a", "0", "3", "3"]
    assert float(cells[4]) == pytest.approx(own, abs=0.01)
    assert details.locator("a").get_attribute("download") == "hypersphere-selection.csv"
    page.get_by_role("button", name="Clear").click()
    assert page.locator("details").count() == 1
    assert "pins" not in address(page)


def test_a_large_selection_is_not_in_the_address(open_views: Open, view: views.View) -> None:
    page = open_views(view)
    for count, mirrored in ((64, True), (65, False)):
        page.evaluate(
            "([samples, n]) => __workbench.set({ selection: { samples, rows: [...Array(n).keys()] } })",
            [view.payload["header"]["samples"], count],
        )
        assert ("pins" in address(page)) == mirrored
        assert len(selected(page)) == count


def test_the_kernel_has_the_selection_and_gives_it(open_file: Open, tmp_path: Path, view: views.View) -> None:
    path = tmp_path / "live.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{view._repr_mimebundle_()["text/html"]}', "utf-8")
    page = open_file(path).page
    page.locator("[data-wb-ready='1']").wait_for()
    page.evaluate("payload => { globalThis.payload = payload; }", view.payload)
    result = page.evaluate(
        """() => {
          const values = { payload, epoch: null, threshold: null, selection: [4, 5, 6, 9] }, handlers = {};
          const model = {
            get: (k) => values[k], set: (k, v) => { values[k] = v; }, save_changes() {},
            on: (event, f) => { handlers[event] = f; }, off() {},
          };
          const el = document.body.appendChild(document.createElement('div'));
          const close = workbench.views.hypersphere.render({ model, el });
          const initial = el.querySelector('.wb-chosen').textContent;
          values.selection = [1, 2, 3, 5, 8]; handlers['change:selection']();
          const fromKernel = [...__workbench.state.selection.rows];
          __workbench.set({ focusClass: 1 });
          el.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
          close();
          return { initial, fromKernel, toKernel: values.selection };
        }"""
    )
    assert result["initial"].startswith("4 of 120 points selected: class 1 (2), class 0 (1), class 2 (1).")
    assert result["fromKernel"] == [1, 2, 3, 5, 8]
    assert result["toKernel"] == np.flatnonzero(LABELS == 1).tolist()


# E8: the whole task with keys alone.


def test_the_whole_task_with_keys_alone(open_views: Open) -> None:
    moving = clusters(T=3, spread=0.3)
    shown = views.hypersphere({"a": moving}, LABELS, steps=[1, 2, 3], margins={"a": views.Margin(angle_rad=0.2)})
    page = open_views(shown)
    order = []
    for _ in range(12):
        page.keyboard.press("Tab")
        ring = page.evaluate(
            """() => {
              const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
              return [outlineStyle, outlineWidth];
            }"""
        )
        assert ring == ["solid", "2px"]
        order.append(page.evaluate("document.activeElement.tagName"))
        if order[-1] == "SELECT" and "focus" not in address(page):
            for _ in range(3):
                page.keyboard.press("ArrowDown")
            assert address(page)["focus"] == "2"
            assert voice(page).startswith("Class 2 in focus. Margin cap: θ up to ")
        if order[-1] == "CANVAS":
            break
    assert order == ["BUTTON", "BUTTON", "INPUT", "SELECT", "SELECT", "BUTTON", "BUTTON", "CANVAS"]
    page.keyboard.press("[")
    assert address(page)["epoch"] == "2"
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert address(page)["epoch"] == "1"
    page.keyboard.press("]")
    page.keyboard.press("n")
    angles = np.rad2deg(np.arccos(np.clip(moving.centres[1] @ moving.embeddings[1, 2], -1, 1)))
    other = np.where(np.arange(4) == 2, np.inf, angles).argmin()
    assert voice(page) == (
        f"point 2, class 2, {angles[2]:.1f}° from own centre, {angles[other]:.1f}° from class {other}"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    cosine = moving.embeddings[1, 2] @ moving.embeddings[1, 6]
    assert voice(page) == f"a: θ {np.rad2deg(np.arccos(cosine)):.1f}°, cos {cosine:.3f}".replace("-", "−")
    page.keyboard.press("n")
    page.keyboard.press("Shift+Enter")
    assert selected(page) == [2, 6, 10]
    assert voice(page) == "3 of 120 points selected: class 2 (3)."
    page.keyboard.press("Shift+Enter")
    assert selected(page) == [2, 6]
    page.keyboard.press("a")
    assert selected(page) == np.flatnonzero(LABELS == 2).tolist()
    page.keyboard.press("Escape")
    assert selected(page) == []
    assert voice(page) == "Selection cleared."
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    assert address(page)["epoch"] == "3"
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    assert float(address(page)["camera"].split(",")[2]) == pytest.approx(1.15)


# Classes.


def test_a_click_on_a_name_brings_its_class_into_focus(open_views: Open) -> None:
    centres = unit(np.array([[1.0, 0.1, -0.8], [0.6, 0.9, -0.2], [0.4, -0.8, -0.9]]))
    embeddings = unit(np.array([[1.0, 0.5, -0.2], [0.9, 0.3, 0.3], [0.5, -0.1, -0.4]]))
    page = open_views(views.hypersphere({"a": views.Frames(embeddings, centres)}, [0, 1, 2]), address=HASH)
    x, y, side = corner(page)
    at = on_screen(centres, CAMERA, side)
    assert (at[:, 2] > 0.4).all()
    page.mouse.move(x + at[1, 0], y + at[1, 1])
    assert page.evaluate("getComputedStyle(document.querySelector('canvas')).cursor") == "pointer"
    page.mouse.down()
    page.mouse.up()
    assert address(page)["focus"] == "1"
    assert selected(page) == []
    page.mouse.click(x + at[1, 0], y + at[1, 1])
    assert address(page)["focus"] == "-1"
    outwards = unit(at[2, :2] - side / 2)
    name = at[2, :2] + outwards * (15, 19)  # the letters beside the arrow's head
    page.mouse.click(x + name[0], y + name[1])
    assert address(page)["focus"] == "2"


@pytest.fixture
def crowd() -> views.View:
    names = [f"person {i}" for i in range(300)]
    names[3] = "person 12, another"
    return views.hypersphere({"a": clusters(T=1, P=900, C=300, spread=0.02)}, np.arange(900) % 300, names=names)


def test_several_hundred_classes_are_searched_by_name(open_views: Open, crowd: views.View) -> None:
    page = open_views(crowd)
    assert "300 classes are too many for colours" in page.locator("figure").inner_text()
    box = page.get_by_label("Focus")
    assert box.input_value() == "person 0"
    assert page.locator("datalist option").count() == 50
    box.click()
    page.keyboard.type("299")
    assert page.locator("datalist option").count() == 1
    box.press("Enter")
    assert address(page)["focus"] == "299"
    assert voice(page) == "Class person 299 in focus."
    box.fill("PERSON 12")  # exactly this one, not the first that has these letters
    box.press("Enter")
    assert address(page)["focus"] == "12"
    box.fill("nobody")
    box.press("Enter")
    assert voice(page) == "No class is called nobody."
    assert address(page)["focus"] == "12"
    box.blur()
    assert box.input_value() == "person 12"
    box.fill("")
    box.press("Enter")
    assert address(page)["focus"] == "-1"


def test_one_class_is_accent_and_its_rival_alert(open_views: Open, crowd: views.View) -> None:
    centres = unit(unpack(crowd.payload)[1]["centres0"][0].astype(float))
    lonely = int(np.nanargmax(nearest_centres(centres[None])[0]))  # whose rival is not hidden behind it
    x, y, z = centres[lonely]
    azimuth, elevation = np.rad2deg(np.arctan2(y, x)), np.rad2deg(np.arcsin(z))
    page = open_views(crowd, address=f"#camera={azimuth},{elevation},1&focus={lonely}")
    drawn = pixels(page)[..., :3]
    for colour, least in ((0x0072B2, 15), (0xD55E00, 8)):
        rgb = [colour >> 16, colour >> 8 & 255, colour & 255]
        assert (drawn == rgb).all(axis=2).sum() > least
    saturated = (drawn.max(axis=2).astype(int) - drawn.min(axis=2)) > 60
    assert saturated.mean() < 0.02


# The density.


@pytest.fixture(scope="module")
def cloud() -> tuple[views.View, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = np.arange(50_400) % 3
    centres = unit(np.array([[1.0, 0.2, -0.7], [0.5, 1, -0.2], [0.2, -0.9, -0.8]]))
    embeddings = unit(centres[labels] + 0.3 * rng.normal(size=(50_400, 3)))
    view = views.hypersphere({"a": views.Frames(embeddings, centres)}, labels, points=60_000)
    return view, embeddings, labels


def test_the_browser_finds_the_cells_that_python_does(open_views: Open, view: views.View) -> None:
    page = open_views(view)
    load_shared(page)
    directions = unit(np.random.default_rng(0).normal(size=(3000, 3)))
    directions[:4] = [[0, 0, 1], [0, 0, -1], [1, 0, 0], [-1, 0, 0]]
    found = page.evaluate(
        "([columns, v]) => { const { cellOf } = equalAreaGrid(columns); return v.map((d) => cellOf(...d)) }",
        [bands().tolist(), directions.tolist()],
    )
    assert found == cell_of(directions, bands()).tolist()


def test_a_density_is_painted_and_read(open_views: Open, cloud: Any) -> None:
    view, embeddings, labels = cloud
    page = open_views(view, address=HASH)
    assert "All 50\u202f400 are counted" in page.locator("figure").inner_text()
    header = unpack(view.payload)[0]
    x, y, side = corner(page)
    cells = cell_of(embeddings, bands())
    direction = unit(np.array([[0.9, -0.1, -0.8]]))
    at = on_screen(direction, CAMERA, side)[0]
    cell = cell_of(direction, bands())[0]
    inside = np.bincount(labels[cells == cell], minlength=3)
    assert inside.sum() > 20
    page.mouse.move(x + at[0], y + at[1])
    page.locator(".wb-tip").wait_for(state="visible")
    text = page.locator(".wb-tip").inner_text().split("\n")
    assert text[0] == f"{inside.sum()} in this cell"
    assert f"class {inside.argmax()} {inside.max()}" in [line.strip() for line in text]
    page.mouse.move(2, 2)
    drawn = pixels(page)
    leader = header["classes"][inside.argmax()]["colour"]
    level = 0.18 + 0.82 * np.log(inside.sum()) / np.log(header["density"]["most"])
    strong = np.array([int(leader[i : i + 2], 16) for i in (1, 3, 5)])
    seen = drawn[int(at[1]), int(at[0]), :3].astype(int)
    assert np.abs(level * strong + (1 - level) * 246 - seen).max() < 12


def test_a_class_in_focus_brings_its_sampled_points_to_a_density(open_views: Open, cloud: Any) -> None:
    view, _, labels = cloud
    rows = unpack(view.payload)[1]["rows"]
    assert len(rows) == 2000
    page = open_views(view, address=HASH)
    before = digest(pixels(page))
    page.evaluate("__workbench.set({ focusClass: 1 })")
    assert digest(pixels(page)) != before
    page.locator("canvas").focus()
    page.keyboard.press("n")
    row = min(row for row in rows if labels[row] == 1)
    assert voice(page).startswith(f"point {row}, class 1, ")
    page.keyboard.press("a")
    assert sorted(selected(page)) == sorted(int(row) for row in rows if labels[row] == 1)


# E12, E10: hostile data, states, modes.


def test_hostile_names_everywhere(open_views: Open) -> None:
    run = clusters(T=2)
    margins = {name: views.Margin(angle_rad=0.1) for name in HOSTILE[:2]}
    few = views.hypersphere(dict.fromkeys(HOSTILE[:2], run), LABELS, names=HOSTILE, margins=margins)
    crowd = clusters(T=1, P=402, C=201)
    crowd.embeddings[0, 7] = np.nan
    names = [f"{HOSTILE[i % 4]} {i}" for i in range(201)]
    many = views.hypersphere({HOSTILE[2]: crowd}, np.arange(402) % 201, names=names)
    page = open_views(few, many)
    page.evaluate("__workbench.set({ focusClass: 0 })")
    for i, samples in enumerate((few, many)):
        figure = page.locator("figure").nth(i)
        rows = sorted(unpack(samples.payload)[1]["rows"].tolist())[:8]
        page.evaluate(
            "([samples, rows]) => __workbench.set({ selection: { samples, rows } })",
            [samples.payload["header"]["samples"], rows],
        )
        for summary in figure.locator("summary").all():
            summary.click()
        figure.locator("canvas").first.focus()
        page.keyboard.press("n")
        settle(page)
        assert HOSTILE[0] in figure.locator(".wb-chosen").text_content()
        assert HOSTILE[0] in figure.locator(".wb-voice").text_content()
    assert page.locator("main img, main b b").count() == 0
    assert page.locator("datalist option").first.get_attribute("value") == f"{HOSTILE[0]} 0"
    assert "1 row left out: NaN, infinite or zero in some epoch" in page.locator("figure").nth(1).text_content()


@pytest.mark.parametrize("n", [0, 1])
def test_no_point_and_one_point(open_views: Open, n: int) -> None:
    frames = views.Frames(np.ones((1, n, 3)), np.ones((1, 1, 3)))
    page = open_views(views.hypersphere({"a": frames}, [0] * n, margins={"a": views.Margin(angle_rad=0.5)}))
    page.locator("canvas").focus()
    for key in ("n", "Enter", "a", "[", "]", " ", "+", "Shift+Enter", "Escape"):
        page.keyboard.press(key)
    side = corner(page)[2]
    pull(page, (0.2 * side, 0.2 * side), (0.8 * side, 0.8 * side))
    assert selected(page) == [0] * n
    page.evaluate("__workbench.set({ focusClass: 0 })")
    figure = page.locator("figure").inner_text()
    assert ("No points to show." in figure) == (n == 0)
    assert ("One class only" in figure) == (n == 1)
    assert ("One epoch only: there is nothing to play." in figure) == (n == 1)
    assert "No margin cap: there is no other centre to keep a margin to." in figure


def test_narrow_dark_printed_and_still(open_views: Open) -> None:
    runs = {"a": clusters(), "b": clusters(seed=2)}
    shown = views.hypersphere(runs, LABELS, margins={"a": views.Margin(angle_rad=0.1), "b": views.Margin(cosine=0.1)})
    samples = shown.payload["header"]["samples"]
    page = open_views(
        shown,
        address=f"{HASH}&focus=1&pins={samples}:1,2,3,4",
        viewport={"width": 320, "height": 700},
        color_scheme="dark",
        reduced_motion="reduce",
    )
    page.get_by_role("button", name="Keys").click()
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert small_targets(page, "button, select, summary, input, a") == []
    before = picture(page)
    page.wait_for_timeout(1000)
    assert picture(page) == before
    assert len(page.pdf()) > 10_000
    dark = pixels(page)
    page.emulate_media(color_scheme="light")
    assert digest(pixels(page)) != digest(dark)


# E15: memory.


def test_playing_and_closing_leave_nothing_behind(open_file: Open, tmp_path: Path) -> None:
    shown = views.hypersphere({"a": clusters(T=20, P=2000, C=10)}, np.arange(2000) % 10)
    path = tmp_path / "live.html"
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{shown._repr_mimebundle_()["text/html"]}', "utf-8")
    page = open_file(path).page
    page.locator("[data-wb-ready='1']").wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def measured() -> dict[str, float]:
        for _ in range(3):  # what one collection lets go of, the next one finds
            session.send("HeapProfiler.collectGarbage")
            settle(page)
        return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}

    play = """async (steps) => {
      const slider = document.querySelector('input[type=range]');
      for (let i = 0; i < steps; i++) {
        slider.value = i % 20;
        slider.dispatchEvent(new Event('input'));
        await new Promise(requestAnimationFrame);
      }
    }"""
    page.evaluate(play, 5)
    before = measured()
    page.evaluate(play, 200)
    after = measured()
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < 10e6
    assert after["Nodes"] - before["Nodes"] < 200
    assert after["JSEventListeners"] == before["JSEventListeners"]

    page.evaluate("payload => { globalThis.payload = payload; }", json.loads(json.dumps(shown.payload)))
    cycle = """async () => {
      const left = __workbench.listeners.size, el = document.body.appendChild(document.createElement('div'));
      const get = (k) => ({ payload, selection: [] })[k] ?? null;
      const model = { get, set() {}, on() {}, off() {}, save_changes() {} };
      const close = workbench.views.hypersphere.render({ model, el });
      el.querySelector('button').click();
      await new Promise((done) => setTimeout(done, 60));
      close();
      el.remove();
      return __workbench.listeners.size - left;
    }"""
    page.evaluate(cycle)
    before = measured()
    for _ in range(5):
        assert page.evaluate(cycle) == 0
    after = measured()
    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < 3e6


# A map of more dimensions.


@pytest.mark.parametrize("projection", ["pca", "map"])
def test_points_of_a_map_stay_on_the_sphere_between_two_epochs(open_views: Open, projection: str) -> None:
    shown = views.hypersphere({"a": clusters(T=2, d=8, spread=0.4)}, LABELS, projection=projection)
    page = open_views(shown)
    load_shared(page)
    lengths = page.evaluate(
        """([payload, times]) => {
          const { header, blocks } = decodePayload(payload), count = header.runs.length && blocks.labels.values.length;
          const { directions } = snapshotsOf(0, blocks, header.runs[0].inside);
          return times.map((time) => {
            const at = new Float32Array(3 * count);
            directions(time, at);
            return Array.from({ length: count }, (_, i) => Math.hypot(...at.subarray(3 * i, 3 * i + 3)));
          });
        }""",
        [shown.payload, [0, 0.5, 1]],
    )
    on_sphere = np.abs(np.array(lengths) - 1) < 1e-4
    assert on_sphere.all() if projection == "map" else not on_sphere.any()


def test_a_map_says_what_it_is_and_prints_true_angles(open_views: Open) -> None:
    run = clusters(T=1, d=8, spread=0.1)
    page = open_views(views.hypersphere({"a": run}, LABELS, projection="map"))
    badge = page.locator(".wb-badge").first.text_content()
    assert badge.startswith("Map of 8 dimensions. Trustworthiness 0.9")
    page.locator("canvas").first.focus()
    page.keyboard.press("n")
    cosine = (unit(run.embeddings[0, 0]) * unit(run.centres[0, 0])).sum()
    assert f"{np.rad2deg(np.arccos(cosine)):.1f}° from own centre" in voice(page)
