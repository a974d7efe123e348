"""Tables locked in one order by whoever writes them, so that no two wait for what the other holds. Readers don't wait."""

from collections.abc import Set as AbstractSet

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest.tables import ALL

# Two writers at once would both find a key new.
LOCK = sql.SQL("lock table {table} in share row exclusive mode")

# Nobody may write what we refer to.
HOLD = sql.SQL("lock table {table} in share mode")


def lock(cursor: Cursor, written: AbstractSet[str], held: AbstractSet[str] = frozenset()) -> None:
    """Until the end of the transaction: `written` against other writers, `held` against any change."""
    for table in ALL:
        if table.name in written | held:
            cursor.execute((LOCK if table.name in written else HOLD).format(table=sql.Identifier(table.name)))
