"""The kept numbers of rows against a recount. Triggers keep them (migration 0005_tally); this finds and mends what got past.

That can only be somebody who switched the triggers off, as `pg_restore --disable-triggers` does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from loader.ingest.locks import LOCK

# A table that nobody counts is wrong as well: its own triggers are missing.
WATCHED = r"""
select c.relname, exists (select from pg_trigger where tgrelid = c.oid and tgname = 'tally_insert')
from pg_class c
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'p')
  and c.relname like 'elasticc\_%'
order by c.relname
"""

# One statement, so one snapshot: right while others write.
COMPARE = sql.SQL("""
select
    (select count(*) from {table}),
    (select sum(rows)::bigint from tally.change where relation = {name})
""")

WATCH = sql.SQL("select tally.watch({table})")
FORGET = sql.SQL("delete from tally.change where relation = {name}")
RECOUNT = sql.SQL("insert into tally.change (relation, rows) select {name}, count(*) from {table}")


@dataclass(frozen=True)
class Wrong:
    """`kept` is None where nothing was kept at all."""

    table: str
    rows: int
    kept: int | None
    is_watched: bool

    def __str__(self) -> str:
        if not self.is_watched:
            return f"{self.table} has {self.rows:,} rows, and no triggers count them."
        kept = "none are counted" if self.kept is None else f"{self.kept:,} are counted"
        return f"{self.table} has {self.rows:,} rows, but {kept}."


def wrong_counts(connection: Connection) -> Iterator[Wrong]:
    """Each table whose kept number isn't that of its rows."""
    for table, is_watched in tables_watched(connection):
        if wrong := wrong_count(connection, table, is_watched=is_watched):
            yield wrong


def wrong_count(connection: Connection, table: str, *, is_watched: bool) -> Wrong | None:
    """None where the kept number is that of the rows."""
    with connection, connection.cursor() as cursor:
        cursor.execute(COMPARE.format(table=_public(table), name=sql.Literal(table)))
        rows, kept = cursor.fetchone() or (0, None)
    return None if is_watched and rows == kept else Wrong(table, rows, kept, is_watched)


def mend(connection: Connection, wrong: Wrong) -> int:
    """Count again what `wrong` is about, while nobody writes to it; the number of its rows."""
    table, name = _public(wrong.table), sql.Literal(wrong.table)
    with connection, connection.cursor() as cursor:
        cursor.execute(LOCK.format(table=table))
        cursor.execute(FORGET.format(name=name))
        if wrong.is_watched:
            cursor.execute(RECOUNT.format(name=name, table=table))
        else:
            cursor.execute(WATCH.format(table=sql.Literal(f'public."{wrong.table}"')))
        cursor.execute(COMPARE.format(table=table, name=name))
        return int((cursor.fetchone() or (0,))[0])


def tables_watched(connection: Connection) -> list[tuple[str, bool]]:
    """Each published table, and whether its triggers are there."""
    with connection, connection.cursor() as cursor:
        cursor.execute(WATCHED)
        return cursor.fetchall()


def _public(table: str) -> sql.Identifier:
    return sql.Identifier("public", table)
