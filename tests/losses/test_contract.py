"""Every loss keeps the contract."""

import pytest

from tests.losses.cases import CASES
from tests.losses.contract_interface import InterfaceContract
from tests.losses.contract_mathematics import MathematicsContract
from workbench import losses


@pytest.mark.parametrize("case", CASES, ids=str)
class TestLoss(InterfaceContract, MathematicsContract):
    pass


def test_every_loss_has_a_case() -> None:
    # UNPG is no loss of its own but pairs on top of one, tested in test_unpg.py.
    assert {case.name for case in CASES} == {name for name in losses.names() if not name.startswith("unpg-")}
