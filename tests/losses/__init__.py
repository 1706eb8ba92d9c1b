import pytest

# Helpers that assert are not test files, so pytest must be told to explain their failures too.
pytest.register_assert_rewrite(
    "tests.losses.contract_classes",
    "tests.losses.contract_interface",
    "tests.losses.contract_pairs",
    "tests.losses.contract_symmetries",
    "tests.losses.oracle",
)
