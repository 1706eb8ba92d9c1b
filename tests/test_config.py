"""The schema of a run: what it accepts, what it says of the rest, and where parameters go."""

import json
from dataclasses import replace
from typing import Any

import nbformat
import pytest
import torch

from tests.conftest import ROOT
from workbench import data, losses, models
from workbench.config import ReportConfig, RunConfig, TrainingConfig, checked, from_namespace
from workbench.reports.parameters import declaration


def complaint(schema: type[TrainingConfig], parameters: dict[str, Any]) -> str:
    with pytest.raises(ValueError) as error:
        checked(schema, parameters)
    return str(error.value)


PLAIN = "be True or False, a finite number or a text for each name"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("epochs", "x", "be a valid integer. Got 'x' instead."),
        ("epochs", 2.5, "be a valid integer. Got 2.5 instead."),
        ("epochs", True, "be a valid integer. Got True instead."),
        ("epochs", 0, "be greater than or equal to 1. Got 0 instead."),
        ("dim", 1, "be greater than or equal to 2. Got 1 instead."),
        ("dim", 5000, "be less than or equal to 4096. Got 5000 instead."),
        ("batch_size", 1, "be greater than or equal to 2. Got 1 instead."),
        ("share", 1.0, "be less than 1. Got 1.0 instead."),
        ("share", 0.0, "be greater than 0. Got 0.0 instead."),
        ("dropout", 1.0, "be less than or equal to 0.99. Got 1.0 instead."),
        ("sample_rate", 0.0, "be greater than 0. Got 0.0 instead."),
        ("sample_rate", 1.1, "be less than or equal to 1. Got 1.1 instead."),
        ("lr", "fast", "be a valid number. Got 'fast' instead."),
        ("lr", float("nan"), "be a finite number. Got nan instead."),
        ("scale", 0.0, "be greater than 0. Got 0.0 instead."),
        ("seed", -1, "be greater than or equal to 0. Got -1 instead."),
        ("seed", 2**63, f"be less than {2**63}. Got {2**63} instead."),
        ("flip", "yes", "be a valid boolean. Got 'yes' instead."),
        ("data", 3, "be a valid string. Got 3 instead."),
        ("schedule", "steps", "be 'step', 'cosine' or 'constant'. Got 'steps' instead."),
        ("milestones", 0.3, "be a valid list. Got 0.3 instead."),
        ("milestones", [8, 14, 20, 25], "be less than 1. Got 8 instead."),
        ("loss_options", 3, "be a valid dictionary. Got 3 instead."),
        ("loss_options", {"bias": None}, f"{PLAIN}. Got None instead."),
        ("loss_options", {"m1": [1]}, f"{PLAIN}. Got [1] instead."),
        ("loss_options", {"m1": float("inf")}, f"{PLAIN}. Got inf instead."),
    ],
)
@pytest.mark.parametrize("schema", [RunConfig, ReportConfig])
def test_each_wrong_value_gives_one_sentence(schema: type[TrainingConfig], name: str, value: object, rule: str) -> None:
    meaning = schema.model_fields[name].description
    assert complaint(schema, {name: value}) == f"The '{name}' parameter must {rule} It is: {meaning}."


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ([], "have at least 1 item, not 0. Got [] instead."),
        (list("abcde"), "have at most 4 items, not 5. Got ['a', 'b', 'c', 'd', 'e'] instead."),
        ("softmax", "be a valid list. Got 'softmax' instead."),
        (["softmax", 3], "be a valid string. Got 3 instead."),
    ],
)
def test_the_losses_of_a_report_are_one_to_four_names(value: object, rule: str) -> None:
    assert (
        complaint(ReportConfig, {"losses": value})
        == f"The 'losses' parameter must {rule} It is: the losses to compare."
    )


