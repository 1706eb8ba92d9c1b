"""Image sets by name."""

import pytest

from workbench import data


def test_every_name_can_be_loaded_and_is_described() -> None:
    for name in data.names():
        assert data.load(name).source == data.describe(name).splitlines()[0]


@pytest.mark.parametrize("call", [data.load, data.describe])
def test_unknown_names_come_with_the_nearest(call: object) -> None:
    with pytest.raises(ValueError) as error:
        call("digts")
    assert str(error.value) == "There is no data set 'digts'. Did you mean 'digits'? Known: digits, synthetic-faces."


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError) as error:
        data.load("digits", size=3)
    assert str(error.value) == "There is no parameter of the data set 'digits' named 'size'."
