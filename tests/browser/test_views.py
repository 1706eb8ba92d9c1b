"""The views in a real browser: drawn, offline, right to the pixel, with the mouse, with keys, on any screen."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import small_targets
from workbench import views
from workbench.views.assets import _shared
from workbench.views.directions import picture as picture_of
from workbench.views.payload import DTYPES, pack

pytestmark = pytest.mark.browser

HOSTILE = ["</script><img src=x onerror=alert(1)>", "😀 <b>emoji</b>", "שלום עולם & ‮x", "plain"]
CAMERA = {"azimuth": 25.0, "elevation": -35.0, "zoom": 1.0}
HASH = "#camera=25,-35,1"

Open = Callable[..., Any]


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def clusters(T: int = 4, P: int = 120, C: int = 4, d: int = 3, spread: float = 0.2, seed: int = 0) -> views.Frames:
    """Clusters that move from frame to frame."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(C, d)) + 0.4 * rng.normal(size=(T, C, d)))
    return views.Frames(unit(centres[:, np.arange(P) % C] + spread * rng.normal(size=(T, P, d))), centres)


@pytest.fixture
def sphere() -> views.View:
    runs = {"first": clusters(), "second": clusters(spread=0.5, seed=1)}
    return views.hypersphere(runs, np.arange(120) % 4, steps=[1, 2, 5, 9])


@pytest.fixture
def pairs() -> views.View:
    rng = np.random.default_rng(0)
    runs = {}
    for name, mean in (("first", 0.7), ("second", 0.5)):
        genuine, _ = np.histogram(rng.normal(mean, 0.15, 5000).clip(-1, 1), 4000, (-1, 1))
        impostor, _ = np.histogram(rng.normal(0, 0.15, 90000).clip(-1, 1), 4000, (-1, 1))
        runs[name] = views.PairHistograms(genuine, impostor)
    return views.pair_similarity(runs)


def picture(page: Any, i: int = 0) -> str:
    settle(page)
    return page.evaluate("i => document.querySelectorAll('canvas')[i].toDataURL()", i)


def settle(page: Any) -> None:
    """Two animation frames: what a gesture asked for is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def load_shared(page: Any) -> None:
    """Make the functions of `shared/` callable from the test."""
    page.evaluate("text => document.head.append(Object.assign(document.createElement('script'), { text }))", _shared())


def voice(page: Any) -> str:
    return page.locator(".wb-voice").first.text_content()


def address(page: Any) -> dict[str, str]:
    return dict(part.split("=") for part in page.evaluate("location.hash")[1:].split("&") if part)


def on_screen(directions: np.ndarray, camera: dict[str, float], side: float) -> np.ndarray:
    """Where the sphere's drawing puts directions: x, y in CSS pixels and depth."""
    a, e = np.deg2rad(camera["azimuth"]), np.deg2rad(camera["elevation"])
    right = np.array([-np.sin(a), np.cos(a), 0])
    eye = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    up = np.cross(eye, right)
    radius = 0.445 * side * camera["zoom"]
    return np.stack(
        [side / 2 + radius * directions @ right, side / 2 - radius * directions @ up, directions @ eye], axis=-1
    )


def test_every_view_is_drawn_and_says_what_it_is(open_views: Open, sphere: views.View, pairs: views.View) -> None:
    page = open_views(sphere, pairs)
    assert page.locator("[data-wb-error]").count() == 0
    assert page.locator("canvas").count() == 2
    label = page.locator("canvas").first.get_attribute("aria-label")
    assert re.match(r"first: 120 embeddings of 4 classes .* Epoch 9\. Median angle to the own centre \d+\.\d°", label)
    assert page.locator("svg.wb-plot").first.get_attribute("aria-label").startswith(pairs.summary)
    pixels = page.evaluate(
        """() => { const c = document.querySelector('canvas');
        return new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size }"""
    )
    assert pixels > 100


