"""Which parameters of a list filter its rows: any field that an index begins with, by its name in the JSON.

`diaObject=5` is exact; `__gt`, `__gte`, `__lt` and `__lte` after a name make a range. Other parameters had no effect in the
old system, and have none here; a value that isn't one of the column's is refused.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from plugins.elasticc_tables import MOST_BIGINT, Column, Table, quote

OPERATORS = {"": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
OURS = ("limit", "offset", "after", "before", "format")


@dataclass(frozen=True)
class BadFilter(Exception):
    """A value that is none of the column's; the message is for the person who sent it."""

    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Filters:
    """Conditions on `t`, and their values $1, $2 …"""

    conditions: tuple[str, ...] = ()
    values: tuple[object, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @property
    def sql(self) -> str:
        return " and ".join(self.conditions) or "true"


def read(table: Table, query: Mapping[str, Sequence[str]]) -> Filters:
    """Of a repeated parameter the last counts. Raises BadFilter."""
    columns = {column.field: column for column in table.columns if column.is_indexed and column.field not in OURS}
    conditions: list[str] = []
    values: list[object] = []
    for parameter in sorted(query):
        name, _, suffix = parameter.partition("__")
        column = columns.get(name)
        if column is None or suffix not in OPERATORS or parameter.endswith("__"):
            continue
        values.append(_value(parameter, column, query[parameter][-1]))
        conditions.append(f"t.{quote(column.name)} {OPERATORS[suffix]} ${len(values)}")
    return Filters(tuple(conditions), tuple(values))


def _value(parameter: str, column: Column, text: str) -> object:
    kind, convert = KINDS.get(column.type, KINDS["text"])
    try:
        return convert(text)
    except ValueError:
        raise BadFilter(f"{parameter} must be {kind}, not {text[:100]!r}.") from None


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > MOST_BIGINT:
        raise ValueError
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _time(text: str) -> str:
    """Without an offset it is UTC. A plus sign in an address is a blank."""
    moment = datetime.fromisoformat(text.replace(" ", "+") if text.count("T") == 1 else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError
    return words[text.lower()]


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError
    return text


KINDS: dict[str, tuple[str, Callable[[str], object]]] = {
    **dict.fromkeys(("int2", "int4", "int8"), ("a whole number", _whole)),
    **dict.fromkeys(("float4", "float8"), ("a number", _finite)),
    "timestamptz": ("a time in ISO 8601", _time),
    "bool": ("true or false", _truth),
    "text": ("text", _text),
}
