"""A first load builds an empty table's secondary indexes after its rows, three times as fast as row by row.

Indexes are dropped and made again in the load's own transaction, so a crash leaves them as they were. That locks readers out
of the table until the commit; it is empty for them anyway. Where somebody reads it now the indexes stay.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

MANY = 20_000  # rows from which it is worth the lock
PATIENCE = "1500ms"  # longer than deadlock_timeout, after which an autovacuum makes way

IS_EMPTY = sql.SQL("select not exists (select from {table})")

# Those that no key, no comment and no setting of its own hangs on: pg_get_indexdef says all of them.
FIND = """
select c.relname, pg_get_indexdef(c.oid)
from pg_index i
join pg_class c on c.oid = i.indexrelid
where i.indrelid = %s::regclass
  and i.indisvalid
  and not (i.indisunique or i.indisexclusion or i.indisreplident or i.indisclustered)
  and c.reltablespace = 0
  and c.relowner = (select relowner from pg_class where oid = i.indrelid)
  and not exists (select from pg_description where objoid = c.oid)
  and not exists (select from pg_depend where refobjid = c.oid)
  and not exists (select from pg_attribute where attrelid = c.oid and attstattarget is not null)
order by c.relname
"""


@contextmanager
def without_indexes(cursor: Cursor, table: str, n_rows: int) -> Iterator[None]:
    """Rows inserted within find no secondary index where `table` is empty and `n_rows` are to come."""
    definitions = _drop(cursor, table) if n_rows >= MANY and _is_empty(cursor, table) else []
    yield
    if definitions:
        cursor.execute("set local maintenance_work_mem = '256MB'")
    for definition in definitions:
        cursor.execute(definition)


def _is_empty(cursor: Cursor, table: str) -> bool:
    cursor.execute(IS_EMPTY.format(table=sql.Identifier(table)))
    return bool(cursor.fetchone() == (True,))


def _drop(cursor: Cursor, table: str) -> list[str]:
    """Returns the statements that make again what was dropped."""
    cursor.execute(FIND, [table])
    found = cursor.fetchall()
    if not found:
        return []
    cursor.execute("savepoint indexes")
    try:
        cursor.execute(f"set local lock_timeout = '{PATIENCE}'")
        cursor.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(table)))
    except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
        cursor.execute("rollback to savepoint indexes")
        return []
    for name, _ in found:
        cursor.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    cursor.execute("set local lock_timeout to default")
    cursor.execute("release savepoint indexes")
    return [definition for _, definition in found]
