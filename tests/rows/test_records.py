"""What a field says."""

from __future__ import annotations

import pytest

from bpcalc.rows.records import content


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("a", "a"),
        ('"a"', "a"),
        ('"a""b"', 'a"b'),
        ('""', ""),
        ('"', '"'),
        ("", ""),
        ('"a"b', '"a"b'),
        ('a"', 'a"'),
        ('"3"4', '"3"4'),
    ],
)
def test_quotation_marks_are_no_part_of_it_where_they_enclose_it(field: str, said: str) -> None:
    assert content(field) == said
