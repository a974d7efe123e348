"""Rows as JSON, value by value as Django's encoder wrote them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from datasette_postgresql.values import BUILT_IN_ARRAYS

BOOL, NUMERIC, TIMESTAMP, TIMESTAMPTZ = 16, 1700, 1114, 1184
JSON_TYPES = {114, 3802, *BUILT_IN_ARRAYS}  # datasette-postgresql gives an array as JSON text


def as_json(names: Sequence[str], codes: Sequence[int], rows: Sequence[Sequence[Any]]) -> bytes:
    """Objects with commas between. NaN and infinities, which JSON doesn't know, are null; of equal names the last wins."""
    writers = [_writer(code) for code in codes]
    objects = [
        {name: write(value) if write else value for name, write, value in zip(names, writers, row, strict=True)} for row in rows
    ]
    return orjson.dumps(objects, default=_odd)[1:-1]


def _writer(code: int) -> Callable[[Any], Any] | None:
    """None where a value is JSON's as it is."""
    if code in (TIMESTAMP, TIMESTAMPTZ):
        return lambda value: None if value is None else _iso(str(value))
    if code == NUMERIC:
        return lambda value: None if value is None else str(value)
    if code in JSON_TYPES:
        return lambda value: None if value is None else orjson.loads(value)
    return None


def _odd(value: Any) -> Any:
    """bytea, and integers beyond 64 bits, which only text keeps exact."""
    return "\\x" + bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def _iso(text: str) -> str:
    """Milliseconds, and `Z` where there is a time zone; what no calendar has (infinity, BC) stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return moment.isoformat(timespec="milliseconds")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
