"""Results as files: CSV as pandas writes it, a pickled DataFrame, a pickled structured array of numpy.

CSV goes to the file as the rows come. For a pickle each column is kept in a file of its own until the last row is there;
numbers and times are then taken from those files without being read into memory, only texts are held. numpy and pandas are
imported for their formats alone.

Columns: integers int64 (with nulls float64, or objects where a float isn't exact), floats float64 (null: NaN), booleans bool
(with nulls objects), timestamps datetime64 (with time zone: UTC; infinity: NaT), numeric Decimal, json what it says, else text.
"""

from __future__ import annotations

import csv
import json
import pickle
import shutil
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from datasette_postgresql.portions import Portion
from datasette_postgresql.values import BUILT_IN_ARRAYS

if TYPE_CHECKING:
    import numpy as np

INTEGERS, FLOATS, BOOL = (20, 21, 23, 26), (700, 701), 16
TIMESTAMP, TIMESTAMPTZ, NUMERIC = 1114, 1184, 1700
JSON_TYPES = {114, 3802, *BUILT_IN_ARRAYS}
EXACT_IN_FLOAT = 2**53
LONGEST_FIXED_TEXT = 256
PROTOCOL = 5  # writes an array's bytes from where they are


class Writer(Protocol):
    """`write` a portion after the other, then `finish`; `close` in any case."""

    rows: int

    def write(self, portion: Portion) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class CsvWriter:
    """With a first column without a name that numbers the rows, as the old system's files have it."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file = path.open("w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._has_head = False

    def write(self, portion: Portion) -> None:
        if not self._has_head:
            self._csv.writerow(["", *portion.names])
            self._has_head = True
        writers = [_csv_writer(code) for code in portion.codes]
        for row in portion.rows:
            self._csv.writerow([self.rows, *(w(v) for w, v in zip(writers, row, strict=True))])
            self.rows += 1

    def finish(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class ColumnsWriter:
    """Columns in files in `path`'s company, which `gather` makes one thing of at the end; that is pickled."""

    def __init__(self, path: Path, gather: Callable[[list[str], list[Column]], Any]) -> None:
        self.rows = 0
        self._path, self._gather = path, gather
        self._folder = path.with_suffix(".parts")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        self._names: list[str] = []
        self._columns: list[Column] = []

    def write(self, portion: Portion) -> None:
        if not self._columns:
            self._names = list(portion.names)
            self._columns = [Column(self._folder / str(number), code) for number, code in enumerate(portion.codes)]
        for column, values in zip(self._columns, zip(*portion.rows, strict=True), strict=False):
            column.add(values)
        self.rows += len(portion.rows)

    def finish(self) -> None:
        for column in self._columns:
            column.close()
        with self._path.open("wb") as file:
            pickle.dump(self._gather(self._names, self._columns), file, protocol=PROTOCOL)

    def close(self) -> None:
        for column in self._columns:
            column.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Column:
    """One column's values: fixed-size ones in a file beside a file of nulls, others in memory, equal ones once."""

    def __init__(self, path: Path, code: int) -> None:
        self.path, self.code = path, code
        self.rows = self.nulls = 0
        self._kind = _kind(code)
        self._values, self._nulls = path.open("wb"), path.with_suffix(".null").open("wb")
        self._objects: list[Any] = []
        self._seen: dict[Any, Any] = {}

    def add(self, values: Sequence[Any]) -> None:
        import numpy as np

        self.rows += len(values)
        if self._kind is None:
            self._objects += [self._interned(value) for value in map(_object_writer(self.code), values)]
            return
        is_null = np.fromiter((value is None for value in values), bool, len(values))
        self.nulls += int(is_null.sum())
        self._nulls.write(is_null.tobytes())
        self._values.write(_fixed(values, self._kind).tobytes())

    def close(self) -> None:
        self._values.close()
        self._nulls.close()

    def array(self) -> np.ndarray[Any, Any]:
        """As the docstring of the module says."""
        import numpy as np

        if self._kind is None or not self.rows:
            return _object_array(self._objects) if self._kind is None else np.empty(0, self._kind)
        values = np.asarray(np.memmap(self.path, dtype=self._kind, mode="r"))
        if not self.nulls or self._kind in ("float64", "datetime64[us]"):
            return values
        is_null = np.asarray(np.memmap(self.path.with_suffix(".null"), dtype=bool, mode="r"))
        if self._kind == "int64" and max(abs(int(values.min())), abs(int(values.max()))) <= EXACT_IN_FLOAT:
            floats = values.astype("float64")
            floats[is_null] = np.nan
            return floats
        objects = values.astype(object)
        objects[is_null] = None
        return objects

    def _interned(self, value: Any) -> Any:
        """`filterName` has six values in a billion rows; of long or ever new texts nothing is remembered."""
        if not isinstance(value, str):
            return value
        if len(self._seen) < 10_000:
            return self._seen.setdefault(value, value)
        return self._seen.get(value, value)


