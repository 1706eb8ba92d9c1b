"""Every loss keeps the contract."""

import pytest

from tests.losses.cases import HEADS
from tests.losses.cases_pairs import PAIR_LOSSES
from tests.losses.contract_classes import ClassesContract
from tests.losses.contract_interface import InterfaceContract
from tests.losses.contract_pairs import PairsContract
from tests.losses.contract_symmetries import SymmetryContract
from workbench import losses


@pytest.mark.parametrize("case", HEADS, ids=str)
class TestHead(InterfaceContract, SymmetryContract, ClassesContract):
    pass


@pytest.mark.parametrize("case", PAIR_LOSSES, ids=str)
class TestPairLoss(InterfaceContract, SymmetryContract, PairsContract):
    pass


def test_every_loss_has_a_case() -> None:
    # UNPG is no loss of its own but pairs on top of one, tested in test_unpg.py.
    cases = {case.name for case in [*HEADS, *PAIR_LOSSES]}
    assert cases == {name for name in losses.names() if not name.startswith("unpg-")}
