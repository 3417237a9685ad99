"""text -> tokens: names of any script, numbers, pasted signs, comments, and where each stood."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcalc.errors import RequestError
from bpcalc.formula import tokens as module
from bpcalc.formula.tokens import (
    END,
    is_name,
    normal,
    starts_name,
    superscript,
    token_spans,
    tokens,
)


def words(text: str) -> list[str]:
    """The tokens up to the end of the text."""
    found = tokens(text)
    return found[: found.index(END)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x**2*y", ["x", "**", "2", "*", "y"]),
        ("w_41 + _a", ["w_41", "+", "_a"]),
        ("f(a, b)", ["f", "(", "a", ",", "b", ")"]),
        ("a<=b>=c==d!=e", ["a", "<=", "b", ">=", "c", "==", "d", "!=", "e"]),
        ("a<b", ["a", "<", "b"]),
        ("A.T", ["A", ".T"]),
        ("a;b", ["a", ";", "b"]),
        ("2x", ["2", "x"]),
        ("\tx\f\r", ["x"]),
    ],
)
def test_a_formula_falls_into_names_numbers_and_signs(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize(
    "number", ["3", "3.", ".5", "0.5", "1e-3", "1E3", "1e+3", "1_000", "1_000.000_1", "3.e5", "007"]
)
def test_a_number_is_one_token(number: str) -> None:
    assert words(number) == [number]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1__0", ["1", "__0"]),
        ("1_", ["1", "_"]),
        ("1e", ["1", "e"]),
        ("1.2.3", ["1.2", ".3"]),
        ("3.x", ["3", ".", "x"]),
        ("2.T", ["2", ".T"]),
        ("1e5e", ["1e5", "e"]),
        ("._5", [".", "_5"]),
    ],
)
def test_what_goes_on_behind_a_number_is_another_token(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize("name", ["σ1", "δ", "x₁", "数", "ﬀ", "x′", "ß", "न्", "e\u0301", "Ω_max"])
def test_a_name_may_have_letters_of_any_script(name: str) -> None:
    assert words(f"2*{name}") == ["2", "*", name]
    assert is_name(name)


@pytest.mark.parametrize(
    "text", ["", "2", "2x", "x y", "x+", "x²", "ᵀ", "√", " x", "x\n", "#", "-x"]
)
def test_what_is_not_one_name_whole_is_no_name(text: str) -> None:
    assert not is_name(text)


def test_an_accent_is_the_same_however_it_was_typed() -> None:
    assert normal("e\u0301") == "é"
    assert normal("x1") == "x1"


@pytest.mark.parametrize(
    ("pasted", "plain"),
    [
        ("a−b–c", "a-b-c"),
        ("（a，b）", "(a,b)"),
        ("ａ；b", "ａ;b"),
        ("a＋b＝c", "a+b=c"),
        ("a∗b⁄c÷d∕e", "a*b/c/d/e"),
        ("a＜＝b＞c", "a<=b>c"),
        ("１２．５", "12.5"),
        ("a\u2028b", "a\nb"),
        ("\ufeffx", "x"),
        ("a\u00a0+\u3000b", "a + b"),
    ],
)
def test_pasted_signs_are_what_they_look_like(pasted: str, plain: str) -> None:
    assert words(pasted) == words(plain)


@pytest.mark.parametrize("sign", list("·×⊙√≤≥≠"))
def test_signs_that_ascii_lacks_are_tokens(sign: str) -> None:
    assert words(f"a{sign}b") == ["a", sign, "b"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("²", "2"), ("³", "3"), ("⁻¹", "-1"), ("¹²", "12"), ("⁺⁴", "+4"), ("⁰", "0")],
)
def test_a_superscript_is_one_token_that_means_a_number(text: str, number: str) -> None:
    assert words(f"x{text}y") == ["x", text, "y"]
    assert superscript(text) == number


@pytest.mark.parametrize("text", ["", "2", "x", "-", "₂"])
def test_other_tokens_are_no_superscripts(text: str) -> None:
    assert superscript(text) is None


def test_the_sign_of_the_transposed_starts_no_name() -> None:
    assert words("Aᵀ") == ["A", "ᵀ"]
    assert not starts_name("ᵀ")


@pytest.mark.parametrize("text", ["x # y", "x# y # z", "x#", "x # √ \"'$"])
def test_a_comment_belongs_to_no_token(text: str) -> None:
    assert words(text) == ["x"]


def test_a_comment_ends_with_its_line() -> None:
    assert words("# what\nx + # the\n  y # end") == ["\n", "x", "+", "\n", "y"]


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a \n b", "a # c\nb"])
def test_a_line_break_is_a_token(text: str) -> None:
    assert words(text) == ["a", "\n", "b"]


def test_spans_are_offsets_in_the_text_as_typed() -> None:
    text = "σ１ − sin（数² ）# c\n+ 2"
    placed = [text[start:end] for start, end in token_spans(text)]
    assert placed == ["σ１", "−", "sin", "（", "数", "²", "）", "\n", "+", "2", ""]


formula_text = st.text(
    st.sampled_from("xyσ数eE_12.,+-−*/^²⁻√()<=>!#'@ \t\n;é\u0301$\u200b\x00") | st.characters()
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(formula_text)
def test_every_token_has_a_span_and_they_stand_in_order(text: str) -> None:
    found, spans = tokens(text), token_spans(text)
    assert len(found) == len(spans)
    assert found[-1] == END
    assert spans == sorted(spans)
    assert all(len(token) == end - start for token, (start, end) in zip(found, spans))
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(formula_text)
def test_nothing_but_space_and_comments_stands_between_tokens(text: str) -> None:
    end = 0
    for start, next_end in token_spans(text):
        between = text[end:start].replace("\ufeff", " ").partition("#")[0]
        assert between.strip() == ""
        end = next_end


def test_a_text_of_too_many_characters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHARACTERS", 10)
    with pytest.raises(RequestError, match="11 characters"):
        tokens("x" * 11)


def test_a_text_of_too_many_tokens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOKENS", 10)
    with pytest.raises(RequestError, match="12 names, numbers and signs"):
        tokens("+".join("xxxxxx"))
