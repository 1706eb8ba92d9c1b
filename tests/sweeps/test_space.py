"""Where a search looks: spaces that hold what is used today, and points that fill them."""

import pytest

from workbench import losses
from workbench.config import RunConfig
from workbench.sweeps import space as room
from workbench.sweeps.space import Range, draws, space

NAMES = losses.names()


def value(config: RunConfig, name: str) -> float:
    """What a run has for a parameter, of itself or of its loss."""
    return config.lr if name == "lr" else (losses.parameters(config.loss) | config.resolved_options())[name]


@pytest.mark.parametrize("loss", NAMES)
def test_the_small_recipe_lies_inside_the_space_of_every_loss(loss: str) -> None:
    for name, (low, high, _) in space(loss).items():
        assert low <= value(RunConfig(loss=loss), name) <= high, name


@pytest.mark.parametrize("loss", NAMES)
def test_the_corners_of_every_space_are_runs(loss: str) -> None:
    ranges = space(loss)
    for share in (0, 1):
        given = {name: one.at(share) for name, one in ranges.items()}
        config = RunConfig(loss=loss, lr=given.pop("lr"), loss_options=given)
        assert {name: value(config, name) for name in given} == given


def test_the_first_trial_changes_nothing_and_more_trials_begin_with_those_of_fewer() -> None:
    ranges = space("elasticface-arc")
    every = draws(ranges, 40)
    assert every[0] == {}
    assert draws(ranges, 10) == every[:10]
    assert all(point.keys() == ranges.keys() for point in every[1:])
    for name, (low, high, log) in ranges.items():
        found = sorted(point[name] for point in every[1:])
        assert low <= found[0]
        assert found[-1] <= high
        middle = (low * high) ** 0.5 if log else (low + high) / 2
        assert sum(one < middle for one in found) == pytest.approx(len(found) / 2, abs=3), name


def test_a_range_is_walked_evenly_or_by_factors() -> None:
    assert [Range(0, 1).at(share) for share in (0, 0.5, 1)] == [0, 0.5, 1]
    assert [Range(4, 64, log=True).at(share) for share in (0, 0.5, 1)] == [4, 16, 64]
    assert Range(0.1, 0.7).at(1 / 3) == 0.3
    assert Range(1, 2).at(0.123456) == 1.1


def test_losses_with_pairs_are_searched_as_the_loss_below_them() -> None:
    assert space("unpg-curricularface") == space("curricularface")


def test_a_loss_without_a_space_is_told_where_to_put_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(room._OWN, "circle")
    with pytest.raises(
        ValueError, match=r"'circle' has no search space. Add one in workbench/sweeps/space.py. Known: so"
    ):
        space("circle")
    with pytest.raises(ValueError, match="There is no loss 'arcfase'"):
        space("arcfase")
