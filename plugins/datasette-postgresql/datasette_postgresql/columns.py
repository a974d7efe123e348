"""What a column's type allows: order, equality, and which texts it can read. Decided here, without asking the server."""

import datetime
import decimal
import ipaddress
import json
import math
import re
from typing import Any

from .catalogue import Column
from .readers import READERS

UNORDERED = frozenset({"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"})
INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
NUMBERS = ("numeric", "real", "double precision")
TRUTHS = frozenset({"t", "true", "y", "yes", "on", "1", "f", "false", "n", "no", "off", "0"})
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_CLOCK = r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?\s*([zZ]|[+-]\d\d(:?\d\d)?)?"
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d([ T]{_CLOCK})?", re.ASCII)
_TIME = re.compile(_CLOCK, re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{4}(-?[0-9a-fA-F]{4}){7}")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]+(/\d{1,3})?", re.ASCII)
# What Python's JSON has and jsonb refuses: half a surrogate pair, the null character.
_NO_TEXT = re.compile(r"\\u([dD][89a-fA-F]|0000)")
_NOT_FINITE = re.compile(r"\s*([+-]?inf(inity)?|nan)\s*", re.IGNORECASE)
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})*")


def base(column: Column) -> str:
    """The type without its modifier: `numeric(10,2)` is numeric, `timestamp(3) with time zone` timestamp with time zone; of a
    domain, the type it is made of."""
    return re.sub(r"\(.*?\)", "", column.base_type or column.type)


def is_array(column: Column) -> bool:
    return column.category == "A"


def is_text(column: Column) -> bool:
    return column.category == "S"


def is_json(column: Column) -> bool:
    return base(column) in ("json", "jsonb")


def is_day(column: Column) -> bool:
    """Holds a calendar date, so not a time of day."""
    return base(column) in ("date", "timestamp without time zone", "timestamp with time zone")


def is_sortable(column: Column) -> bool:
    """Has an order, and a text in `_next` that PostgreSQL can read back."""
    return base(column) not in UNORDERED and column.category not in ("A", "C", "G", "P")


def is_facet_as_text(column: Column) -> bool:
    """Has no equality, or a value whose text in a URL PostgreSQL couldn't read back."""
    return not is_sortable(column) or base(column) in ("bytea", "jsonb")


def is_storable(value: str) -> bool:
    """No text in PostgreSQL has a null character or half a surrogate pair."""
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def filterable(column: Column | None, value: str) -> tuple[str, str] | None:
    """Both sides of a comparison in a filter, the left one for `{c}`; None where the column's type can't read the value.

    A type that isn't known here is compared as text, which can't fail.
    """
    if not is_storable(value):
        return None
    if column is None or is_text(column):
        return "{c}", "{p}"
    kind = base(column)
    # A domain over one of these has no operators of its own, and isn't taken for what it is made of.
    left = f"{{c}}::{column.base_type}" if column.base_type not in ("", column.type) else "{c}"
    if column.labels:
        return (left, "{p}") if value in column.labels else None
    if kind in READERS:
        return (left, "{p}") if READERS[kind](value) else None
    if kind in INTEGERS or kind in NUMBERS or is_day(column) or kind in _READERS:
        right = comparable(column, value)
        return None if right is None else ("{c}", right)
    return "{c}::text", "{p}"


def comparable(column: Column | None, value: str) -> str | None:
    """The right side of a comparison as a template for `{p}`, or None where the column's type can't read `value`."""
    if column is None or is_text(column):
        return "{p}"
    kind = base(column)
    if kind in INTEGERS:
        return _integer(value, INTEGERS[kind])
    if column.category == "N":
        return _number(value, kind)
    if is_day(column):
        return _moment(value, kind)
    reads = _READERS.get(kind)
    return "{p}" if reads is None or _can(reads, value) else None


def _integer(value: str, limit: int) -> str | None:
    if _INTEGER.fullmatch(value) and len(value) < 25 and -limit <= int(value) < limit:
        return "{p}"
    return "{p}::numeric" if _NUMBER.fullmatch(value) else None


def _number(value: str, kind: str) -> str | None:
    if _NOT_FINITE.fullmatch(value):
        return "{p}" if kind != "money" else None
    if not _NUMBER.fullmatch(value):
        return None
    if kind in ("real", "double precision") and not _fits(float(value), kind, value):
        return None
    # 0.1 as real is another number than 0.1 as double precision: each compares as its own type.
    return "{p}"


def _fits(number: float, kind: str, text: str) -> bool:
    """PostgreSQL refuses both overflow and underflow."""
    if number == 0:
        return decimal.Decimal(text.strip()) == 0
    low, high = (1.5e-45, 3.4028235e38) if kind == "real" else (5e-324, math.inf)
    return low <= abs(number) <= high and math.isfinite(number)


def _moment(value: str, kind: str) -> str | None:
    text = value.strip()
    if text.lower() in ("infinity", "-infinity"):
        return "{p}"
    if not _MOMENT.fullmatch(text) or not _can(datetime.datetime.fromisoformat, text[:19]):
        return None
    return "{p}::timestamp" if kind == "date" and len(text) > 10 else "{p}"


def _truth(value: str) -> None:
    if value.strip().lower() not in TRUTHS:
        raise ValueError(value)


def _fullmatch(pattern: re.Pattern[str]) -> Any:
    def reads(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValueError(value)

    return reads


def _address(value: str) -> None:
    _fullmatch(_ADDRESS)(value)
    ipaddress.ip_interface(value)


def _time(value: str) -> None:
    _fullmatch(_TIME)(value)
    datetime.time.fromisoformat(value[:8])


def json_of(value: str) -> Any:
    """As strict as jsonb. Raises ValueError."""
    if _NO_TEXT.search(value):
        raise ValueError(value)
    return json.loads(value, parse_constant=_refuse)


def _refuse(name: str) -> None:
    raise ValueError(name)


def _can(reads: Any, value: str) -> bool:
    try:
        reads(value)
    except (ValueError, RecursionError):
        return False
    return True


_READERS: dict[str, Any] = {
    "boolean": _truth,
    "uuid": _fullmatch(_UUID),
    "bytea": _fullmatch(_HEX),
    "jsonb": json_of,
    "inet": _address,
    "cidr": ipaddress.ip_network,
    "time without time zone": _time,
    "time with time zone": _time,
}