LOSSES = ", ".join(sorted(losses.names()))
ARCFASE = f"There is no loss 'arcfase'. Did you mean 'arcface' or 'unpg-arcface' or 'magface'? Known: {LOSSES}."
COSINES = "It is subtracted from a cosine: 0.35 is usual."
RADIANS = "It is an angle in radians: 0.5 is 28.6 degrees."


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"loss": "arcfase"}, ARCFASE),
        (
            {"data": "digts"},
            (
                f"There is no data set 'digts'. Did you mean 'digits'? Known: {', '.join(sorted(data.names()))}. "
                "Or give a path."
            ),
        ),
        (
            {"model": "conv"},
            f"There is no model 'conv'. Did you mean 'convnet'? Known: {', '.join(sorted(models.names()))}.",
        ),
        (
            {"loss": "softmax", "margin": 0.3},
            "There is no parameter of the loss 'softmax' named 'margin'. Known: bias, scale.",
        ),
        (
            {"loss": "softmax", "loss_options": {"baias": True}},
            "There is no parameter of the loss 'softmax' named 'baias'. Did you mean 'bias'? Known: bias, scale.",
        ),
        (
            {"loss": "arcface", "margin": 30.0},
            f"The 'margin' parameter of ArcFace must be a number in [0, 3.14159]. Got 30.0 instead. {RADIANS}",
        ),
        (
            {"loss": "softmax", "loss_options": {"bias": 1}},
            "The 'bias' parameter of Softmax must be True or False. Got 1 instead.",
        ),
        (
            {"scale": 3.0, "loss_options": {"scale": 5.0}},
            "The 'scale' parameter is given both by itself and in 'loss_options'. Give it once.",
        ),
    ],
)
def test_a_run_whose_parts_do_not_fit_together(parameters: dict[str, Any], sentence: str) -> None:
    assert complaint(RunConfig, parameters) == sentence


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"losses": ["softmax", "arcfase"]}, ARCFASE),
        (
            {"losses": ["softmax", "normface"], "margin": 0.3},
            "There is no parameter of softmax, normface named 'margin'. Known: bias, scale.",
        ),
        (
            {"losses": ["arcface", "cosface"], "margin": 2.5, "loss_options": {}},
            f"The 'margin' parameter of CosFace must be a number in [-1, 2]. Got 2.5 instead. {COSINES}",
        ),
        ({"losses": ["softmax"] * 2}, "The 'losses' parameter must name each loss once. Got softmax, softmax."),
    ],
)
def test_a_report_whose_parts_do_not_fit_together(parameters: dict[str, Any], sentence: str) -> None:
    assert complaint(ReportConfig, parameters) == sentence


@pytest.mark.parametrize("schema", [RunConfig, ReportConfig])
def test_unknown_parameters_come_with_the_nearest(schema: type[TrainingConfig]) -> None:
    known = ", ".join(sorted(schema.model_fields))
    assert complaint(schema, {"epoch": 3}) == (f"There is no parameter 'epoch'. Did you mean 'epochs'? Known: {known}.")


def test_every_mistake_is_told_at_once_each_in_its_line() -> None:
    lines = complaint(RunConfig, {"dim": "x", "epoch": 3, "share": 2.0}).split("\n")
    assert [line.split(".")[0] for line in lines] == [
        "The 'share' parameter must be less than 1",
        "The 'dim' parameter must be a valid integer",
        "There is no parameter 'epoch'",
    ]


def test_configs_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        RunConfig().epochs = 3


CHANGED = {
    "loss": "combined",
    "scale": 20,
    "milestones": [0.1, 0.2],
    "loss_options": {"m1": 1.0, "gradient": "detached"},
    "clip_norm": None,
    "seed": 2**63 - 1,
}


@pytest.mark.parametrize("parameters", [{}, CHANGED])
def test_a_config_survives_json(parameters: dict[str, Any]) -> None:
    before = checked(RunConfig, parameters)
    after = checked(RunConfig, json.loads(json.dumps(before.model_dump(mode="json"))))
    assert after == before
    assert after.folder_name() == before.folder_name()
    assert RunConfig.model_validate_json(before.model_dump_json()) == before


