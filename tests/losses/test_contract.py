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
    assert {case.name for case in CASES} == set(losses.names())
