"""A lesson under way: its parameters, its runs, what it shows."""

from pathlib import Path

import pytest

from workbench import teach


def namespace(**given):
    return {"seed": 0, "smoke": True, "device": "cpu", **given}


def test_parameters_have_the_types_that_the_notebook_declares() -> None:
    assert teach.begin("03", namespace(m2_rad=0.3)).number == "03"
    with pytest.raises(ValueError, match="epochs"):
        teach.begin("03", namespace(epochs="many"))
    with pytest.raises(ValueError, match=r"There is no lesson '98'. Known: 00, "):
        teach.begin("98", namespace())


def test_smoke_makes_it_small_and_a_seed_repeats() -> None:
    assert teach.begin("03", namespace()).sized(40, 3) == 3
    lesson = teach.begin("03", namespace(smoke=False, seed=7))
    assert lesson.sized(40, 3) == 40
    assert lesson.rng.random() == lesson.rng.random()
    assert lesson.rng.random() != teach.begin("03", namespace()).rng.random()


def test_runs_are_trained_once(tmp_path: Path) -> None:
    lesson = teach.begin("03", namespace(run_dir=str(tmp_path), seed=3))
    runs = lesson.train({"a": {"loss": "normface"}, "b": {"loss": "arcface", "seed": 4}}, epochs=1, dim=2)
    assert [run.config.seed for run in runs.values()] == [3, 4]
    assert all(run.config.model == "mlp" and run.finished for run in runs.values())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    lesson.train({"again": {"loss": "normface"}}, epochs=1, dim=2)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")} == before
    with pytest.raises(ValueError, match="There is no loss 'arcfase'"):
        lesson.train({"a": {"loss": "arcfase"}}, epochs=1)


def test_solutions_stand_in_for_answers() -> None:
    lesson = teach.begin("03", namespace())
    assert lesson.check("03.1", ...).state == "not attempted"
    import numpy as np

    solved = teach.begin("03", namespace(solutions=True, np=np))
    verdict = solved.check("03.1", ...)
    assert verdict.state == "right"
    assert "np.cos" in verdict.solution
    assert "answer" not in solved.namespace


def test_what_needs_a_kernel_is_said_where_there_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    quiet = teach.begin("03", namespace())
    assert "Move it" in quiet.live(lambda: "live", "Move it.").html
    assert teach.begin("03", namespace(interactive=True)).live(lambda: "live", "Move it.") == "live"
    monkeypatch.setenv("JPY_SESSION_NAME", "03.ipynb")
    assert quiet.live(lambda: "live", "Move it.") == "live"
    assert teach.begin("03", namespace(interactive=False)).live(lambda: "live", "<b>").html.count("<b>") == 0


def test_questions_fold_their_answers_and_escape() -> None:
    lesson = teach.begin("03", namespace())
    html = lesson.predict("Which <b>?", {"This": "Look <i>."}).html
    assert "<details><summary>This</summary><p>Look &lt;i&gt;.</p></details>" in html
    assert "Which &lt;b&gt;?" in html
    assert "Questions" in lesson.questions({"Why?": "So."}).html
    assert lesson.say("**3** °")._repr_mimebundle_()["text/markdown"] == "**3** °"


def test_numbers_are_shown_as_people_write_them() -> None:
    said = teach.begin("03", namespace()).say(
        "from -0.41 to 2e+08, (-.5), `x[-1] = 6.9e-05`, $-1$, line-08, 2-3, 1e-06, 6.9e-05"
    )
    assert said.text == "from −0.41 to 2×10⁸, (−.5), `x[-1] = 6.9e-05`, $-1$, line-08, 2-3, 10⁻⁶, 6.9×10⁻⁵"
