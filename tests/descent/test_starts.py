"""Random values to start from."""

from __future__ import annotations

import numpy
import pytest

from bpcalc.descent.starts import starts
from bpcalc.errors import RequestError


def array(text: str, seed: int = 0) -> numpy.ndarray:
    ((name, start),) = starts(text).items()
    return start.array(name, seed)


@pytest.mark.parametrize(
    ("text", "deviation"),
    [
        ("W=normal(300, 200)", 1),
        ("W=normal(300,200,std=0.01)", 0.01),
        ("W=normal(300, 200, std = 1/sqrt(300))", 300**-0.5),
        ("W=lecun(300, 200)", 300**-0.5),
        ("W=he(300, 200)", (2 / 300) ** 0.5),
        ("W=glorot(300, 200)", (2 / 500) ** 0.5),
        ("W=uniform(300, 200)", 3**-0.5),
        ("W=uniform(300, 200, bound=1e-3)", 1e-3 * 3**-0.5),
        ("W=he(40, 30, 5, 10)", (2 / (30 * 5 * 10)) ** 0.5),
        ("W=glorot(40, 30, 5, 10)", (2 / ((30 + 40) * 50)) ** 0.5),
    ],
)
def test_the_numbers_spread_as_they_should(text: str, deviation: float) -> None:
    found = array(text)
    assert found.size == 60_000
    assert float(found.std()) == pytest.approx(deviation, rel=0.02)
    assert float(found.mean()) == pytest.approx(0, abs=0.02 * deviation)


def test_zeros_and_ones() -> None:
    assert array("b=zeros(2,3)").tolist() == [[0] * 3] * 2
    assert array("b=ones(2)").tolist() == [1, 1]


def test_a_start_without_a_shape_is_a_number() -> None:
    assert array("w=normal()").shape == ()


def test_the_seed_and_the_name_fix_the_numbers() -> None:
    assert array("W=normal(5)").tolist() == array("W=normal(5)").tolist()
    assert array("W=normal(5)").tolist() != array("V=normal(5)").tolist()
    assert array("W=normal(5)").tolist() != array("W=normal(5)", seed=1).tolist()
    both = starts("V=normal(9), W=normal(5)")
    assert both["W"].array("W", 0).tolist() == array("W=normal(5)").tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing is not a start"),
        ("W", "W is not a start"),
        ("W=3", "is not a start"),
        ("W=normal(3", "is not a start"),
        ("W=normal(3.5)", "is not a start"),
        ("W=normal(-3)", "is not a start"),
        ("W=normal(0)", "is not a start"),
        ("W=normal(3, std=0)", "is not a start"),
        ("W=normal(3, std=[1, 2])", "is not a start"),
        ("W=normal(3, std=nan)", "has to be a finite number"),
        ("W=normal(3, bound=1)", "is not a start"),
        ("W=he(3)", "is not a start"),
        ("W=normall(3)", "did you mean normal?"),
        ("W=frob(3)", "the starts are zeros"),
        ("W=zeros(3), W=zeros(3)", "W has two values"),
        ("2=zeros(3)", "is not a start"),
        ("W=zeros(3),,b=zeros(3)", "nothing is not a start"),
    ],
)
def test_what_is_no_start_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError) as raised:
        starts(text)
    assert said in raised.value.drawn()


def test_more_than_fits_into_memory_is_refused() -> None:
    with pytest.raises(RequestError, match="GiB of memory"):
        array("W=zeros(99999999, 99999)")
