"""What all tests share: the option that rewrites expected outputs instead of comparing them."""

from __future__ import annotations

import pytest

import bpcalc.ops.on_arrays  # noqa: F401  (tests go over all operations of the tables)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite the expected outputs of pages (and snapshots); read the diff before a commit",
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether expected outputs are to be rewritten."""
    return bool(request.config.getoption("--update"))