@pytest.mark.parametrize("ratio", [1, 2])
def test_points_land_on_the_predicted_pixels(open_views: Open, ratio: int) -> None:
    # Circle, square, triangle, diamond and cross; the last on the far side.
    directions = unit(
        np.array([[1, 0.2, -0.5], [0.8, 0.9, -0.6], [0.9, 0.1, -1.5], [0.6, -0.8, -0.4], [-1, -0.3, 0.6]])
    )
    view = views.hypersphere({"a": views.Frames(directions, np.zeros((5, 3)))}, np.arange(5))
    page = open_views(view, address=HASH, device_scale_factor=ratio)
    side = page.evaluate("document.querySelector('canvas').clientWidth")
    assert page.evaluate("document.querySelector('canvas').width") == side * ratio
    pixels = np.array(
        page.evaluate(
            """() => {
              const c = document.querySelector('canvas');
              return [...new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)];
            }"""
        ),
        dtype="<u4",
    )
    pixels = pixels.view(np.uint8).reshape(side * ratio, side * ratio, 4)[..., :3].astype(int)
    screen = on_screen(directions, CAMERA, side)
    assert (screen[:, 2] > 0).tolist() == [True] * 4 + [False]
    for style, (x, y) in zip(view.payload["header"]["classes"][:4], screen[:4, :2] * ratio, strict=True):
        colour = [int(style["colour"][i : i + 2], 16) for i in (1, 3, 5)]
        rows, columns = np.nonzero((pixels == colour).all(axis=2))
        assert len(rows) > 20 * ratio**2
        assert columns.mean() + 0.5 == pytest.approx(x, abs=0.3)
        if style["glyph"] != "triangle-up":
            assert rows.mean() + 0.5 == pytest.approx(y, abs=0.3)
    far = pixels[tuple(np.floor(screen[4, 1::-1] * ratio).astype(int))]
    colour = [int(view.payload["header"]["classes"][4]["colour"][i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(0.18 * np.array(colour) + 0.82 * 245 - far).max() < 12


def test_a_stamp_has_the_area_and_the_place_of_its_glyph(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere)
    load_shared(page)
    stamp = page.evaluate(
        """() => {
          const look = { glyph: 'circle', radius: 6, fill: '#ff0000', rim: '#0000ff', rimWidth: 1.5 };
          const { side, reach, images } = makeStamp(look);
          return { side, reach, images: images.map((image) => [...image]) };
        }"""
    )
    for phase, flat in enumerate(stamp["images"]):
        image = np.array(flat, dtype=float).reshape(stamp["side"], stamp["side"], 4) / 255
        alpha, filled = image[..., 3], image[..., 0] * image[..., 3]
        assert alpha.sum() == pytest.approx(np.pi * 7.5**2, rel=0.01)
        assert filled.sum() == pytest.approx(np.pi * 6**2, rel=0.01)
        rows, columns = np.indices(alpha.shape) - stamp["reach"]
        assert (alpha * columns).sum() / alpha.sum() == pytest.approx(phase % 4 / 4, abs=0.03)
        assert (alpha * rows).sum() / alpha.sum() == pytest.approx(phase // 4 / 4, abs=0.03)


@pytest.mark.parametrize("d", [3, 8])
def test_the_browser_measures_the_angles_that_python_does(open_views: Open, d: int) -> None:
    run, labels = clusters(T=2, P=80, C=7, d=d, spread=0.6), np.arange(80) % 7
    view = views.hypersphere({"a": run}, labels)
    page = open_views(view)
    load_shared(page)
    measured = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const { own, rival, rivalClass } = snapshotsOf(0, decodePayload(payload).blocks).angles(1);
          return [own, rival, rivalClass].map((values) => [...values]);
        }"""
    )
    true = picture_of(run.embeddings, run.centres, labels)
    rows = views.payload.unpack(view.payload)[1]["rows"]
    np.testing.assert_allclose(measured[0], true.own[1, rows], atol=1e-4)
    np.testing.assert_allclose(measured[1], true.rival[1, rows], atol=1e-4)
    assert measured[2] == true.rival_class[1, rows].tolist()


def test_the_slider_changes_the_points_and_comes_back(open_views: Open, sphere: views.View, pairs: views.View) -> None:
    page = open_views(sphere, pairs)
    before = [picture(page, 0), picture(page, 1)]
    slider = page.get_by_role("slider", name="Epoch")
    slider.fill("1")
    assert [picture(page, 0) != before[0], picture(page, 1) != before[1]] == [True, True]
    assert address(page)["epoch"] == "2"
    assert page.locator("output").first.text_content() == "2 of 9"
    assert "Epoch 2." in page.locator("canvas").first.get_attribute("aria-label")
    slider.fill("3")
    assert [picture(page, 0), picture(page, 1)] == before


def test_arrows_turn_both_spheres_and_reset_turns_them_back(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere)
    before = [picture(page, 0), picture(page, 1)]
    page.locator("canvas").first.focus()
    for key in ("ArrowRight", "ArrowUp", "+"):
        page.keyboard.press(key)
    azimuth, elevation, zoom = (float(x) for x in address(page)["camera"].split(","))
    home = sphere.payload["header"]["camera"]
    assert (azimuth - home["azimuth"]) % 360 == pytest.approx(5)
    assert elevation - home["elevation"] == pytest.approx(5)
    assert zoom == pytest.approx(1.15)
    assert picture(page, 0) != before[0]
    assert picture(page, 1) != before[1]
    page.get_by_role("button", name="Reset view").click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    assert [picture(page, 0), picture(page, 1)] == before


def test_a_drag_turns_and_commits_once(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere, address=HASH)
    box = page.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 30, steps=5)
    assert address(page)["camera"] == "25,-35,1"
    page.mouse.up()
    azimuth, elevation, _ = (float(v) for v in address(page)["camera"].split(","))
    scale = np.rad2deg(1 / (0.445 * box["width"]))
    assert azimuth == pytest.approx(25 - 60 * scale, abs=0.02)
    assert elevation == pytest.approx(-35 + 30 * scale, abs=0.02)


def test_the_wheel_belongs_to_the_page_until_the_sphere_is_in_focus(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere, viewport={"width": 700, "height": 400})
    page.locator("canvas").first.hover()
    page.mouse.wheel(0, 120)
    page.wait_for_function("scrollY > 0")
    assert "camera" not in address(page)
    page.locator("canvas").first.focus()
    page.locator("canvas").first.hover()
    scrolled = page.evaluate("scrollY")
    page.mouse.wheel(0, -120)
    page.wait_for_function("location.hash.includes('camera')")
    assert page.evaluate("scrollY") == scrolled


def test_with_keys_alone(open_views: Open) -> None:
    run, labels = clusters(T=1), np.arange(120) % 4
    page = open_views(views.hypersphere({"a": run}, labels))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert address(page)["focus"] == "1"
    for _ in range(10):
        if page.evaluate("document.activeElement.tagName") == "CANVAS":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "2px"
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert_point(voice(page), 5, run, labels)
    page.keyboard.press("p")
    assert_point(voice(page), 1, run, labels)
    page.keyboard.press("p")
    assert_point(voice(page), 117, run, labels)
    page.keyboard.press("Enter")
    assert voice(page) == "Point 117 pinned."
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    a, b = run.embeddings[0, 117], run.embeddings[0, 1]
    theta, cosine = re.fullmatch(r"a: θ ([\d.]+)°, cos ([−\d.]+)", voice(page)).groups()
    assert float(theta) == pytest.approx(np.rad2deg(np.arccos(a @ b)), abs=0.06)
    assert float(cosine.replace("−", "-")) == pytest.approx(a @ b, abs=0.0006)
    assert address(page)["pins"].endswith(":117,1")
    page.keyboard.press("Escape")
    assert voice(page) == "Selection cleared."
    assert "pins" not in address(page)
    assert page.locator(".wb-tip").is_hidden()


def assert_point(sentence: str, row: int, run: views.Frames, labels: np.ndarray) -> None:
    """The sentence says of a point what the embeddings say."""
    angles = np.rad2deg(np.arccos(np.clip(run.centres[0] @ run.embeddings[0, row], -1, 1)))
    others = np.where(np.arange(len(angles)) == labels[row], np.inf, angles)
    pattern = r"point (\d+), class (\d), ([\d.]+)° from own centre, ([\d.]+)° from class (\d)"
    number, label, own, rival, other = re.fullmatch(pattern, sentence).groups()
    assert (int(number), int(label), int(other)) == (row, labels[row], others.argmin())
    assert float(own) == pytest.approx(angles[labels[row]], abs=0.06)
    assert float(rival) == pytest.approx(others.min(), abs=0.06)


def test_hover_and_click(open_views: Open) -> None:
    images = np.zeros((120, 8, 8), np.uint8)
    run = clusters(T=1)
    page = open_views(views.hypersphere({"a": run}, np.arange(120) % 4, thumbnails=images), address=HASH)
    box = page.locator("canvas").bounding_box()
    screen = on_screen(run.embeddings[0], CAMERA, box["width"])
    row = int(screen[:, 2].argmax())
    page.mouse.move(box["x"] + screen[row, 0], box["y"] + screen[row, 1])
    tip = page.locator(".wb-tip")
    tip.wait_for(state="visible")
    assert f"point {row}" in tip.text_content()
    assert tip.locator(".wb-thumb").evaluate("node => node.style.backgroundImage").startswith('url("data:image/png')
    page.mouse.down()
    page.mouse.up()
    assert address(page)["pins"].endswith(f":{row}")
    page.mouse.move(2, 2)
    tip.wait_for(state="hidden")


def test_focus_is_one_class_in_every_sphere(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere, address=HASH)
    everything = picture(page, 1)
    page.locator(".wb-chip").nth(2).click()
    assert page.get_by_label("Focus").input_value() == "2"
    assert page.locator(".wb-chip").nth(2).get_attribute("aria-pressed") == "true"
    assert picture(page, 1) != everything
    page.locator(".wb-chip").nth(2).click()
    assert address(page)["focus"] == "-1"


def test_play_moves_and_stops_at_the_end(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere)
    still = picture(page)
    page.get_by_role("button", name="Play").click()
    assert page.get_by_role("button", name="Pause").is_visible()
    page.get_by_role("button", name="Play").wait_for()
    assert address(page)["epoch"] == "9"
    assert picture(page) == still


def test_reduced_motion_shows_whole_epochs_only(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere, reduced_motion="reduce")
    slider, whole = page.get_by_role("slider", name="Epoch"), set()
    for t in range(4):
        slider.fill(str(t))
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
          const before = await watch(500);
          document.querySelector('button').click();
          await watch(1200);
          return { before, seen: [...seen] };
        }"""
    )
    assert seen["before"] == 1
    assert len(seen["seen"]) > 1
    assert set(seen["seen"]) <= whole


def test_the_address_brings_the_state_back(open_views: Open, sphere: views.View, pairs: views.View) -> None:
    samples = sphere.payload["header"]["samples"]
    given = f"#epoch=5&focus=1&threshold=0.25&theme=dark&camera=10,20,1.5&pins={samples}:3,8"
    page = open_views(sphere, pairs, address=given)
    assert page.get_by_role("slider", name="Epoch").input_value() == "2"
    assert page.get_by_label("Focus").input_value() == "1"
    assert float(page.get_by_role("slider", name="Threshold").input_value()) == 0.25
    assert page.evaluate("getComputedStyle(document.querySelector('.wb-view')).backgroundColor") == "rgb(18, 22, 28)"
    state = page.evaluate("__workbench.state")
    assert state["camera"] == {"azimuth": 10, "elevation": 20, "zoom": 1.5}
    assert state["selection"]["rows"] == [3, 8]


def test_a_broken_address_is_ignored(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere, address="#epoch=x&focus=99&camera=1,2,0&pins=zz&theme=pink&section")
    assert page.get_by_role("slider", name="Epoch").input_value() == "3"
    assert page.get_by_label("Focus").input_value() == "-1"
    state = page.evaluate("__workbench.state")
    assert [state[key] for key in ("epoch", "camera", "selection", "theme")] == [None] * 4


def wilson(count: int, total: int) -> tuple[float, float]:
    z, p = 1.959963984540054, count / total
    middle = (p + z**2 / total / 2) / (1 + z**2 / total)
    reach = z / (1 + z**2 / total) * np.sqrt(p * (1 - p) / total + z**2 / total**2 / 4)
    return middle - reach, middle + reach


@pytest.mark.parametrize("threshold", [-1, -0.2, 0.317, 0.5, 0.95])
def test_the_rates_are_those_of_the_counts(open_views: Open, pairs: views.View, threshold: float) -> None:
    page = open_views(pairs)
    page.get_by_role("slider", name="Threshold").fill(str(threshold))
    blocks = views.payload.unpack(pairs.payload)[1]
    edge = round((threshold + 1) / 2 * 2000)
    assert float(address(page)["threshold"]) == pytest.approx(-1 + edge / 1000)
    rows = page.locator(".wb-rates tbody tr")
    for i in range(2):
        genuine, impostor = blocks[f"genuine{i}"], blocks[f"impostor{i}"]
        counts = [impostor[edge:].sum(), genuine[:edge].sum(), genuine[edge:].sum()]
        for k, (count, total) in enumerate(zip(counts, [impostor.sum(), genuine.sum(), genuine.sum()], strict=True)):
            part, interval, of = rows.nth(k).locator("td").nth(i).locator("span").all_text_contents()
            assert of.replace("\u202f", "") == f"{int(count)} of {int(total)}"
            assert float(part.split()[0]) == pytest.approx(100 * count / total, rel=0.006)
            low, high = (float(x) for x in interval.removesuffix(" %").split(" to "))
            assert [low / 100, high / 100] == pytest.approx(wilson(count, total), rel=0.006, abs=1e-9)


def test_the_threshold_moves_with_the_pointer_and_is_shared(open_views: Open, pairs: views.View) -> None:
    page = open_views(pairs, pairs)
    box = page.locator("svg.wb-plot").first.bounding_box()
    page.mouse.move(box["x"] + 8 + 0.75 * (box["width"] - 16), box["y"] + 60)
    page.mouse.down()
    page.mouse.up()
    values = [float(page.get_by_role("slider", name="Threshold").nth(i).input_value()) for i in range(2)]
    assert values[0] == values[1] == pytest.approx(0.5, abs=0.01)


def test_log_scale_and_data(open_views: Open, pairs: views.View, sphere: views.View) -> None:
    page = open_views(pairs, sphere)
    before = page.locator("path.wb-curve").first.get_attribute("d")
    page.get_by_role("button", name="Log scale").click()
    assert page.locator("path.wb-curve").first.get_attribute("d") != before
    for i, rows in enumerate((21, 8)):
        page.locator("details").nth(i).locator("summary").click()
        page.locator("details").nth(i).locator("tbody tr").nth(rows - 1).wait_for()
        assert page.locator("details").nth(i).locator("tbody tr").count() == rows
    link = page.locator("a.wb-download").first.get_attribute("href")
    assert link.startswith("data:text/csv;charset=utf-8,threshold%2CFAR%20first")


def test_hostile_names_are_text(open_views: Open) -> None:
    run = clusters(T=2)
    view = views.hypersphere({HOSTILE[0]: run, HOSTILE[1]: run}, np.arange(120) % 4, names=HOSTILE)
    ones = np.ones(10, dtype=np.int64)
    page = open_views(view, views.pair_similarity({name: views.PairHistograms(ones, ones) for name in HOSTILE}))
    page.locator("canvas").first.focus()
    page.keyboard.press("n")
    for i in range(2):
        page.locator("summary").nth(i).click()
    settle(page)
    assert page.locator("main img, main b b").count() == 0
    text = page.locator("main").text_content()
    for name in HOSTILE:
        assert name in text
    assert HOSTILE[0] in voice(page)


def test_a_csv_cell_cannot_break_out(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere)
    load_shared(page)
    assert page.evaluate("csv([['a,b', 'c\"d', 1]])") == '"a,b","c""d",1\r\n'


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_browser_reads_blocks_as_python_wrote_them(open_views: Open, sphere: views.View, dtype: str) -> None:
    page = open_views(sphere)
    load_shared(page)
    block = (np.random.default_rng(0).normal(size=(5, 3)) * 50).astype(dtype)
    read = page.evaluate(
        "p => { const b = decodePayload(p).blocks.x; return [b.shape, [...b.values]] }", pack({}, x=block)
    )
    assert read == [[5, 3], [float(x) for x in block.ravel()]]


def test_states_that_are_not_pictures(open_views: Open) -> None:
    cases = [
        views.hypersphere({"empty": views.Frames(np.zeros((1, 0, 3)))}, []),
        views.hypersphere({"one point": views.Frames(np.ones((1, 1, 3)))}, [0]),
        views.hypersphere({"many": clusters(T=2, P=402, C=201)}, np.arange(402) % 201),
        views.hypersphere({"d": clusters(T=2, d=16)}, np.arange(120) % 4),
        views.pair_similarity({"none": views.PairHistograms(np.zeros(10, np.int64), np.zeros(10, np.int64))}),
    ]
    page = open_views(*cases)
    assert page.locator("[data-wb-error]").count() == 0
    figures = page.locator("figure")
    assert "No points to show." in figures.nth(0).text_content()
    assert figures.nth(0).get_by_role("slider").count() == 0
    assert "there is no other centre" in figures.nth(1).text_content()
    assert figures.nth(2).get_by_label("Focus").input_value() == "0"
    assert figures.nth(2).locator(".wb-chip").count() == 0
    assert re.search(r"3 of 16 dimensions: shows \d+ % of variance", figures.nth(3).text_content())
    assert (
        figures.nth(4).locator(".wb-rates td").first.text_content() == "" or "no pairs" in figures.nth(4).text_content()
    )
    figures.nth(3).locator("canvas").focus()
    for key in ("n", "Enter", "n", "Enter"):
        page.keyboard.press(key)
    assert figures.nth(3).locator(".wb-voice").text_content() == "d: angle not in this picture"


def test_a_view_that_fails_says_so(open_file: Open, tmp_path: Any) -> None:
    broken = views.View("hypersphere", {"header": {"title": "t", "caption": "c", "summary": "s"}, "blocks": {}})
    path = tmp_path / "broken.html"
    path.write_text(
        f"<!doctype html>{broken.html()}<script>{views.runtime(('hypersphere',))}</script>", encoding="utf-8"
    )
    page = open_file(path).page
    figure = page.locator("[data-wb-error='1'][data-wb-ready='1']")
    assert figure.get_by_role("alert").text_content().startswith("This view could not be drawn: ")


def test_a_notebook_output_draws_itself_and_leaves_nothing_behind(
    open_file: Open, tmp_path: Any, sphere: views.View
) -> None:
    path = tmp_path / "output.html"
    twice = sphere._repr_mimebundle_()["text/html"] * 2
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{twice}', encoding="utf-8")
    page = open_file(path).page
    page.locator("[data-wb-ready='1'] canvas").nth(3).wait_for()
    assert page.evaluate("__workbench.listeners.size") == 4  # two for each view: its own and its epoch's
    left = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const before = __workbench.listeners.size, el = document.createElement('div');
          document.body.append(el);
          const get = (key) => (key === 'payload' ? payload : null);
          const model = { get, set() {}, on() {}, off() {}, save_changes() {} };
          const close = workbench.views.hypersphere.render({ model, el });
          const during = __workbench.listeners.size, drawn = el.querySelectorAll('canvas').length;
          close();
          return [during - before, drawn, __workbench.listeners.size - before];
        }"""
    )
    assert left == [3, 2, 0]


def test_a_live_model_and_the_page_follow_each_other(open_file: Open, tmp_path: Any, sphere: views.View) -> None:
    path = tmp_path / "live.html"
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><body>{sphere._repr_mimebundle_()["text/html"]}', encoding="utf-8"
    )
    page = open_file(path).page
    page.locator("[data-wb-ready='1']").wait_for()
    followed = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector('.wb-payload').textContent);
          const values = { payload, epoch: 2, threshold: null, selection: [] }, handlers = {}, saved = [];
          const model = {
            get: (k) => values[k], set: (k, v) => { values[k] = v; }, save_changes: () => saved.push({ ...values }),
            on: (event, f) => { handlers[event] = f; }, off: (event) => { delete handlers[event]; },
          };
          const el = document.body.appendChild(document.createElement('div'));
          const close = workbench.views.hypersphere.render({ model, el });
          const initial = __workbench.state.epoch;
          values.epoch = 5; handlers['change:epoch']();
          const fromKernel = el.querySelector('input[type=range]').value;
          const slider = el.querySelector('input[type=range]');
          slider.value = 0; slider.dispatchEvent(new Event('change'));
          const canvas = el.querySelector('canvas');
          for (const key of ['n', 'Enter']) canvas.dispatchEvent(new KeyboardEvent('keydown', { key }));
          close();
          return { initial, fromKernel, toKernel: values.epoch, rows: values.selection, left: Object.keys(handlers) };
        }"""
    )
    assert followed == {"initial": 2, "fromKernel": "2", "toKernel": 1, "rows": [0], "left": []}


def test_narrow_screens_do_not_scroll_sideways(open_views: Open, sphere: views.View, pairs: views.View) -> None:
    page = open_views(sphere, pairs, viewport={"width": 320, "height": 700})
    page.get_by_role("button", name="Keys").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert small_targets(page, "button, select, summary, input") == []


def test_dark_and_light(open_views: Open, sphere: views.View, pairs: views.View) -> None:
    page = open_views(sphere, pairs, color_scheme="dark")
    dark = picture(page)
    assert page.evaluate("getComputedStyle(document.querySelector('.wb-view')).backgroundColor") == "rgb(18, 22, 28)"
    page.emulate_media(color_scheme="light")
    light = picture(page)
    assert light != dark
    page.evaluate("__workbench.set({theme: 'dark'})")
    assert picture(page) == dark
    assert address(page)["theme"] == "dark"


def test_the_canvas_follows_its_container(open_views: Open, sphere: views.View) -> None:
    page = open_views(sphere)
    before = page.evaluate("document.querySelector('canvas').width")
    page.set_viewport_size({"width": 800, "height": 900})
    page.wait_for_function("w => document.querySelector('canvas').width !== w", arg=before)
    assert page.evaluate("(c => c.width === c.clientWidth)(document.querySelector('canvas'))")
