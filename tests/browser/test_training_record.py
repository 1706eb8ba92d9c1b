"""The training record in a real browser, and a sphere that grows while somebody looks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench import views
from workbench.explorers.stream import LiveSphere
from workbench.views.payload import pack, unpack

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
HOSTILE = "</script><img src=x onerror=alert(1)>"

# A widget's model, held in the page: `set` is what the kernel does, `told` what it hears.
FAKE_MODEL = """(name, traits) => {
  const listeners = {}, told = [];
  const model = {
    get: (key) => traits[key], set: (key, value) => told.push([key, value]), save_changes() {},
    on: (event, f) => (listeners[event] ??= new Set()).add(f), off: (event, f) => listeners[event]?.delete(f),
    send(changes) {
      Object.assign(traits, changes);
      for (const key of Object.keys(changes)) listeners[`change:${key}`]?.forEach((f) => f());
    },
    listening: () => Object.values(listeners).reduce((n, set) => n + set.size, 0),
  };
  const el = document.createElement('div');
  const undo = globalThis.workbench.views[name].render({ model, el });
  document.querySelector('main').append(el);
  globalThis.live = { model, el, told, undo };
}"""


def records(epochs: int, factor: float = 1.0) -> list[dict[str, float]]:
    return [
        {"epoch": k, "loss": factor * 8 / k, "accuracy": 1 - 0.5 / k, "angle": 1.5 / k, "grad_norm": 2.0, "lr": 0.1}
        for k in range(1, epochs + 1)
    ]


def settle(page: Any) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def mount(page: Any, name: str, **traits: Any) -> None:
    page.evaluate(f"([name, traits]) => ({FAKE_MODEL})(name, traits)", [name, traits])
    page.locator("main > div [data-wb-ready='1']").wait_for()


def send(page: Any, **traits: Any) -> None:
    page.evaluate("traits => live.model.send(traits)", traits)
    settle(page)


def reading(page: Any, title: str) -> str:
    return page.get_by_role("region", name=title).locator(".wb-record-value").text_content()


def test_the_cursor_is_the_epoch_of_the_page(open_views: Open) -> None:
    rng = np.random.default_rng(0)
    sphere = views.hypersphere({"a": views.Frames(rng.normal(size=(4, 30, 3)))}, np.arange(30) % 3, steps=[1, 2, 4, 8])
    page = open_views(views.training_record({"a": records(8)}), sphere)
    assert [reading(page, t) for t in ("Loss", "Accuracy in training", "Mean angle to own centre")] == [
        "1", "93.8 %", "10.7°",
    ]  # fmt: skip
    page.locator("figure").nth(1).get_by_role("slider", name="Epoch").fill("1")  # the second snapshot, epoch 2
    assert reading(page, "Loss") == "4"
    page.locator("figure").first.get_by_role("slider", name="Epoch").fill("3")  # the fourth record, epoch 4
    assert page.locator("figure").nth(1).locator("output").first.text_content() == "4 of 8"
    assert page.evaluate("location.hash") == "#epoch=4"
    box = page.locator(".wb-record svg").first.bounding_box()
    page.mouse.click(box["x"] + 46 + (box["width"] - 56) * 2 / 8, box["y"] + 40)
    assert reading(page, "Loss") == "4"
    label = page.locator(".wb-record svg").first.get_attribute("aria-label")
    assert label == "Loss, epoch 2: 4"


def test_the_keyboard_alone_reads_it(open_views: Open) -> None:
    page = open_views(views.training_record({"a": records(8)}))
    slider = page.get_by_role("slider", name="Epoch")
    slider.focus()
    page.keyboard.press("Home")
    assert reading(page, "Loss") == "8"
    page.keyboard.press("ArrowRight")
    said = page.locator(".wb-voice").text_content()
    assert said.startswith("Epoch 2: Loss 4; Accuracy in training 75 %; Mean angle to own centre 43°")
    page.locator("summary").click()
    page.locator("details tbody tr").nth(7).wait_for()
    assert page.locator("details tbody tr").count() == 8
    assert page.locator("details tbody tr").nth(1).locator("td").all_text_contents()[:4] == ["a", "2", "4", "75"]


def test_two_runs_margins_holes_and_hostile_names(open_views: Open) -> None:
    holed = records(8)
    holed[3]["loss"] = float("nan")
    rng = np.random.default_rng(0)
    view = views.training_record(
        {HOSTILE: holed, "b": records(5, 2)},
        margins={HOSTILE: rng.normal(0.5, 0.05, 500), "b": [0.3]},
        epochs=10,
    )
    page = open_views(view)
    curves = page.get_by_role("region", name="Loss").locator(".wb-record-curve")
    assert [curves.nth(i).get_attribute("d").count("M") for i in range(2)] == [2, 1]
    assert reading(page, "Loss") == "1–", "the second run has no epoch 8"
    assert HOSTILE in page.locator(".wb-legend").text_content()
    assert page.locator("main img").count() == 0
    margins = page.get_by_role("region", name="Margins").locator("svg[role=img]")
    assert margins.get_attribute("aria-label").endswith("; b 17.2°, fixed")
    assert margins.locator("path").count() == 1
    assert "epoch 10" in page.locator(".wb-record").first.text_content()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_states_are_sentences(open_views: Open, width: int, scheme: Any) -> None:
    progress = views.Progress("failed", "Another process is at work in " + "x" * 80 + ".", 3, 90)
    page = open_views(
        views.training_record({"a": []}, epochs=10, progress=progress),
        views.training_record({"a": records(1)}, progress=None),
        viewport={"width": width, "height": 700},
        color_scheme=scheme,
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".wb-state").first.text_content() == progress.sentence
    assert page.locator("text=No epoch is finished, so there are no curves yet.").is_visible()
    assert page.locator("figure").nth(1).locator("progress").is_hidden()
    assert (
        page.locator("figure").first.get_by_role("slider").count() == 0 or page.get_by_role("slider").first.is_hidden()
    )


def test_curves_follow_the_theme_of_the_page(open_views: Open) -> None:
    page = open_views(views.training_record({"a": records(9)}), color_scheme="dark")
    colour = "getComputedStyle(document.querySelector('.wb-record-curve')).stroke"
    assert page.evaluate(colour) == "rgb(86, 180, 233)"
    page.emulate_media(color_scheme="light")
    assert page.evaluate(colour) == "rgb(0, 114, 178)"


def test_a_live_record_grows_and_says_what_happens(open_views: Open) -> None:
    def payload(epochs: int, state: Any) -> dict[str, Any]:
        progress = views.Progress(state, f"{state} at {epochs}", epochs, 8)
        return views.training_record({"a": records(epochs)}, epochs=8, progress=progress).payload

    page = open_views(views.training_record({"x": records(1)}))
    mount(page, "training_record", view="training_record", payload=payload(0, "ready"), moment={}, selection=[])
    view = page.locator("main > div figure")
    assert view.locator(".wb-record").count() == 0
    send(page, payload=payload(3, "running"))
    assert view.locator(".wb-voice").text_content() == "running at 3"
    assert view.locator("output").text_content() == "3 of 8"
    send(page, payload=payload(4, "running"))
    assert view.locator(".wb-state").text_content() == "running at 4"
    assert view.locator(".wb-voice").text_content() == "running at 3", "progress is not spoken, states are"
    assert view.locator("output").text_content() == "4 of 8"
    assert view.locator("progress").evaluate("p => [p.value, p.max]") == [4, 8]
    send(page, payload=payload(4, "paused"))
    assert view.locator(".wb-voice").text_content() == "paused at 4"
    page.evaluate("live.undo()")
    assert page.evaluate("live.model.listening()") == 0


def shot(rng: np.random.Generator, d: int = 3) -> dict[str, np.ndarray]:
    labels = np.arange(60) % 4
    return {"embeddings": rng.normal(size=(60, d)), "labels": labels, "centres": rng.normal(size=(4, d))}


@pytest.mark.parametrize("d", [3, 6])
def test_a_live_sphere_shows_each_moment_and_keeps_what_is_kept(open_views: Open, d: int) -> None:
    rng = np.random.default_rng(0)
    shots = [shot(rng, d) for _ in range(5)]
    sphere = LiveSphere("a", [0], [shots[0]], names=list("pqrs"), thumbnails=None)
    page = open_views(sphere.view, reduced_motion="reduce")
    mount(page, "hypersphere", view="hypersphere", payload=sphere.widget.payload, moment={}, selection=[])
    view = page.locator("main > div figure")
    epoch, slider = view.locator("output").first, view.get_by_role("slider", name="Epoch")

    def drawn() -> str:
        settle(page)
        return view.locator("canvas").evaluate("c => c.toDataURL()")

    def arrived(**traits: Any) -> str:
        send(page, **traits)
        return drawn()

    def as_page_alone(steps: list[int], chosen: list[dict[str, np.ndarray]]) -> str:
        """The ruler of an ordinary view of the last of these moments."""
        other = views.hypersphere(
            {"a": views.Frames(np.stack([s["embeddings"] for s in chosen]), np.stack([s["centres"] for s in chosen]))},
            shots[0]["labels"],
            names=list("pqrs"),
            steps=steps,
        )
        text = page.evaluate(
            """payload => {
              const figure = document.createElement('figure'), stage = document.createElement('div');
              figure.dataset.wbView = 'hypersphere';
              figure.append(stage);
              document.querySelector('main').append(figure);
              const model = { get: (key) => (key === 'payload' ? payload : undefined), on() {}, off() {}, set() {} };
              const undo = globalThis.workbench.views.hypersphere.render({ model, el: stage });
              const text = stage.querySelector('.wb-ruler').getAttribute('aria-label');
              undo();
              figure.remove();
              return text;
            }""",
            other.payload,
        )
        return str(text)

    first = drawn()
    sphere.show(0.5, shots[1])
    second = arrived(moment=sphere.widget.moment)
    assert second != first
    assert epoch.text_content() == "0.5 of 0.5"
    assert view.locator(".wb-ruler").get_attribute("aria-label") == as_page_alone([1], [shots[1]])
    sphere.show(0.75, shots[2])
    third = arrived(moment=sphere.widget.moment)
    assert third != second
    assert slider.get_attribute("max") == "1", "a moment takes the place of the one before"
    sphere.keep(1, shots[3])
    sphere.settle()
    fourth = arrived(payload=sphere.widget.payload, moment=sphere.widget.moment)
    assert (slider.get_attribute("max"), epoch.text_content()) == ("1", "1 of 1")
    assert view.locator(".wb-ruler").get_attribute("aria-label") == as_page_alone([1], [shots[3]])

    slider.fill("0")  # who looks back is left there
    assert drawn() == first
    sphere.show(1.5, shots[4])
    assert arrived(moment=sphere.widget.moment) == first
    assert (slider.get_attribute("max"), epoch.text_content()) == ("2", "0 of 1.5")
    slider.fill("2")  # and who looks at the last one goes on
    sphere.settle(passing=False)
    assert arrived(payload=sphere.widget.payload, moment={}) == fourth
    assert epoch.text_content() == "1 of 1"
    badge = unpack(sphere.widget.payload)[0]["runs"][0]["badge"]
    assert view.locator(".wb-badge:visible").all_text_contents() == ([badge] if d > 3 else [])
    page.evaluate("live.undo()")
    assert page.evaluate("live.model.listening()") == 0


def test_points_glide_to_their_places(open_views: Open) -> None:
    rng = np.random.default_rng(0)
    first, second = shot(rng), shot(rng)
    sphere = LiveSphere("a", [0], [first], names=list("pqrs"), thumbnails=None)
    payload = sphere.widget.payload
    sphere.show(1, second)
    drawn = {}
    for motion in ("reduce", "no-preference"):
        page = open_views(sphere.view, reduced_motion=motion)
        mount(page, "hypersphere", view="hypersphere", payload=payload, moment={}, selection=[])
        canvas = page.locator("main > div canvas")
        before = canvas.evaluate("c => c.toDataURL()")
        if motion == "reduce":
            send(page, moment=sphere.widget.moment)
            drawn = {"before": before, "after": canvas.evaluate("c => c.toDataURL()")}
            continue
        pictures = page.evaluate(
            """([moment, after]) => new Promise((done) => {
              const canvas = document.querySelector('main > div canvas'), seen = new Set();
              const look = () => {
                seen.add(canvas.toDataURL());
                if (seen.has(after)) done(seen.size);
                else requestAnimationFrame(look);
              };
              live.model.send({ moment });
              look();
            })""",
            [sphere.widget.moment, drawn["after"]],
        )
        assert before == drawn["before"]
        assert pictures >= 3, "there was something between"


def test_a_drag_goes_on_while_moments_come(open_views: Open) -> None:
    rng = np.random.default_rng(0)
    sphere = LiveSphere("a", [0], [shot(rng)], names=list("pqrs"), thumbnails=None)
    page = open_views(sphere.view, reduced_motion="reduce")
    mount(page, "hypersphere", view="hypersphere", payload=sphere.widget.payload, moment={}, selection=[])
    canvas = page.locator("main > div canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y)
    sphere.show(0.5, shot(rng))
    send(page, moment=sphere.widget.moment)
    page.mouse.move(x + 60, y)
    page.mouse.up()
    camera = page.evaluate("__workbench.state.camera")
    home = sphere.view.payload["header"]["camera"]
    radius = 0.445 * box["width"]
    assert (home["azimuth"] - camera["azimuth"]) % 360 == pytest.approx(np.rad2deg(60 / radius), rel=0.05)
    assert page.locator("main > div output").first.text_content() == "0.5 of 0.5"


def test_two_thousand_points_take_a_frame_or_two(open_views: Open) -> None:
    """The work of one moment, as a ratio to the time between two of them: 250 ms."""
    rng = np.random.default_rng(0)
    many = {
        "embeddings": rng.normal(size=(2000, 3)),
        "labels": np.arange(2000) % 10,
        "centres": rng.normal(size=(10, 3)),
    }
    sphere = LiveSphere("a", [0], [many], names=[str(k) for k in range(10)], thumbnails=None)
    page = open_views(sphere.view, reduced_motion="reduce")
    mount(page, "hypersphere", view="hypersphere", payload=sphere.widget.payload, moment={}, selection=[])
    sphere.show(0.5, many | {"embeddings": rng.normal(size=(2000, 3))})
    moment = sphere.widget.moment
    times = page.evaluate(
        """async moment => {
          const times = [];
          for (let i = 1; i <= 9; i++) {
            const start = performance.now();
            live.model.send({ moment: { ...moment, step: i } });
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b);
        }""",
        moment,
    )
    assert times[len(times) // 2] < 250
    assert len(str(pack({}, **unpack({"header": {}, "blocks": moment["blocks"]})[1]))) < 20_000, "16 kB a moment"
