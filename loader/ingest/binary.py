"""Numpy columns to PostgreSQL's binary COPY format, vectorised. Refuses types that no table of ours has.

The format: https://www.postgresql.org/docs/18/sql-copy.html (Binary Format).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.rows import Column

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
POSTGRES_EPOCH_UNIX_US = 946_684_800_000_000  # timestamps count from 2000-01-01

FIXED: Mapping[str, str] = {
    "bigint": ">i8",
    "integer": ">i4",
    "smallint": ">i2",
    "double precision": ">f8",
    "boolean": "u1",
    "timestamp with time zone": ">i8",
    "uuid": "V16",
}


def encode(columns: Sequence[Column], types: Sequence[str]) -> bytes:
    """One COPY stream. `types` are PostgreSQL's names without length; a timestamp column is UTC microseconds of Unix.

    Every row is first laid out at full width, then the bytes of nulls and of short texts are left out by one mask.
    """
    n_rows = len(columns[0])
    fields: list[tuple[str, str]] = [("count", ">i2")]
    parts: list[tuple[NDArray[Any], NDArray[np.int32]]] = []
    for number, (column, kind) in enumerate(zip(columns, types, strict=True)):
        values, lengths = _field(column, kind)
        parts.append((values, lengths))
        fields += [(f"length{number}", ">i4"), (f"value{number}", values.dtype.str)]
    record = np.zeros(n_rows, dtype=np.dtype(fields))
    record["count"] = len(columns)
    keep = np.ones((n_rows, record.dtype.itemsize), dtype=np.bool_)
    for number, (values, lengths) in enumerate(parts):
        record[f"length{number}"] = lengths
        record[f"value{number}"] = values
        width, place = values.dtype.itemsize, _offset(record.dtype, f"value{number}")
        if (lengths < width).any():
            keep[:, place : place + width] = np.arange(width) < lengths[:, None]
    as_bytes = record.view(np.uint8).reshape(n_rows, record.dtype.itemsize)
    return HEADER + as_bytes[keep].tobytes() + TRAILER


def _field(column: Column, kind: str) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Values of one fixed width, and the length of each (-1 for null)."""
    plain = np.ma.getdata(column)
    if kind in FIXED:
        values = _shifted(plain, kind).astype(FIXED[kind])
        lengths = np.full(len(values), values.dtype.itemsize, dtype=np.int32)
    else:
        values = np.char.encode(plain.astype(np.str_), "utf-8") if len(plain) else np.zeros(0, dtype="S1")
        lengths = np.char.str_len(values).astype(np.int32)
    lengths[np.ma.getmaskarray(column)] = -1
    return values, lengths


def _shifted(values: NDArray[Any], kind: str) -> NDArray[Any]:
    return values - POSTGRES_EPOCH_UNIX_US if kind == "timestamp with time zone" else values


def _offset(dtype: np.dtype[Any], name: str) -> int:
    fields = dtype.fields
    assert fields is not None  # a structured dtype has fields; only the type checker doubts it
    return int(fields[name][1])
