"""Take back what a run added and changed, if nothing later builds on it. One transaction.

What later builds on a run: rows of other runs that refer to its rows by a foreign key, and values that a later run
changed in the same rows. A row that a later run only found known goes with the run that added it: load that file again.
"""

from collections.abc import Collection
from dataclasses import dataclass

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loader.ingest.errors import DatabaseFailed, NotUndone
from loader.ingest.locks import lock
from loader.ingest.staging import listed, table_columns
from loader.ingest.tables import ALL, BY_NAME, Table

FIND_RUN = "select outcome from ingest_run where id = %s for no key update"

TABLES = """
select distinct tab
from ingest_addition
where file_id in (select id from ingest_file where run_id = %(run)s)
"""

# Rows that this run added or changed, and another one has changed since. Runs may overlap; their files, which are numbered
# while their tables are locked, don't.
FIND_LATER_CHANGE = """
with mine as (
    select tab, unnest(keys) as span, file_id
    from ingest_addition
    where file_id in (select id from ingest_file where run_id = %(run)s)
    union all
    select tab, int8range(key, key, '[]'), file_id
    from ingest_change
    where file_id in (select id from ingest_file where run_id = %(run)s)
)
select f.run_id, c.tab, c.key
from ingest_change c
join ingest_file f on f.id = c.file_id
join mine on mine.tab = c.tab and c.key <@ mine.span and c.file_id > mine.file_id
where f.run_id <> %(run)s
order by f.run_id, c.tab, c.key
limit 1
"""

RESTORED_TABLES = """
select distinct tab
from ingest_change
where file_id in (select id from ingest_file where run_id = %(run)s)
"""

# The oldest word of this run about a row is what the row said before it.
RESTORE = sql.SQL("""
with old as (
    select key, jsonb_object_agg(name, value) as said
    from (
        select distinct on (c.key, o.key) c.key, o.key as name, o.value
        from ingest_change c
        cross join jsonb_each(c.old) o
        where c.tab = %(table)s
          and c.file_id in (select id from ingest_file where run_id = %(run)s)
        order by c.key, o.key, c.file_id
    ) first
    group by key
)
update {table} t
set {settings}
from old
join {table} now on now.{pk} = old.key
cross join jsonb_populate_record(now, old.said) r
where t.{pk} = old.key
""")

DELETE = sql.SQL("""
delete from {table} t
using (
    select lower(span) as low, upper(span) as high
    from (
        select unnest(keys) as span
        from ingest_addition
        where tab = %(table)s
          and file_id in (select id from ingest_file where run_id = %(run)s)
    ) spans
) mine
where t.{pk} >= mine.low
  and t.{pk} < mine.high
""")

FORGET = (
    "delete from ingest_addition where file_id in (select id from ingest_file where run_id = %(run)s)",
    "delete from ingest_change where file_id in (select id from ingest_file where run_id = %(run)s)",
)
MARK = "update ingest_run set outcome = 'undone', undone = now(), undone_by = %s where id = %s"


@dataclass(frozen=True)
class Undone:
    """Rows by table."""

    removed: dict[str, int]
    restored: dict[str, int]


def undo(connection: Connection, run: int, who: str) -> Undone:
    """Raises NotUndone or DatabaseFailed, and then nothing has changed."""
    try:
        return _undo(connection, run, who)
    except psycopg2.Error as error:
        raise DatabaseFailed(f"The database failed: {' '.join(str(error).split())}") from error


def _undo(connection: Connection, run: int, who: str) -> Undone:
    with connection, connection.cursor() as cursor:
        _check(cursor, run)
        changed, added = _tables(cursor, RESTORED_TABLES, run), _tables(cursor, TABLES, run)
        _lock(cursor, changed, added)
        _check_later(cursor, run)
        cursor.execute("set constraints all deferred")
        restored = {table: _restore(cursor, run, BY_NAME[table]) for table in changed}
        removed: dict[str, int] = {}
        for table in reversed(ALL):
            if table.name in added:
                cursor.execute(
                    DELETE.format(table=sql.Identifier(table.name), pk=sql.Identifier(table.pk)),
                    {"run": run, "table": table.name},
                )
                removed[table.name] = cursor.rowcount
        try:
            cursor.execute("set constraints all immediate")
        except psycopg2.errors.ForeignKeyViolation as error:
            detail = error.diag.message_detail or str(error)
            raise NotUndone(f"Run {run} can't be undone: later rows refer to its own. {' '.join(detail.split())}") from error
        for statement in FORGET:
            cursor.execute(statement, {"run": run})
        cursor.execute(MARK, [who, run])
        return Undone(removed, restored)


def _check(cursor: Cursor, run: int) -> None:
    cursor.execute(FIND_RUN, [run])
    found = cursor.fetchone()
    if not found:
        raise NotUndone(f"There is no run {run}; `runs` shows them.")
    if found[0] in ("running", "undone"):
        raise NotUndone(f"Run {run} {'is still going on' if found[0] == 'running' else 'was undone before'}.")


def _lock(cursor: Cursor, changed: Collection[str], added: Collection[str]) -> None:
    """With the tables that refer to these."""
    referring = {table.name for table in ALL if any(reference.table in added for reference in table.foreign)}
    lock(cursor, {*changed, *added} | referring)


def _check_later(cursor: Cursor, run: int) -> None:
    cursor.execute(FIND_LATER_CHANGE, {"run": run})
    later = cursor.fetchone()
    if later:
        raise NotUndone(
            f"Run {run} can't be undone: run {later[0]} has changed {later[1]} {later[2]} since; undo that one first."
        )


def _tables(cursor: Cursor, question: str, run: int) -> list[str]:
    cursor.execute(question, {"run": run})
    return [row[0] for row in cursor.fetchall()]


def _restore(cursor: Cursor, run: int, table: Table) -> int:
    names = [name for name in table_columns(cursor, table.name) if name != table.pk]
    settings = sql.SQL("({}) = row({})").format(listed(names), sql.SQL(", ").join(sql.Identifier("r", name) for name in names))
    cursor.execute(
        RESTORE.format(table=sql.Identifier(table.name), pk=sql.Identifier(table.pk), settings=settings),
        {"run": run, "table": table.name},
    )
    return int(cursor.rowcount)
