"""How PostgreSQL's values reach Datasette: int, float, bool, str, bytes or None, never anything JSON has no word for.

bigint and integer: exact int. numeric: int where it has no fraction digits, else its exact text (NaN, too). float: float.
Timestamps: ISO 8601 text, timestamptz in UTC. Dates, times, intervals, uuid, json, ranges: PostgreSQL's text. bytea: bytes.
Arrays: JSON text.
"""

import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, SupportsIndex, overload

import psycopg2.extensions

Caster = Callable[[Any, Any], Any]

# json, jsonb, date, time, timetz, interval, uuid, inet, cidr; the ranges, which psycopg2 would make objects of
_TEXT = (114, 3802, 1082, 1083, 1266, 1186, 2950, 869, 650, 3904, 3906, 3908, 3910, 3912, 3926)
_TIMESTAMPS = (1114, 1184)
_OFFSET = re.compile(r"([+-]\d\d)(:?\d\d)?(:\d\d)?$")
_INTEGER = re.compile(r"[+-]?\d+")
_ELEMENT = re.compile(
    r'\s*(?:(?P<open>\{)|(?P<close>\})|"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<bare>[^,;{}"\\]+)|(?P<next>[,;]))', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# element type -> array type, of the types every server has; the catalogue adds the database's own
BUILT_IN_ARRAYS: Mapping[int, int] = {
    1000: 16, 1005: 21, 1007: 23, 1016: 20, 1028: 26, 1021: 700, 1022: 701, 1231: 1700, 1009: 25, 1015: 1043, 1014: 1042,
    1003: 19, 1002: 18, 1001: 17, 1182: 1082, 1115: 1114, 1185: 1184, 1183: 1083, 1270: 1266, 1187: 1186, 2951: 2950,
    199: 114, 3807: 3802, 1041: 869, 651: 650, 1040: 829, 3905: 3904, 3907: 3906, 3909: 3908, 3911: 3910,
    3913: 3912, 3927: 3926,
}  # fmt: skip


class Row(tuple[Any, ...]):
    """A row by index, slice or exact column name; IndexError for what isn't there, as sqlite3.Row. One subclass a result."""

    __slots__ = ()
    _index: ClassVar[Mapping[str, int]] = {}
    _names: ClassVar[Sequence[str]] = ()

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Any: ...
    @overload
    def __getitem__(self, key: slice, /) -> tuple[Any, ...]: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: Any, /) -> Any:
        if isinstance(key, str):
            try:
                key = self._index[key]
            except KeyError:
                raise IndexError("No item with that key") from None
        return tuple.__getitem__(self, key)

    def keys(self) -> list[str]:
        """The column names, in order."""
        return list(self._names)


def rows_of(names: Sequence[str], values: Iterable[tuple[Any, ...]]) -> list[Row]:
    """Where two columns have one name, the name means the first."""
    return list(map(_kind(tuple(names)), values))


@functools.lru_cache(maxsize=256)
def _kind(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Row]:
    """A class costs 20 µs to make, and a page of 5,000 tables asks 10,000 times for one row."""
    index = {name: position for position, name in reversed(list(enumerate(names)))}
    return type("Row", (Row,), {"__slots__": (), "_index": index, "_names": names})


def register(connection: Any, arrays: Mapping[int, int]) -> None:
    """Make `connection` give the values above; `arrays` maps array types to element types beyond the built-in ones."""
    for caster in _scalar_types() + _array_types(tuple(sorted({**arrays, **BUILT_IN_ARRAYS}.items()))):
        psycopg2.extensions.register_type(caster, connection)


def timestamp(text: str) -> str:
    """2024-01-02 03:04:05+00 → 2024-01-02T03:04:05+00:00; infinity and years BC stay PostgreSQL's."""
    if len(text) < 19 or not text[0].isdigit() or text.endswith("BC"):
        return text
    day, _, clock = text.partition(" ")
    return f"{day}T{_OFFSET.sub(lambda m: m.group(1) + ':' + (m.group(2) or '00').lstrip(':') + (m.group(3) or ''), clock)}"


def number(text: str) -> int | str:
    """A numeric without fraction digits as int, any other as its exact text."""
    return int(text) if _INTEGER.fullmatch(text) else text


def array(text: str, element: Callable[[str], Any]) -> str:
    """PostgreSQL's `{1,NULL,"a b"}` as JSON text; bounds other than 1 (`[0:1]={…}`) are left out."""
    body = text[text.index("={") + 1 :] if text.startswith("[") else text
    return json.dumps(_parse(body, element), ensure_ascii=False)


def _parse(text: str, element: Callable[[str], Any]) -> Any:
    stack: list[list[Any]] = [[]]
    for match in _ELEMENT.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            stack.append([])
        elif kind == "close":
            inner = stack.pop()
            stack[-1].append(inner)
        elif kind == "quoted":
            stack[-1].append(element(_ESCAPED.sub(r"\1", match["quoted"])))
        elif kind == "bare":
            stack[-1].append(None if match["bare"].upper() == "NULL" else element(match["bare"]))
    return stack[0][0]


def _finite(text: str) -> float | str:
    """JSON has no NaN and no infinity: inside arrays they are words."""
    value = float(text)
    return value if math.isfinite(value) else text


_ELEMENTS: Mapping[Callable[[str], Any], tuple[int, ...]] = {
    int: (20, 21, 23, 26),
    _finite: (700, 701),
    number: (1700,),
    timestamp: _TIMESTAMPS,
    json.loads: (114, 3802),
}


def _boolean(text: str) -> bool:
    return text == "t"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _null_safe(function: Callable[[str], Any]) -> Caster:
    def cast(value: Any, cursor: Any) -> Any:
        return None if value is None else function(value)

    return cast


def _scalars() -> Iterator[tuple[tuple[int, ...], Callable[[str], Any]]]:
    yield _TEXT, str
    yield _TIMESTAMPS, timestamp
    yield (1700,), number
    yield (17,), _bytes
    yield (16,), _boolean


@functools.cache
def _scalar_types() -> tuple[Any, ...]:
    return tuple(psycopg2.extensions.new_type(oids, "DATASETTE", _null_safe(function)) for oids, function in _scalars())


@functools.lru_cache(maxsize=16)
def _array_types(arrays: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
    kinds: dict[Callable[[str], Any], list[int]] = {}
    functions = {oid: function for function, oids in _ELEMENTS.items() for oid in oids} | {16: _boolean}
    for array_oid, element_oid in arrays:
        kinds.setdefault(functions.get(element_oid, str), []).append(array_oid)
    return tuple(
        psycopg2.extensions.new_type(tuple(oids), "DATASETTE_ARRAY", _null_safe(functools.partial(array, element=function)))
        for function, oids in kinds.items()
    )
