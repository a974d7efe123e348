"""CSV and Parquet whose columns are a table's: read by pyarrow in batches, each value in the column's own type.

In CSV an empty field is null and a quoted empty one an empty text, as in PostgreSQL's. Refuses columns that the table
doesn't have, values of another type, and a CSV that ends within a line. Rows count the file's lines, the names included.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loader.ingest.errors import BadRow, IngestError, MissingColumn, UnknownColumn, UnreadableFile
from loader.ingest.rows import Column, Rows, nullable
from loader.ingest.source import Source
from loader.ingest.values import check_texts

BLOCK_BYTES = 1 << 20
BATCH_ROWS = 50_000
MOST_CHARACTERS = 4 << 20  # in a column of a batch
TRUE, FALSE = ["1", "t", "true", "T", "True", "TRUE"], ["0", "f", "false", "F", "False", "FALSE"]
ARROW: Mapping[str, Any] = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "character varying": pa.string(),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
MICROSECONDS = pa.timestamp("us", "UTC")


def read_csv(source: Source, table: str, types: Mapping[str, str], names: Mapping[str, str] | None = None) -> Iterator[Rows]:
    """`types` are the table's columns and PostgreSQL's types; `names`, where the file has other names, theirs → ours."""
    renamed = names or {name: name for name in types}
    whole = _Whole(source.stream(), source.name)
    options = pyarrow.csv.ConvertOptions(
        column_types={theirs: ARROW[types[ours]] for theirs, ours in renamed.items()},
        null_values=[""], true_values=TRUE, false_values=FALSE, strings_can_be_null=True, quoted_strings_can_be_null=False,
    )  # fmt: skip
    line = 2
    try:
        reader = pyarrow.csv.open_csv(
            pa.PythonFile(whole, "r"),
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),  # else it depends on where a block ends
            convert_options=options,
        )
        _check_names(source.name, reader.schema.names, renamed)
        for batch in reader:
            for part in _parts(batch):
                yield _rows(part, table, renamed, source.name, line)
                line += part.num_rows
    except IngestError:
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError, ValueError) as error:
        raise BadRow(_words(error), file=source.name) from error
    whole.finish()


def read_parquet(path: Path, table: str, types: Mapping[str, str]) -> Iterator[Rows]:
    """Parquet is read by path: its index is at its end."""
    row = 1
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            _check_names(str(path), names, {name: name for name in types})
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                columns = [_cast(str(path), name, batch.column(at), types[name]) for at, name in enumerate(names)]
                for part in _parts(pa.RecordBatch.from_arrays(columns, names)):
                    yield _rows(part, table, {name: name for name in names}, str(path), row)
                    row += part.num_rows
    except IngestError:
        raise
    except (pa.ArrowException, UnicodeDecodeError, OSError, ValueError) as error:
        raise UnreadableFile(f"not a whole Parquet file: {_words(error)}", file=path) from error


class _Whole(io.RawIOBase):
    """Remembers the last byte: a text that doesn't end with a line's end was cut."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._last = b"\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._last = data[-1:] or self._last
        return data

    def finish(self) -> None:
        if self._last != b"\n":
            raise UnreadableFile("truncated: its last line has no end", file=self._name)


def _check_names(file: str, names: list[str], known: Mapping[str, str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UnreadableFile(f"the column {repeated[0]} stands twice", file=file)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownColumn(f"unknown column {', '.join(repr(name)[1:60] for name in unknown[:5])}".replace("'", ""), file=file)
    if not names:
        raise MissingColumn("no columns", file=file)


def _parts(batch: Any) -> Iterator[Any]:
    """Of fewer rows where a text is long: numpy gives each the width of the longest."""
    texts = [column for column in batch.columns if pa.types.is_string(column.type)]
    widest = max((pc.max(pc.utf8_length(column)).as_py() or 0 for column in texts), default=0)
    n_rows = max(1, MOST_CHARACTERS // max(1, widest))
    for start in range(0, batch.num_rows, n_rows):
        yield batch.slice(start, n_rows)


def _rows(batch: Any, table: str, names: Mapping[str, str], file: str, first_row: int) -> Rows:
    numbers = np.arange(first_row, first_row + batch.num_rows, dtype=np.int64)
    columns = {names[name]: _column(batch.column(at), name, file, numbers) for at, name in enumerate(batch.schema.names)}
    return Rows(table, columns, file, numbers)


def _column(array: Any, name: str, file: str, numbers: NDArray[np.int64]) -> Column:
    is_null: NDArray[np.bool_] | None = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    values = _values(array, name, file, numbers)
    return values if is_null is None else nullable(values, is_null)


def _values(array: Any, name: str, file: str, numbers: NDArray[np.int64]) -> NDArray[Any]:
    kind = array.type
    if pa.types.is_string(kind):
        texts = array.fill_null("").to_pylist()
        check_texts(name, texts, file=file, numbers=numbers)
        return np.array(texts, dtype=np.str_)
    if pa.types.is_timestamp(kind):
        array, kind = array.cast(pa.int64()), pa.int64()
    empty = False if pa.types.is_boolean(kind) else 0
    filled = array.fill_null(pa.scalar(empty, kind)) if array.null_count else array
    values: NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    return values


def _cast(file: str, name: str, array: Any, kind: str) -> Any:
    is_same = {"boolean": pa.types.is_boolean, "timestamp with time zone": pa.types.is_temporal}
    for other, is_kind in is_same.items():  # pyarrow makes numbers of both, and a truth of any number
        if is_kind(array.type) != (kind == other) and not pa.types.is_null(array.type):
            raise BadRow(f"{name} can't be {kind}: it is {array.type}", file=file)
    try:
        return array.cast(ARROW[kind])
    except (pa.ArrowException, ValueError) as error:
        raise BadRow(f"{name} can't be {kind}: {_words(error)}", file=file) from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
