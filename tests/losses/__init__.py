import pytest

# Helpers that assert are not test files, so pytest must be told to explain their failures too.
pytest.register_assert_rewrite(
    "tests.losses.contract_interface", "tests.losses.contract_mathematics", "tests.losses.oracle"
)
