"""Angles, hard pairs, centres, maps and operating curves in a real browser: right, linked, by mouse and by keys."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import small_targets
from tests.browser.test_views import HOSTILE, address, clusters, load_shared, picture, settle
from workbench import geometry, views
from workbench.views.payload import dequantise, unpack

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
LABELS = np.arange(120) % 4
STEPS = [1, 2, 5, 9]
RUNS = {"first": clusters(), "second": clusters(spread=0.5, seed=1)}


def pairs_of(run: views.Frames) -> geometry.PairCounts:
    return geometry.pair_counts(run.embeddings[-1], LABELS)


@pytest.fixture
def sphere() -> views.View:
    return views.hypersphere(RUNS, LABELS, steps=STEPS)


@pytest.fixture
def angles() -> views.View:
    return views.angle_distributions(RUNS, LABELS, steps=STEPS)


@pytest.fixture
def hard() -> views.View:
    images = np.random.default_rng(0).integers(0, 255, (120, 8, 8)).astype(np.uint8)
    return views.hard_pairs({name: pairs_of(run) for name, run in RUNS.items()}, LABELS, thumbnails=images)


@pytest.fixture
def gram() -> views.View:
    return views.centre_gram({name: run.centres[-1] for name, run in RUNS.items()})


@pytest.fixture
def maps() -> views.View:
    runs = {"a": clusters(T=1, d=8).embeddings[0], "b": clusters(T=1, d=8, seed=2).embeddings[0]}
    return views.embedding_map(runs, LABELS, methods=["pca"])


@pytest.fixture
def similarity() -> views.View:
    negatives = {
        name: geometry.class_negatives(run.embeddings[-1], LABELS, run.centres[-1]) for name, run in RUNS.items()
    }
    return views.pair_similarity({name: pairs_of(run) for name, run in RUNS.items()}, class_negatives=negatives)


def figure(page: Any, name: str) -> Any:
    return page.locator(f"[data-wb-view='{name}']")


def spoken(page: Any, name: str) -> str:
    return figure(page, name).locator(".wb-voice[aria-live]").text_content()


# Angle distributions


def test_angles_and_the_sphere_have_one_epoch(open_views: Open, sphere: views.View, angles: views.View) -> None:
    page = open_views(sphere, angles)
    mine = figure(page, "angle_distributions")
    of_sphere = figure(page, "hypersphere").get_by_role("slider", name="Epoch")
    before = mine.locator("path.wb-curve").first.get_attribute("d")
    of_sphere.fill("1")
    assert mine.get_by_role("slider", name="Epoch").input_value() == "1"
    assert mine.locator("path.wb-curve").first.get_attribute("d") != before
    assert "Epoch 2," in mine.locator("svg.wb-hills").first.get_attribute("aria-label")
    mine.get_by_role("slider", name="Epoch").fill("2")
    assert of_sphere.input_value() == "2"
    assert address(page)["epoch"] == "5"
    sphere_before = picture(page)
    mine.get_by_role("button", name="Step").click()
    assert of_sphere.input_value() == "3"
    assert picture(page) != sphere_before


def test_playing_in_either_moves_the_other_and_stops_at_the_end(
    open_views: Open, sphere: views.View, angles: views.View
) -> None:
    page = open_views(sphere, angles)
    for name, other in (("angle_distributions", "hypersphere"), ("hypersphere", "angle_distributions")):
        seen = page.evaluate(
            """async ([name, other]) => {
              const of = (view, what) => document.querySelector(`[data-wb-view=${view}] ${what}`);
              const seen = new Set(), own = new Set();
              of(name, 'button').click();
              const begun = of(name, 'button').textContent;
              while (of(name, 'button').textContent === 'Pause') {
                await new Promise(requestAnimationFrame);
                seen.add(of(other, 'input[type=range]').value);
                own.add(of(name, 'input[type=range]').value);
              }
              return { begun, seen: [...seen], own: [...own] };
            }""",
            [name, other],
        )
        assert seen["begun"] == "Pause"
        for view in ("seen", "own"):
            assert {"0", "1", "2", "3"} >= set(seen[view]) >= {"1", "2", "3"}
        assert address(page)["epoch"] == "9"


def test_medians_and_overlap_are_those_of_python(open_views: Open, angles: views.View) -> None:
    page = open_views(angles)
    blocks = unpack(angles.payload)[1]
    for step, t, focus in (("1", 1, 0), ("3", 3, 2)):
        page.get_by_role("slider", name="Epoch").fill(step)
        page.get_by_role("combobox", name="Class").select_option(str(focus - 1))
        for i in range(2):
            counts = (blocks[f"{side}{i}"][t].astype(float) for side in ("own", "other"))
            own, other = (count[focus - 1] if focus else count.sum(0) for count in counts)
            overlap = 100 * np.minimum(own / own.sum(), other / other.sum()).sum()
            label = page.locator("svg.wb-hills").nth(i).get_attribute("aria-label")
            found = re.search(
                r"own centre ([\d.]+)°, to the nearest other ([\d.]+)°, overlap ([\d.]+) %", label
            ).groups()
            medians = [blocks[f"{side}Median{i}"][t, focus] for side in ("own", "other")]
            assert [float(x) for x in found[:2]] == pytest.approx(medians, abs=0.051)
            assert float(found[2]) == pytest.approx(overlap, rel=0.006)
    assert address(page)["focus"] == "1"


def test_the_margin_between_and_who_keeps_it(open_views: Open) -> None:
    margins = {"first": views.Margin(angle_rad=0.3), "second": views.Margin()}
    view = views.angle_distributions(RUNS, LABELS, steps=STEPS, margins=margins)
    page = open_views(view)
    blocks = unpack(view.payload)[1]
    mine = figure(page, "angle_distributions")
    angles = mine.locator("svg.wb-hills").first.inner_html()
    page.get_by_role("combobox", name="Show").select_option("margin")
    first, second = (mine.locator(".wb-panel").nth(i) for i in range(2))
    assert "asked 17.2°" in first.locator("svg").text_content()
    assert "wrong centre nearer" in second.locator("svg").text_content()
    assert "asked" not in second.locator("svg").text_content()
    for focus in (0, 3):
        page.get_by_role("combobox", name="Class").select_option(str(focus - 1))
        nearer, kept = (100 * blocks[name][3, focus] for name in ("nearer0", "kept0"))
        found = re.match(
            r"Own centre nearer ([\d.]+) % · margin kept ([\d.]+) %", first.locator(".wb-reading").text_content()
        )
        assert [float(x) for x in found.groups()] == pytest.approx([nearer, kept], rel=0.006)
        assert f"median margin {blocks['gapMedian0'][3, focus]:.1f}°" in first.locator("svg").get_attribute(
            "aria-label"
        )
        assert "kept" not in second.locator(".wb-reading").text_content()
    page.get_by_role("combobox", name="Class").select_option("-1")
    page.get_by_role("combobox", name="Show").select_option("angles")
    assert mine.locator("svg.wb-hills").first.inner_html() == angles


def test_the_log_scale_and_the_keys_of_angles(open_views: Open, angles: views.View) -> None:
    page = open_views(angles)
    before = page.locator("path.wb-curve").first.get_attribute("d")
    page.get_by_role("button", name="Log scale").click()
    assert page.locator("path.wb-curve").first.get_attribute("d") != before
    page.keyboard.press("[")
    assert address(page)["epoch"] == "5"
    assert re.match(r"Epoch 5, all classes: first: median to the own centre", spoken(page, "angle_distributions"))
    page.keyboard.press("]")
    assert address(page)["epoch"] == "9"
    page.get_by_role("combobox", name="Class").focus()
    page.keyboard.press("ArrowDown")
    assert address(page)["focus"] == "0"


# Hard pairs


def test_a_row_pins_both_points_and_draws_the_arc(open_views: Open, sphere: views.View, hard: views.View) -> None:
    page = open_views(sphere, hard)
    plain = picture(page)
    mine = figure(page, "hard_pairs")
    rows = pairs_of(RUNS["first"]).impostor.hardest
    # Both kinds take turns: the third impostor pair is in the fifth row.
    mine.locator("tbody tr").nth(4).locator("td").nth(2).click()
    pair = [int(rows.first[2]), int(rows.second[2])]
    assert page.evaluate("__workbench.state.selection.rows") == pair
    assert address(page)["pins"].endswith(f":{pair[0]},{pair[1]}")
    assert mine.locator("tr.wb-chosen").count() == 1
    assert mine.get_by_role("button", name="Selected").count() == 0  # its name says which pair
    assert mine.locator("button[aria-pressed=true]").text_content() == "Selected"
    page.mouse.move(0, 0)
    assert picture(page) != plain
    cosine = f"{rows.cosine[2]:.3f}".replace("-", "−")
    assert f"cosine {cosine}, angle {np.rad2deg(np.arccos(rows.cosine[2])):.1f}°" in spoken(page, "hard_pairs")
    mine.locator("tbody button").nth(4).focus()
    page.keyboard.press("Escape")
    assert page.evaluate("__workbench.state.selection") is None
    assert picture(page) == plain
    assert mine.locator("tr.wb-chosen").count() == 0


def test_hard_pairs_with_keys_alone(open_views: Open, hard: views.View) -> None:
    page = open_views(hard)
    first = page.locator("tbody button").first
    first.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "2px"
    assert page.locator("tbody .wb-kind").all_text_contents()[:4] == 2 * ["impostor: two classes", "genuine: one class"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    hardest = pairs_of(RUNS["first"]).impostor.hardest
    assert page.evaluate("__workbench.state.selection.rows") == [int(hardest.first[1]), int(hardest.second[1])]
    page.keyboard.press("Enter")
    assert page.evaluate("__workbench.state.selection") is None
    page.keyboard.press("End")
    assert page.locator("tbody button").last.evaluate("node => node === document.activeElement")
    page.locator(".wb-sort").nth(2).focus()
    page.keyboard.press("Enter")
    head = page.locator("thead th").nth(3)
    assert head.get_attribute("aria-sort") == "descending"
    assert spoken(page, "hard_pairs") == "Sorted by cosine, descending."
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    texts = page.locator("tbody tr td:nth-child(4)").all_text_contents()
    cosines = [float(text.replace("−", "-")) for text in texts]
    assert cosines == sorted(cosines)
    assert len(cosines) == 20
    page.locator(".wb-sort").first.focus()
    page.keyboard.press("Enter")
    kinds = page.locator("tbody .wb-kind").all_text_contents()
    assert kinds == 10 * ["impostor: two classes"] + 10 * ["genuine: one class"]


def test_the_run_and_the_kind_are_chosen(open_views: Open, hard: views.View) -> None:
    page = open_views(hard)
    page.get_by_role("combobox", name="Run").select_option("second")
    assert address(page)["run"] == "second"
    hardest = pairs_of(RUNS["second"]).genuine.hardest
    page.get_by_role("combobox", name="Show").select_option("genuine")
    assert page.locator("tbody tr").count() == 10
    assert f"points {hardest.first[0]}, {hardest.second[0]}" in page.locator("tbody tr").first.text_content()
    assert page.locator("tbody .wb-thumb").count() == 20
    positions = page.locator("tbody .wb-thumb").first.evaluate("node => node.style.backgroundPosition")
    header, blocks = unpack(hard.payload)
    i = int(np.flatnonzero(blocks["rows"] == hardest.first[0])[0])
    columns = header["thumbnails"]["columns"]
    offset = [-(i % columns) * 64, -(i // columns) * 64]
    assert [int(x.removesuffix("px")) for x in positions.split()] == offset


# Centres


def test_the_cells_have_the_colours_of_the_cosines(open_views: Open, gram: views.View) -> None:
    page = open_views(gram)
    true = dequantise(unpack(gram.payload)[1]["gram0"])
    seen = page.evaluate(
        """() => {
          const c = document.querySelector('canvas'), out = [];
          const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);
          const at = (cell) => Math.floor(((cell + 0.25) * c.width) / 4);
          for (let a = 0; a < 4; a++) for (let b = 0; b < 4; b++) {
            const o = 4 * (at(a) * c.width + at(b));
            out.push([...data.slice(o, o + 4)]);
          }
          return out;
        }"""
    )
    grey, blue, orange = (
        np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in ("#f4f6f9", "#0072B2", "#D55E00")
    )
    for cosine, colour in zip(true.ravel(), seen, strict=True):
        end = blue if cosine < 0 else orange
        np.testing.assert_allclose(colour[:3], grey + abs(cosine) * (end - grey), atol=0.51)


def test_hover_previews_a_class_and_a_press_keeps_it(open_views: Open, sphere: views.View, gram: views.View) -> None:
    page = open_views(sphere, gram, address="#focus=0")
    canvas = figure(page, "centre_gram").locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    focus = figure(page, "hypersphere").get_by_role("combobox", name="Focus")
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    page.wait_for_function("__workbench.state.focusClass === 2")
    assert focus.input_value() == "2"
    assert address(page)["focus"] == "0"
    page.mouse.move(2, 2)
    page.wait_for_function("__workbench.state.focusClass === 0")
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(2, 2)
    assert focus.input_value() == "3"
    assert address(page)["focus"] == "3"


def test_the_cell_cursor_says_what_it_is_on(open_views: Open, gram: views.View) -> None:
    page = open_views(gram)
    centres = RUNS["first"].centres[-1]
    page.locator("canvas").first.focus()
    plain = picture(page)
    for key in ("ArrowRight", "ArrowDown", "End"):
        page.keyboard.press(key)
    cosine = float(centres[1] @ centres[3])
    angle = np.rad2deg(np.arccos(cosine))
    expected = f"class 1 and class 3: cosine {cosine:.3f}, angle {angle:.1f}°".replace("-", "−")
    assert spoken(page, "centre_gram") == expected
    assert picture(page) != plain
    page.keyboard.press("Enter")
    assert address(page)["focus"] == "1"
    assert "In focus class 1: nearest rival class" in page.locator("canvas").first.get_attribute("aria-label")
    page.keyboard.press("Escape")
    assert address(page)["focus"] == "-1"


def test_order_and_stretch_change_the_picture_and_come_back(open_views: Open, gram: views.View) -> None:
    page = open_views(gram)
    plain = [picture(page, 0), picture(page, 1)]
    stretch = page.get_by_role("button", name="Stretch colours")
    stretch.click()
    assert picture(page) != plain[0]
    stretch.click()
    page.get_by_role("combobox", name="Order").select_option("similarity")
    orders = [unpack(gram.payload)[1][f"order{i}"].tolist() for i in range(2)]
    assert [picture(page, i) != plain[i] for i in range(2)] == [order != [0, 1, 2, 3] for order in orders]
    assert any(order != [0, 1, 2, 3] for order in orders)
    page.get_by_role("combobox", name="Order").select_option("class")
    assert [picture(page, 0), picture(page, 1)] == plain


def test_the_list_of_rivals_brings_a_class_into_focus(open_views: Open) -> None:
    vectors = np.random.default_rng(0).normal(size=(201, 3))
    view = views.centre_gram({"many": vectors})
    page = open_views(view)
    assert page.locator("canvas").count() == 0
    assert page.locator(".wb-rivals tbody tr").count() == 200
    blocks = unpack(view.payload)[1]
    page.locator(".wb-rivals button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert address(page)["focus"] == str(blocks["listed0"][1])
    cells = page.locator(".wb-rivals tbody tr").nth(1).locator("td").all_text_contents()
    assert cells[:3] == [str(blocks["listed0"][1]), str(blocks["rival0"][1]), f"{blocks['cosine0'][1]:.3f}"]


# Maps


def test_marks_lie_where_they_were_projected(open_views: Open, maps: views.View) -> None:
    page = open_views(maps)
    blocks = unpack(maps.payload)[1]
    box = page.locator("canvas").nth(1).bounding_box()
    places = dequantise(blocks["pca1"])
    # The loneliest mark: no other is within reach of the pointer.
    gaps = np.linalg.norm(places[:, None] - places, axis=-1)
    np.fill_diagonal(gaps, np.inf)
    i = int(gaps.min(axis=1).argmax())
    x = box["x"] + box["width"] * (0.5 + 0.46 * places[i, 0])
    y = box["y"] + box["height"] * (0.5 - 0.46 * places[i, 1])
    page.mouse.move(x, y)
    tip = page.locator(".wb-tip").nth(1)
    tip.wait_for(state="visible")
    assert tip.text_content() == f"class {blocks['labels'][i]} point {blocks['rows'][i]}"
    page.mouse.down()
    page.mouse.up()
    assert address(page)["pins"].endswith(f":{blocks['rows'][i]}")
    page.mouse.move(2, 2)
    tip.wait_for(state="hidden")


def test_the_map_and_the_sphere_share_what_is_selected(open_views: Open, sphere: views.View, maps: views.View) -> None:
    page = open_views(sphere, maps)
    mine = figure(page, "embedding_map").locator("canvas").first
    of_sphere = picture(page)
    of_map = picture(page, 2)
    mine.focus()
    for key in ("n", "Enter", "n", "Enter"):
        page.keyboard.press(key)
    assert spoken(page, "embedding_map") == "Point 1 pinned."
    assert page.evaluate("__workbench.state.selection.rows") == [0, 1]
    assert picture(page) != of_sphere
    assert picture(page, 2) != of_map
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    assert picture(page) == of_sphere
    assert picture(page, 2) == of_map


def test_keys_move_the_map_and_reset_brings_it_back(open_views: Open, maps: views.View) -> None:
    page = open_views(maps)
    plain = picture(page)
    page.locator("canvas").first.focus()
    for key in ("+", "+", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert picture(page) != plain
    assert picture(page, 1)
    page.get_by_role("button", name="Reset view").click()
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(2, 2)
    assert picture(page) == plain
    page.get_by_role("combobox", name="Focus").select_option("2")
    assert picture(page) != plain
    page.locator("canvas").first.focus()
    page.keyboard.press("n")
    assert spoken(page, "embedding_map") == "point 2, class 2"


def test_zoom_is_about_the_pointer(open_views: Open, maps: views.View) -> None:
    page = open_views(maps)
    load_shared(page)
    moved = page.evaluate(
        """() => {
          const before = { x: 0.2, y: -0.1, zoom: 2 }, place = [0.5, 0.3];
          const after = movedWindow(before, 0, 0, 1.5, place);
          return { ...after, was: (place[0] - before.x) * before.zoom, is: (place[0] - after.x) * after.zoom,
            least: movedWindow(before, 0, 0, 0.01).zoom, within: movedWindow(before, 5, 0).x };
        }"""
    )
    assert moved["zoom"] == 3
    assert moved["is"] == pytest.approx(moved["was"])
    assert (moved["least"], moved["within"]) == (1, 1)


# Operating curves


@pytest.mark.parametrize("threshold", [-0.2, 0.3, 0.7])
def test_intervals_are_those_of_geometry(open_views: Open, similarity: views.View, threshold: float) -> None:
    page = open_views(similarity)
    page.get_by_role("slider", name="Threshold").fill(str(threshold))
    for i, run in enumerate(RUNS.values()):
        reported = geometry.rates(pairs_of(run), threshold)
        for k, rate in enumerate((reported.far, reported.frr, reported.tar)):
            cell = page.locator(".wb-rates tbody").first.locator("tr").nth(k).locator("td").nth(i)
            low, high = (float(x) for x in cell.locator("span").nth(1).text_content().removesuffix(" %").split(" to "))
            assert [low / 100, high / 100] == pytest.approx(rate.interval, rel=0.006, abs=1e-6)
        negatives = geometry.class_negatives(run.embeddings[-1], LABELS, run.centres[-1])
        cell = page.locator(".wb-rates tbody").first.locator("tr").nth(3).locator("td").nth(i)
        accepted = int(negatives.counts[negatives.edges[:-1] >= threshold - 1e-9].sum())
        assert cell.locator("span").nth(2).text_content() == f"{accepted} of {negatives.total}"


def test_the_operating_point_is_at_the_threshold_and_moves_it(open_views: Open, similarity: views.View) -> None:
    page = open_views(similarity)
    blocks = unpack(similarity.payload)[1]
    genuine, impostor = blocks["genuine0"], blocks["impostor0"]
    page.get_by_role("slider", name="Threshold").fill("0.5")
    edge = 1500
    far, frr = impostor[edge:].sum() / impostor.sum(), genuine[:edge].sum() / genuine.sum()
    plot, point = page.locator("svg.wb-operating"), page.locator(".wb-operating-point").first
    least = min(1 / block.sum() for name, block in blocks.items() if re.fullmatch(r"(genuine|impostor)\d", name))
    decades = np.ceil(-np.log10(least))
    width = float(plot.get_attribute("viewBox").split()[2])
    for kind, height in (("DET", max(0, 1 + np.log10(max(frr, 1e-9)) / decades)), ("ROC", 1 - frr)):
        page.get_by_role("combobox", name="Curve").select_option(kind)
        assert float(point.get_attribute("cx")) == pytest.approx(
            60 + (width - 74) * max(0, 1 + np.log10(max(far, 1e-9)) / decades), abs=0.1
        )
        assert float(point.get_attribute("cy")) == pytest.approx(264 - 240 * height, abs=0.1)
        assert plot.get_attribute("aria-label").startswith(f"{kind} curve, first: FAR ")
    box = plot.bounding_box()
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.click(box["x"] + 60 + (box["width"] - 74) * (1 - 1 / decades), box["y"] + 100)  # a FAR of 10 %
    chosen = round((float(address(page)["threshold"]) + 1) * 1000)
    share = impostor[::-1].cumsum()[::-1] / impostor.sum()
    assert share[chosen] <= 0.102
    assert share[chosen - 1] > 0.098


def test_class_negatives_have_a_curve_of_their_own(open_views: Open, similarity: views.View) -> None:
    page = open_views(similarity)
    assert page.locator("path.wb-curve.wb-centre").count() == 2
    assert page.locator("svg.wb-plot").first.text_content().count("other centres") == 2
    page.get_by_role("button", name="Log scale").click()
    assert page.locator("path.wb-curve.wb-centre").count() == 2
    heads = page.locator(".wb-rates th b").all_text_contents()
    assert heads == ["FAR", "FRR", "TAR", "Class FAR", "EER", "d′", "Gap", "Nearest wrong centre"]


# All of them


def test_states_that_are_not_pictures(open_views: Open) -> None:
    none = np.zeros(10, dtype=np.int64)
    one = np.ones((1, 1, 3))
    page = open_views(
        views.angle_distributions({"empty": views.Frames(np.zeros((1, 0, 3)))}, []),
        views.angle_distributions({"one": views.Frames(one)}, [0]),
        views.angle_distributions({"many": clusters(T=2, P=402, C=201)}, np.arange(402) % 201),
        views.centre_gram({"one": np.ones((1, 3))}),
        views.centre_gram({"none": np.zeros((3, 3))}),
        views.embedding_map({"empty": np.zeros((0, 3))}, []),
        views.embedding_map({"one": one[0]}, [0]),
        views.embedding_map({"many": clusters(T=1, P=402, C=201).embeddings[0]}, np.arange(402) % 201, methods=["pca"]),
        views.pair_similarity({"none": views.PairHistograms(none, none)}, class_negatives={"none": none}),
    )
    assert page.locator("[data-wb-error]").count() == 0
    text = page.locator("main").text_content()
    for sentence in (
        "No samples, so no angles to show.",
        "One class only: there is no other centre to be near to.",
        "201 classes over these epochs are too many to filter by",
        "Fewer than two classes: there is nothing to compare.",
        "3 classes without a centre",
        "No points to show.",
        "UMAP needs at least 10 points: PCA is shown.",
    ):
        assert sentence in text
    assert page.locator("figure").nth(7).get_by_role("combobox", name="Focus").input_value() == "0"


def test_hostile_names_are_text(open_views: Open) -> None:
    run = clusters(T=2)
    runs = {HOSTILE[0]: run, HOSTILE[1]: run}
    pairs = {name: pairs_of(run) for name in runs}
    page = open_views(
        views.angle_distributions(runs, LABELS, names=HOSTILE),
        views.hard_pairs(pairs, LABELS, names=HOSTILE),
        views.centre_gram(dict.fromkeys(runs, run.centres[-1]), names=HOSTILE),
        views.embedding_map(dict.fromkeys(runs, run.embeddings[-1]), LABELS, names=HOSTILE, methods=["pca"]),
        views.pair_similarity(pairs, class_negatives={HOSTILE[0]: pairs[HOSTILE[0]].impostor.counts}),
    )
    figure(page, "embedding_map").locator("canvas").first.focus()
    page.keyboard.press("n")
    figure(page, "hard_pairs").locator("tbody button").first.click()
    for i in range(page.locator("summary").count()):
        page.locator("summary").nth(i).click()
    settle(page)
    assert page.locator("main img, main b b").count() == 0
    text = page.locator("main").text_content()
    for name in HOSTILE:
        assert name in text
    assert HOSTILE[0] in spoken(page, "embedding_map")


def test_narrow_screens_do_not_scroll_sideways(
    open_views: Open,
    angles: views.View,
    hard: views.View,
    gram: views.View,
    maps: views.View,
    similarity: views.View,
) -> None:
    page = open_views(angles, hard, gram, maps, similarity, viewport={"width": 320, "height": 700})
    for keys in page.get_by_role("button", name="Keys").all():
        keys.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert small_targets(page, "button, select, summary, input") == []


def test_dark_and_light(open_views: Open, gram: views.View, maps: views.View) -> None:
    page = open_views(gram, maps, color_scheme="dark")
    dark = [picture(page, 0), picture(page, 2)]
    page.emulate_media(color_scheme="light")
    assert [picture(page, 0) != dark[0], picture(page, 2) != dark[1]] == [True, True]
    page.evaluate("__workbench.set({theme: 'dark'})")
    assert [picture(page, 0), picture(page, 2)] == dark


def test_each_view_leaves_nothing_behind(
    open_views: Open,
    angles: views.View,
    hard: views.View,
    gram: views.View,
    maps: views.View,
    similarity: views.View,
) -> None:
    shown = [angles, hard, gram, maps, similarity]
    page = open_views(*shown)
    for view in shown:
        left = page.evaluate(
            """(name) => {
              const payload = JSON.parse(document.querySelector(`[data-wb-view=${name}] .wb-payload`).textContent);
              const before = __workbench.listeners.size, el = document.createElement('div');
              document.body.append(el);
              const get = (key) => (key === 'payload' ? payload : null);
              const model = { get, set() {}, on() {}, off() {}, save_changes() {} };
              const close = workbench.views[name].render({ model, el });
              const during = __workbench.listeners.size;
              close();
              el.remove();
              return [during > before, __workbench.listeners.size - before];
            }""",
            view.name,
        )
        assert left == [True, 0]
