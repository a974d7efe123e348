"""The portal's pages tell how many rows a table has from the counters that its triggers keep: exact, and nothing is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasette import hookimpl
from datasette_postgresql import PostgresDatabase, PostgresError

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from collections.abc import Awaitable

    from datasette.app import Datasette

DATABASE = "elasticc"

# No row: a view, or a table that nobody counts.
COUNT = "select sum(rows)::bigint from tally.change where relation = $1"


@hookimpl  # type: ignore[untyped-decorator]
def postgresql_table_count(datasette: Datasette, database: str, table: str) -> Awaitable[int | None] | None:
    if database != DATABASE:
        return None
    return _kept(datasette.get_database(DATABASE), table)


async def _kept(database: PostgresDatabase, table: str) -> int | None:
    """None where the counters can't be read: counting is left to others then."""
    try:
        rows = await database.prepared.ask(COUNT, [table])
    except PostgresError:
        return None
    return rows[0][0] if rows else None
