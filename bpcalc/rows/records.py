"""CSV and TSV: where records and fields end.

A field that begins with a quotation mark goes on to the next single one, over separators and line
ends; two of them are one that is meant. Elsewhere a quotation mark is a character like any other.
"""

from __future__ import annotations

import re
from functools import cache

_QUOTED = '"[^"]*+(?:""[^"]*+)*+"'


def whole_records(data: bytes, separator: str, most: int = 0) -> int:
    """Where the last whole record of `data` ends, or the last of the first `most`."""
    found = _whole(separator.encode(), most).match(data)
    assert found is not None
    return found.end()


@cache
def _whole(separator: bytes, most: int) -> re.Pattern[bytes]:
    times = b"{,%d}+" % most if most else b"*+"
    return re.compile(b"(?:" + _record(separator.decode()).encode() + b")" + times)


@cache
def record_pattern(separator: str) -> re.Pattern[str]:
    """One record with its line end."""
    return re.compile(_record(separator))


def _record(separator: str) -> str:
    field = rf'(?:{_QUOTED}[^{separator}\n]*+|[^{separator}"\n][^{separator}\n]*+|)'
    return rf"{field}(?:{separator}{field})*+\n"


def fields(record: str, separator: str) -> list[str]:
    """The fields of a record without its line end, as they stand there."""
    if '"' not in record:
        return record.split(separator)
    return _field(separator).findall(record)


@cache
def _field(separator: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|{separator})({_QUOTED}[^{separator}]*+|[^{separator}]*+)")


def content(field: str) -> str:
    """What a field says: without its quotation marks, if it has them."""
    if field[:1] == '"' and len(field) > 1 and field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field