def test_types_of_loss_options_survive_json() -> None:
    options = {"bias": True, "scale": 2.0}
    config = RunConfig(loss="softmax", loss_options=options)
    after = RunConfig.model_validate_json(config.model_dump_json()).loss_options
    assert [(type(value), value) for value in after.values()] == [(bool, True), (float, 2.0)]


def test_the_same_parameters_give_the_same_folder_and_others_another() -> None:
    def name(**parameters: Any) -> str:
        return RunConfig(**parameters).folder_name()

    assert name().startswith("digits-elasticface-arc-")
    assert name() == name(epochs=40)
    assert name() != name(epochs=41)
    assert name(loss="combined", loss_options={"m1": 1.0, "m2": 0.2}) == name(
        loss="combined", loss_options={"m2": 0.2, "m1": 1.0}
    )


def test_checking_a_config_draws_nothing() -> None:
    before = torch.get_rng_state()
    RunConfig()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", losses.names())
def test_the_recipe_decides_the_scale_only_where_it_is_64_and_not_given(name: str) -> None:
    published = losses.parameters(name).get("scale")
    small = RunConfig(loss=name).resolved_options()
    assert small == ({"scale": 16.0} if published == 64 else {})
    assert RunConfig(loss=name, recipe="published").resolved_options() == {}
    if published is None:
        return
    assert RunConfig(loss=name, scale=30.0).resolved_options() == {"scale": 30.0}
    assert RunConfig(loss=name, loss_options={"scale": 30.0}).resolved_options() == {"scale": 30.0}


@pytest.mark.parametrize("name", losses.names())
def test_the_tuned_recipe_writes_down_what_was_found_for_the_loss(name: str) -> None:
    found, tuned, small = losses.preset(name), RunConfig(loss=name, recipe="tuned"), RunConfig(loss=name)
    assert {**small.resolved_options(), "lr": 0.1, **found.values} == {**tuned.resolved_options(), "lr": tuned.lr}
    written = tuned.model_dump(mode="json")
    assert {key for key, value in small.model_dump(mode="json").items() if written[key] != value} <= {
        "recipe",
        *found.values,
        "loss_options",
    }


def test_what_is_given_goes_before_what_was_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    found = replace(losses.preset("combined"), values={"scale": 5.0, "m2": 0.11, "lr": 0.2})
    monkeypatch.setattr(losses, "preset", lambda name: found)
    one = RunConfig(loss="combined", recipe="tuned", lr=0.3, loss_options={"m2": 0.4})
    assert (one.lr, one.resolved_options()) == (0.3, {"scale": 5.0, "m2": 0.4})
    one = RunConfig(loss="combined", recipe="tuned", lr=None, loss_options={"scale": 7.0, "m3": 0.1})
    assert (one.lr, one.resolved_options()) == (0.2, {"scale": 7.0, "m2": 0.11, "m3": 0.1})


def test_a_tuned_run_goes_on_by_its_file_whatever_is_tuned_later(monkeypatch: pytest.MonkeyPatch) -> None:
    first = replace(losses.preset("arcface"), values={"scale": 5.0})
    monkeypatch.setattr(losses, "preset", lambda name: first)
    written = RunConfig(loss="arcface", recipe="tuned").model_dump(mode="json")
    later = replace(first, values={"scale": 6.0, "margin": 0.2, "lr": 0.4})
    monkeypatch.setattr(losses, "preset", lambda name: later)
    assert RunConfig.model_validate(written).model_dump(mode="json") == written
    assert RunConfig(loss="arcface", recipe="tuned").margin == 0.2


def test_a_report_tunes_each_loss_by_itself() -> None:
    runs = ReportConfig(losses=["softmax", "triplet", "cosface"], recipe="tuned", epochs=7).runs()
    assert runs == {name: RunConfig(loss=name, recipe="tuned", epochs=7) for name in runs}


