"""Rows of statements that a person typed, some megabytes at a time: for results of any size in constant memory.

For a function that `PostgresDatabase.run` calls. The statements arrive as literals inside `do`, as everywhere (statements.py):
none of them can end the transaction. Several may fill temporary tables: `run` needs `read_only=False` then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2

from .errors import PostgresError
from .lexer import checked, quoted

CURSOR = "datasette_portions"
FIRST_ROWS = 100
MOST_ROWS = 20_000
PORTION_BYTES = 4_000_000
VALUE_BYTES = 16  # what a value that is no text is taken for


@dataclass(frozen=True, slots=True)
class Portion:
    """`names` and `codes` are the columns' names and the OIDs of their types; the same in every portion."""

    names: tuple[str, ...]
    codes: tuple[int, ...]
    rows: list[tuple[Any, ...]]


def portions(connection: Any, statements: Sequence[tuple[str, Mapping[str, Any] | None]]) -> Iterator[Portion]:
    """The last statement's rows; at least one portion, perhaps without rows. Raises psycopg2's errors and PostgresError."""
    if not statements:
        raise PostgresError("There is no statement to run.")
    with connection.cursor() as cursor:
        *before, last = [checked(_interpolated(cursor, query, params)) for query, params in statements]
        # One message: the server has read all its strings before a statement can change how they are read.
        filling = "".join(f"do {quoted(f'begin execute {quoted(sql)}; end')}; " for sql in before)
        # A cursor is planned for its first tenth otherwise; here all rows are wanted.
        opened = f"declare c refcursor := '{CURSOR}'; begin open c no scroll for execute {quoted(last)}; end"
        cursor.execute(f"{filling}set local cursor_tuple_fraction = 1; do {quoted(opened)}")
        wanted = FIRST_ROWS
        while True:
            cursor.execute(f"fetch forward {wanted} from {CURSOR}")
            rows = cursor.fetchall()
            yield Portion(tuple(column[0] for column in cursor.description), tuple(c[1] for c in cursor.description), rows)
            if len(rows) < wanted:
                return
            wanted = max(1, min(MOST_ROWS, wanted * 4, PORTION_BYTES // _bytes_a_row(rows)))


def _interpolated(cursor: Any, query: str, params: Mapping[str, Any] | None) -> str:
    """psycopg2's placeholders; a bare % is fine where there are no parameters."""
    if not params:
        return query
    try:
        return str(cursor.mogrify(query, params).decode())
    except (psycopg2.ProgrammingError, KeyError, IndexError, TypeError, ValueError) as error:
        raise PostgresError(f"The parameters don't fit the statement: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return f"the query names %({error.args[0]})s" if isinstance(error, KeyError) else str(error)


def _bytes_a_row(rows: Sequence[tuple[Any, ...]]) -> int:
    sample = rows[:: max(1, len(rows) // 100)]
    sizes = (len(value) if isinstance(value, str | bytes) else VALUE_BYTES for row in sample for value in row)
    return max(1, sum(sizes) // len(sample))
