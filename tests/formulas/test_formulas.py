"""Each formula file asks a question and carries the answer in its comments.

    # What this file shows.
    # bpcalc grad --x 3 --y 4
    x**2*y + (y + 2)
    # value 42.0
    # gradient x 24.0

The folder is the outcome: a value, or an error of one kind. Behind the command every comment that
has a line to itself is one of ANSWERS. The place of an error is `caret LINE:FIRST-LAST`, a line of
the file and the cells of it that the caret is under, counted from 1.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcalc
from bpcalc.errors import BpcalcError, CalculationError, RequestError
from bpcalc.results import Result

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.bp"))
ANSWERS = {
    "values": ("value", "gradient", "warning"),
    "parse_errors": ("error", "caret", "hint"),
    "name_errors": ("error", "caret", "hint"),
    "shape_errors": ("error", "caret", "hint", "values"),
    "domain_errors": ("error", "caret", "hint", "values", "value", "gradient"),
}


class Answer(NamedTuple):
    """One expectation, and the line of the file on which it stands."""

    line: int
    word: str
    rest: str


class Case(NamedTuple):
    """A formula file, read."""

    path: Path
    text: str
    values: dict[str, str]
    answers: list[Answer]

    def wrong(self, line: int, what: str) -> pytest.fail.Exception:
        where = f"{self.path.relative_to(HERE.parent.parent)}:{line}"
        return pytest.fail.Exception(f"{where}: {what}", pytrace=False)

    def expect(self, answer: Answer, got: object) -> None:
        if answer.rest != got:
            raise self.wrong(answer.line, f"{answer.word} is {got!r}, not {answer.rest!r}")


def read(path: Path) -> Case:
    text = path.read_bytes().decode()
    values: dict[str, str] | None = None
    answers: list[Answer] = []
    for line, content in enumerate(text.splitlines(), start=1):
        comment = content.partition("# ")[2] if content.startswith("# ") else ""
        word, _, rest = comment.partition(" ")
        if comment.startswith("bpcalc grad"):
            values = dict(assignments(shlex.split(comment)[2:]))
        elif comment and values is not None:
            answers.append(Answer(line, word, rest))
    case = Case(path, text, values or {}, answers)
    if values is None or not answers:
        raise case.wrong(1, "there is no command, or no answer, in it")
    return case


def assignments(words: list[str]) -> Iterator[tuple[str, str]]:
    """`--x 3 --y=4` as names with their values."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        yield name, value if equals else next(rest)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_formula_file_has_the_outcome_that_it_tells(path: Path) -> None:
    case = read(path)
    outcome = path.parent.name
    for answer in case.answers:
        if answer.word not in ANSWERS[outcome]:
            raise case.wrong(answer.line, f"{answer.word} is no answer in {outcome}/")
    try:
        result = bpcalc.grad(case.text, case.values)
    except RequestError as error:
        if outcome not in ("parse_errors", "name_errors", "shape_errors"):
            raise case.wrong(1, error.drawn()) from None
        check_error(case, error)
        return
    if outcome == "values":
        check_values(case, result)
    elif outcome == "domain_errors" and isinstance(result.failure, CalculationError):
        check_error(case, result.failure)
        check_numbers(case, result)
    else:
        raise case.wrong(1, f"its value is {result.value}, and it should have none")


def check_values(case: Case, result: Result) -> None:
    if result.failure is not None:
        raise case.wrong(1, result.failure.drawn())
    if result.check.ok is False:
        raise case.wrong(1, f"SymPy disagrees: {result.warnings}")
    check_numbers(case, result)
    warnings = [answer.rest for answer in case.answers if answer.word == "warning"]
    if result.warnings != warnings:
        raise case.wrong(1, f"the warnings are {result.warnings}, not {warnings}")


def check_numbers(case: Case, result: Result) -> None:
    for answer in case.answers:
        name, _, number = answer.rest.partition(" ")
        if answer.word == "value":
            got, number = result.value, answer.rest
        elif answer.word == "gradient":
            got = result.gradient[name]
        else:
            continue
        if not are_close(got, json.loads(number)):
            raise case.wrong(answer.line, f"{answer.word} {name} is {got!r}, not {number}")


def are_close(got: Any, expected: Any) -> bool:
    """Whether numbers, or arrays of them, are equal but for their last digits."""
    if np.shape(got) != np.shape(expected):
        return False
    return np.allclose(got, expected, rtol=1e-13, atol=0, equal_nan=True)


def check_error(case: Case, error: BpcalcError) -> None:
    for answer in case.answers:
        if answer.word == "error":
            case.expect(answer, error.message)
        elif answer.word == "hint":
            case.expect(answer, error.hint)
        elif answer.word == "caret":
            case.expect(answer, caret(error))
    values = [answer.rest for answer in case.answers if answer.word == "values"]
    if list(error.values) != values:
        raise case.wrong(1, f"the values are {list(error.values)}, not {values}")


def caret(error: BpcalcError) -> str:
    """Where the drawn error has its caret: `3:1-6`."""
    lines = error.drawn().splitlines()
    for above, below in pairwise(lines):
        place = re.fullmatch(r"( +\| )( *)(\^+)", below)
        if place:
            number = above.split("|")[0].strip()
            first = len(place[2]) + 1
            return f"{number}:{first}-{first + len(place[3]) - 1}"
    return "nowhere"


def test_every_folder_has_formula_files_and_no_other_folder_has() -> None:
    assert {path.parent.name for path in FILES} == set(ANSWERS)