def test_a_loss_that_was_not_tuned_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"The loss 'unpg-jcsc' has no tuned recipe: no search .* Give recipe 'small'"):
        checked(RunConfig, {"loss": "unpg-jcsc", "recipe": "tuned"})
    with pytest.raises(ValueError, match=r"There is no loss 'arcfase'. Did you mean 'arcface'"):
        checked(RunConfig, {"loss": "arcfase", "recipe": "tuned"})


def test_a_report_gives_each_loss_the_parameters_that_it_has() -> None:
    runs = ReportConfig(
        losses=["softmax", "arcface", "elasticface-cos", "elasticface-arc+"],
        scale=20.0,
        margin=0.4,
        std=0.1,
        loss_options={"bias": True, "assignment": "released"},
        epochs=7,
        seed=3,
    ).runs()
    found = {name: (run.scale, run.margin, run.std, run.loss_options) for name, run in runs.items()}
    assert found == {
        "softmax": (20.0, None, None, {"bias": True}),
        "arcface": (20.0, 0.4, None, {}),
        "elasticface-cos": (20.0, 0.4, 0.1, {"assignment": "released"}),
        "elasticface-arc+": (20.0, 0.4, 0.1, {"assignment": "released"}),
    }
    assert all(run.loss == name and run.epochs == 7 and run.seed == 3 for name, run in runs.items())


def test_a_report_hands_on_everything_but_its_losses() -> None:
    changes: dict[str, Any] = {
        "dim": 5,
        "clip_norm": None,
        "milestones": (0.5,),
        "held_out": "classes",
        "flip": True,
    }
    (run,) = ReportConfig(losses=["cosface"], **changes).runs().values()
    assert run == RunConfig(loss="cosface", **changes)


def test_a_common_parameter_among_the_options_is_that_parameter() -> None:
    (run,) = ReportConfig(losses=["cosface"], loss_options={"margin": 0.1}).runs().values()
    assert run == RunConfig(loss="cosface", margin=0.1)


def test_further_seeds_are_the_same_runs_under_the_next_seeds() -> None:
    config = ReportConfig(losses=["softmax", "arcface"], seed=7, seeds=3)
    assert config.repeats() == {
        name: [RunConfig(**(run.model_dump() | {"seed": seed})) for seed in (8, 9)]
        for name, run in config.runs().items()
    }
    assert ReportConfig().repeats() == {"softmax": [], "elasticface-arc": []}
    assert ReportConfig(seed=2**63 - 1).seeds == 1
    with pytest.raises(
        ValueError, match=r"The 'seeds' parameter must end below 2\*\*63. Got 2 from 9223372036854775807"
    ):
        checked(ReportConfig, {"seed": 2**63 - 1, "seeds": 2})


def test_a_namespace_is_read_by_the_names_of_the_schema() -> None:
    config = from_namespace(ReportConfig, {"losses": ["cosface"], "epochs": 3, "np": object(), "_": None})
    assert config == ReportConfig(losses=("cosface",), epochs=3)
    with pytest.raises(ValueError, match="The 'epochs' parameter must be a valid integer"):
        from_namespace(ReportConfig, {"epochs": "3"})


def test_the_parameters_cell_of_the_report_and_the_schema_have_the_same_defaults() -> None:
    """Two places say them, since a notebook must show what can be changed; so a test holds them together."""
    notebook = nbformat.read(ROOT / "notebooks" / "90_run_report.ipynb", as_version=4)
    declared = declaration(notebook)().model_dump()
    assert declared.pop("run_dir") == "reports/run"
    assert declared.pop("methods") == ["pca"]  # of a view, not of a run
    assert declared.pop("projection") == "pca"  # of another
    assert declared == ReportConfig().model_dump(mode="json")


def test_sampling_classes_needs_classes() -> None:
    assert RunConfig(loss="unpg-arcface", sample_rate=0.1).sample_rate == 0.1
    assert complaint(RunConfig, {"loss": "supcon", "sample_rate": 0.1}) == (
        "The 'sample_rate' parameter is for losses of classes: supcon compares images with each other. Leave it out."
    )
