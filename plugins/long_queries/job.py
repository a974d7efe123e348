"""One long query, from the database to its file. Runs in a process of its own, which may be killed at any moment."""

import asyncio
from contextlib import closing
from typing import Any

from datasette.database import QueryInterrupted
from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.portions import portions

from plugins.long_queries import formats
from plugins.long_queries.settings import Limits
from plugins.long_queries.store import MEGABYTE, Query, Store
from plugins.tom_compat.statements import for_psycopg2


class TooLarge(Exception):
    """The result passes a limit; one sentence."""


def run(query: Query, store: Store, limits: Limits, dsn: str) -> None:
    """Leaves the result or the error in the store; whatever else it raises is a fault of ours."""
    try:
        rows = _write(query, store, limits, dsn)
    except QueryInterrupted:
        error = f"The query was cancelled: it ran for more than {limits.time_limit_s} seconds."
    except (PostgresError, TooLarge) as problem:
        error = str(problem)
    except MemoryError:
        error = f"A {query.format} pickle of this result needs more than {limits.memory_mb} MB of memory; ask for csv."
    except OSError as problem:
        error = f"The result couldn't be written: {problem.strerror}."
    else:
        result = store.result(query)
        store.draft(query).rename(result)
        store.finish(query.id, rows=rows, size=result.stat().st_size)
        return
    store.clean(query.id)
    store.finish(query.id, error=error)


def _write(query: Query, store: Store, limits: Limits, dsn: str) -> int:
    statements = for_psycopg2(query.queries, query.subdicts)
    limit_ms = limits.time_limit_s * 1000
    database = PostgresDatabase.standalone(None, "long queries", dsn, pool_size=1, typed_size=1, time_limit_ms=limit_ms)
    with closing(database), closing(formats.writer(query.format, store.draft(query))) as out:

        def fill(connection: Any) -> None:
            for portion in portions(connection, statements):
                out.write(portion)
                if store.size(query) > limits.result_mb * MEGABYTE:
                    raise TooLarge(f"The result is larger than the limit of {limits.result_mb} MB.")

        asyncio.run(database.run(fill, time_limit_ms=limit_ms, read_only=len(statements) == 1))
        database.close()  # the server needn't wait for pandas
        out.finish()
        return out.rows