def as_frame(names: list[str], columns: list[Column]) -> Any:
    """A pandas DataFrame."""
    import pandas as pd

    series = {}
    for number, column in enumerate(columns):
        values = column.array()
        if values.dtype.kind == "M":
            values = _nanoseconds(values)
            if column.code == TIMESTAMPTZ:
                series[number] = pd.Series(values).dt.tz_localize("UTC")
                continue
        series[number] = pd.Series(values, copy=False)
    frame = pd.DataFrame(series, copy=False)
    frame.columns = pd.Index(names, dtype=object)
    return frame


def as_structured(names: list[str], columns: list[Column]) -> Any:
    """A numpy array with a field a column; of equal names the later ones get a number."""
    import numpy as np

    arrays = [_fixed_text(column.array()) for column in columns]
    fields: list[str] = []
    for name in names:
        fields.append(name if name not in fields else next(n for i in range(2, 10_000) if (n := f"{name}_{i}") not in fields))
    dtype = np.dtype([(field, array.dtype) for field, array in zip(fields, arrays, strict=True)])
    rows = columns[0].rows if columns else 0
    if dtype.hasobject or not rows:
        table = np.empty(rows, dtype)
    else:
        file = columns[0].path.with_suffix(".table")
        table = np.asarray(np.memmap(file, dtype=dtype, mode="w+", shape=(rows,)))
    for field, array in zip(fields, arrays, strict=True):
        table[field] = array
    return table


def writer(format: str, path: Path) -> Writer:
    """`format` is csv, pandas or numpy."""
    if format == "csv":
        return CsvWriter(path)
    return ColumnsWriter(path, as_frame if format == "pandas" else as_structured)


def _csv_writer(code: int) -> Callable[[Any], Any]:
    """What csv doesn't write by itself as pandas does: NaN is empty, times have a space, bytea is PostgreSQL's text."""
    if code in FLOATS:
        return lambda value: None if value != value else value
    if code in (TIMESTAMP, TIMESTAMPTZ):
        return lambda value: None if value is None else str(value).replace("T", " ", 1)
    return lambda value: "\\x" + bytes(value).hex() if isinstance(value, bytes) else value


def _kind(code: int) -> str | None:
    kinds = {**dict.fromkeys(INTEGERS, "int64"), **dict.fromkeys(FLOATS, "float64"), BOOL: "bool"}
    return {**kinds, TIMESTAMP: "datetime64[us]", TIMESTAMPTZ: "datetime64[us]"}.get(code)


def _fixed(values: Sequence[Any], kind: str) -> np.ndarray[Any, Any]:
    import numpy as np

    if kind == "float64":
        return np.array([float("nan") if value is None else value for value in values], kind)
    if kind != "datetime64[us]":
        return np.array([0 if value is None else value for value in values], kind)
    texts = ["NaT" if value is None else value.removesuffix("+00:00") for value in values]
    try:
        return np.array(texts, kind)
    except ValueError:  # infinity, or years BC
        return np.array([text if text[:1].isdigit() and "BC" not in text else "NaT" for text in texts], kind)


def _object_writer(code: int) -> Callable[[Any], Any]:
    if code == NUMERIC:
        return lambda value: None if value is None else Decimal(str(value))
    if code in JSON_TYPES:
        return lambda value: None if value is None else json.loads(value)
    return lambda value: value


def _object_array(values: list[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    array = np.empty(len(values), object)
    array[:] = values  # one by one: a list in it stays a list
    return array


def _fixed_text(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Texts of a fixed width, where every value is one and none is long."""
    if array.dtype != object or not array.size or not all(isinstance(v, str) and len(v) <= LONGEST_FIXED_TEXT for v in array):
        return array
    return array.astype(str)


def _nanoseconds(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What every version of pandas reads; microseconds where a year doesn't fit (before 1678, after 2261)."""
    import numpy as np

    years = values[~np.isnat(values)].astype("datetime64[Y]").astype("int64") + 1970
    if years.size and not (years.min() > 1677 and years.max() < 2262):
        return values
    return values.astype("datetime64[ns]")
