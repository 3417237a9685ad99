"""The first record of CSV or TSV -> the names of its columns; and the header that comes out."""

from __future__ import annotations

from bpcalc.errors import RequestError, printable
from bpcalc.formula.tokens import normal
from bpcalc.rows.plan import Plan
from bpcalc.rows.records import content, fields
from bpcalc.rows.sources import BOM, Source

_NEEDED = "the first line of a table names its columns"


class Header:
    """A table's first record."""

    def __init__(self, source: Source, separator: str) -> None:
        if source.empty:
            raise RequestError(f"{source.shown} is empty", hint=_NEEDED)
        record = source.header(separator)
        self.separator = separator
        self.bom = source.bom
        self.end = b"\r\n" if record.endswith(b"\r\n") else b"\n"
        self.record = record.removesuffix(b"\n").removesuffix(b"\r" if len(self.end) > 1 else b"")
        self.columns = _columns(self.record, separator, source.shown)


def _columns(record: bytes, separator: str, shown: str) -> tuple[str, ...]:
    if b"\0" in record:
        raise RequestError(
            f"{shown} has NUL bytes in its first line",
            hint="UTF-16 text becomes UTF-8 by iconv -f UTF-16LE -t UTF-8",
        )
    if b"\r" in record:
        raise RequestError(
            f"{shown} ends its lines in CR alone", hint="tr '\\r' '\\n' makes lines of them"
        )
    if not record.strip():
        raise RequestError(f"the first line of {shown} is empty", hint=_NEEDED)
    text = record.decode("utf-8", "surrogateescape")
    return tuple(normal(content(field.strip(" ")).strip()) for field in fields(text, separator))


def with_header(plan: Plan, header: Header) -> Plan:
    """The plan, with the header of what comes out."""
    separator = header.separator
    made = separator.join(_quoted(name, separator) for name in plan.names).encode()
    if not plan.only:
        made = BOM * header.bom + header.record + separator.encode() + made
    return plan._replace(separator=separator, header=made + header.end)


def _quoted(name: str, separator: str) -> str:
    """A name of ours as a field."""
    if any(sign in name for sign in ('"', separator, "\n", "\r")):
        return '"' + name.replace('"', '""') + '"'
    return name


def refuse_other_columns(source: Source, first: Header, first_shown: str) -> None:
    """Read a later table's header.

    Raises:
        RequestError: it is not that of the first.
    """
    columns = Header(source, first.separator).columns
    if columns == first.columns:
        return
    where = f"{source.shown} has other columns than {first_shown}"
    for position, (ours, theirs) in enumerate(zip(first.columns, columns), 1):
        if ours != theirs:
            raise RequestError(
                f"{where}: column {position} is {printable(theirs, 40) or 'empty'}, "
                f"and there {printable(ours, 40) or 'empty'}"
            )
    raise RequestError(f"{where}: {len(columns)}, and there {len(first.columns)}")
