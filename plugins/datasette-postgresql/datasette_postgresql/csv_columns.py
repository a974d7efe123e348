"""SQL that writes a column's values as Datasette's CSV has them, so that COPY can send them as they are.

Datasette's are what Python's csv makes of values.py: 1.0, True, nothing for an empty text. A type without such SQL has None.
"""

from collections.abc import Callable

INTEGERS = (20, 21, 23, 26)
NUMERIC, BPCHAR = 1700, 1042  # what COPY writes is Datasette's; blanks at the end are kept
TEXTS = (25, 1043, 19)
# json, jsonb, date, time, timetz, interval, uuid, inet, cidr, the ranges: never empty
VERBATIM = (114, 3802, 1082, 1083, 1266, 1186, 2950, 869, 650, 3904, 3906, 3908, 3910, 3912, 3926)
ARRAYS = (1005, 1007, 1016, 1009, 1015)  # of integers and texts: jsonb's text is what Python writes
BYTES = 17


def csv_expression(oid: int, c: str, *, is_array: bool) -> str | None:
    """`oid` is of the type, `c` the SQL of a value."""
    if oid in (*INTEGERS, NUMERIC, BPCHAR, *VERBATIM):
        return c
    if oid in TEXTS:
        return f"nullif({c}::text, '')"
    if oid in ARRAYS:
        return f"to_jsonb({c})::text"
    if oid in _OTHERS:
        return _OTHERS[oid](c)
    return None if is_array or oid == BYTES else f"nullif(concat({c}), '')"


def _boolean(c: str) -> str:
    return f"case {c} when true then 'True' when false then 'False' end"


def _stamp(c: str) -> str:
    return f"case when {c} >= '0001-01-01' then replace({c}::text, ' ', 'T') else {c}::text end"


def _stamp_with_zone(c: str) -> str:
    """The session's zone is UTC."""
    usual = f"{c} >= '0001-01-01' and {c} < 'infinity'"
    return f"case when {usual} then replace({c}::text, ' ', 'T') || ':00' else {c}::text end"


def _float(plain_below: str) -> Callable[[str], str]:
    """Python's repr. PostgreSQL writes no .0, and an exponent from 1e15 (real: 1e6), where Python waits for 1e16.

    The usual case stands first: each function costs 15 ns a value, a whole number of them a third of COPY's rate.
    """

    def expression(c: str) -> str:
        return (
            f"case when abs({c}) < {plain_below} and {c} <> trunc({c}) then {c}::text"
            f" when abs({c}) < {plain_below} then {c}::text || '.0'"
            f" when abs({c}) < 1e16"
            f" then {c}::text::numeric::text || case when {c} = trunc({c}) then '.0' else '' end"
            f" else case {c}::text when 'NaN' then 'nan' when 'Infinity' then 'inf' when '-Infinity' then '-inf'"
            f" else {c}::text end end"
        )

    return expression


_OTHERS: dict[int, Callable[[str], str]] = {
    16: _boolean, 700: _float("1e6"), 701: _float("1e15"), 1114: _stamp, 1184: _stamp_with_zone,
}  # fmt: skip
