"""What a spec means, and what is told of one that means nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.sweeps.quick import spec
from workbench import sweeps
from workbench.config import RunConfig
from workbench.notation import parse


def test_a_sweep_is_losses_times_seeds_times_data_times_the_grid() -> None:
    sweep = spec("arcface", "softmax", seeds=[3, 5], data=["digits", "synthetic-faces"], lr=[0.1, 0.2], dim=[2, 3])
    cells = sweep.cells()
    assert len(cells) == len({cell.run for cell in cells}) == 2 * 2 * 2 * 4
    first = cells[0]
    assert (first.loss, first.data, first.seed, first.setting) == ("arcface", "digits", 3, {"lr": 0.1, "dim": 2})
    assert (first.config.loss, first.config.data, first.config.seed) == ("arcface", "digits", 3)
    assert (first.config.lr, first.config.dim, first.config.model) == (0.1, 2, "mlp")
    assert [cell.seed for cell in cells[:16]] == [3] * 8 + [5] * 8, "seed by seed, so that a stop leaves whole seeds"
    assert [cell.data for cell in cells] == ["digits"] * 16 + ["synthetic-faces"] * 16, "each set is loaded once"


def test_a_run_has_the_folder_that_train_gives_it() -> None:
    given = {"loss": "cosface", "margin": 0.2, "epochs": 3, "seed": 1}
    sweep = sweeps.load({"losses": ["cosface"], "seeds": [1], "margin": 0.2, "epochs": 3})
    assert sweep.cells()[0].run == RunConfig(**given).folder_name()


def test_seeds_are_a_count_or_a_list() -> None:
    assert spec(seeds=3).seeds == (0, 1, 2)
    assert spec(seeds=[7]).seeds == (7,)
    assert sweeps.load({"losses": ["arcface"]}).seeds == (0, 1, 2, 3, 4)


def test_parameters_of_losses_go_to_those_that_have_them() -> None:
    sweep = spec("arcface", "softmax", "unpg-cosface", margin=0.2, whisker=1.0, seeds=1)
    options = {cell.loss: cell.config.given_options() for cell in sweep.cells()}
    assert options == {"arcface": {"margin": 0.2}, "softmax": {}, "unpg-cosface": {"margin": 0.2, "whisker": 1.0}}


def test_what_is_an_entry_s_own_goes_before_what_all_have() -> None:
    sweep = spec(
        "arcface",
        {"loss": "arcface", "label": "mine", "margin": 0.1, "lr": 0.3, "beyond_pi": "linear"},
        data=[{"data": "digits", "label": "few", "share": 0.5, "lr": 0.2}],
        margin=0.4,
        lr=0.1,
        seeds=1,
    )
    plain, mine = (cell.config for cell in sweep.cells())
    assert (plain.margin, plain.lr, plain.share, plain.loss_options) == (0.4, 0.2, 0.5, {})
    assert (mine.margin, mine.lr, mine.share, mine.loss_options) == (0.1, 0.3, 0.5, {"beyond_pi": "linear"})
    assert [cell.loss for cell in sweep.cells()] == ["arcface", "mine"]
    assert sweep.cells()[0].data == "few"


def test_places_that_mean_one_run_share_its_folder() -> None:
    """Softmax has no margin, so it is trained once for the whole grid."""
    cells = spec("arcface", "softmax", margin=[0.1, 0.2], seeds=1).cells()
    assert len(cells) == 4
    assert len({cell.run for cell in cells if cell.loss == "softmax"}) == 1
    assert len({cell.run for cell in cells if cell.loss == "arcface"}) == 2


def test_a_parameter_that_is_a_list_makes_a_grid_of_lists() -> None:
    assert spec(milestones=[0.5, 0.9]).cells()[0].setting == {}
    settings = [cell.setting for cell in spec("arcface", milestones=[[0.5], [0.5, 0.9]], seeds=1).cells()]
    assert settings == [{"milestones": [0.5]}, {"milestones": [0.5, 0.9]}]


def test_losses_of_one_name_are_told_apart_by_what_is_their_own() -> None:
    sweep = spec("arcface", {"loss": "arcface", "margin": 0.3}, {"loss": "arcface", "label": "wide", "margin": 0.7})
    assert [cell.loss for cell in sweep.cells()[:3]] == ["arcface", "arcface, margin 0.3", "wide"]


def test_a_spec_comes_back_as_it_was_and_names_its_folder() -> None:
    sweep = spec("arcface", {"loss": "softmax", "bias": True}, lr=[0.1, 0.2], question="Why?")
    again = sweeps.load(parse(sweep.text()))
    assert again == sweep == sweeps.load(sweep.content())
    assert [cell.setting for cell in again.cells()] == [cell.setting for cell in sweep.cells()]
    assert again.folder_name() == sweep.folder_name()
    assert sweep.folder_name() != spec("arcface", {"loss": "softmax", "bias": True}, lr=[0.1, 0.3]).folder_name()


def test_without_a_spec_the_example_is_meant(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(sweeps.example())
    sweep = sweeps.load(tmp_path / "sweep.yaml")
    assert sweep == sweeps.load()
    assert (len(sweep.losses), len(sweep.seeds), sweep.data[0]["data"]) == (4, 5, "synthetic-faces")
    assert sweeps.load(tmp_path / "sweep.yaml", seeds=2).seeds == (0, 1)


KEYS = "Known: batch_size, beyond_pi, bias, "


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epoch": 3}, "There is no key of a sweep 'epoch'. Did you mean 'epochs'? " + KEYS),
        ({"looses": 3}, "There is no key of a sweep 'looses'. Did you mean 'losses' "),
        ({"wisker": 3}, "There is no key of a sweep 'wisker'."),
        ({"seed": 3}, "There is no key of a sweep 'seed'. Did you mean 'seeds' "),
        ({"losses": ["arcfase"]}, "There is no loss 'arcfase'. Did you mean 'arcface'"),
        ({"losses": [{"los": "arcface"}]}, "Each entry of 'losses' must be the name of a loss, or have one as 'loss'."),
        (
            {"losses": [{"loss": "arcface", "margn": 0.1}]},
            "There is no key of the loss 'arcface' named 'margn'. Did you mean 'margin'? Known: batch_size, beyond_pi,",
        ),
        ({"losses": []}, "The 'losses' parameter must have at least 1 item, not 0. Got () instead."),
        ({"losses": 3}, "The 'losses' parameter must be a valid dictionary. Got 3 instead."),
        (
            {"losses": ["arcface", "arcface"]},
            "Two entries of 'losses' are called 'arcface'. Give each another 'label'.",
        ),
        ({"data": [{"data": "digits", "size": 3}]}, "There is no key of an entry of 'data' named 'size'."),
        ({"data": ["digts"]}, "There is no data set 'digts'. Did you mean 'digits'?"),
        ({"data": ["digits", "digits"]}, "Two entries of 'data' are called 'digits'."),
        (
            {"seeds": 0},
            "The 'seeds' parameter must be a valid list. Got 0 instead. It is: a count, from 0 on, or a list.",
        ),
        ({"seeds": True}, "The 'seeds' parameter must be a valid list. Got True instead."),
        ({"seeds": [1, 1]}, "The 'seeds' parameter must name each seed once. Got [1, 1]."),
        ({"seeds": [-1]}, "The 'seeds' parameter must be greater than or equal to 0. Got -1 instead."),
        (
            {"measure": "err"},
            "There is no number 'err'. Did you mean 'eer'? Known: accuracy, angle_to_own_centre_median",
        ),
        ({"threads": 0}, "The 'threads' parameter must be greater than or equal to 1. Got 0 instead."),
        ({"epochs": [2, "many"]}, "The 'epochs' parameter must be a valid integer. Got 'many' instead."),
        ({"lr": [0.1, 0.1]}, "The list of 'lr' must name each value once. Got [0.1, 0.1]."),
        ({"share": 2.0}, "The 'share' parameter must be less than 1. Got 2.0 instead."),
    ],
)
def test_what_is_wrong_with_a_spec_is_said_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        spec(**changes) if "losses" not in changes else sweeps.load(changes)
    assert str(error.value).startswith(sentence)


def test_a_spec_without_losses_is_told_that_they_are_missing() -> None:
    with pytest.raises(ValueError, match=r"^The 'losses' parameter must be given\. It is: the losses; the others are"):
        sweeps.load({"seeds": 1})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- arcface", "must hold lines of NAME: VALUE. `workbench sweep --example` prints one."),
        ("losses: [arcface", "cannot be read: line 1, column 17: expected ',' or ']', but got '<stream end>'"),
        ("seeds: 1\nseeds: 2", "cannot be read: line 1, column 1: 'seeds' is given twice"),
        (
            "losses: !!python/object/apply:os.system [exit]",
            "cannot be read: line 1, column 9: could not determine a con",
        ),
        ("", "must hold lines of NAME: VALUE."),
    ],
)
def test_a_file_that_is_no_spec(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as error:
        sweeps.load(path)
    assert str(error.value).startswith(f"The spec {path} {sentence}")


def test_a_spec_that_is_not_there_is_told_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as error:
        sweeps.load(tmp_path / "no.yaml")
    assert str(error.value) == (
        f"There is no spec {tmp_path / 'no.yaml'}. `workbench sweep --example` prints one to begin with."
    )


def test_yaml_s_numbers_are_those_of_people() -> None:
    assert parse("{lr: 1e-2, margin: .5, seeds: [1, 2]}") == {"lr": 0.01, "margin": 0.5, "seeds": [1, 2]}
