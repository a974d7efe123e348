"""References of incoming rows to other tables: checked by sets where we may, found where PostgreSQL has refused one.

PostgreSQL checks foreign keys by a trigger, row by row: half of the time of new rows. A role that may set
session_replication_role can leave that out; then the check is one anti-join before the insert, and what is referred to is
locked against writers until the commit, so that it can't be deleted in between. Triggers marked `always` fire all the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest.errors import UnknownReference
from loader.ingest.staging import ROW, Staging
from loader.ingest.tables import Reference, Table

FIND_UNKNOWN = sql.SQL("""
select i.{row}, i.{column}, count(*) over ()
from {staged} i
where i.{column} is not null
  and not exists (select from {table} t where t.{target} = i.{column})
order by i.{row}
limit 1
""")

COUNT_UNKNOWN = sql.SQL("""
select count(*)
from {staged} i
where i.{column} is not null
  and ({where})
  and not exists (select from {table} t where t.{target} = i.{column})
""")

HAS_UNKNOWN = sql.SQL("""
select exists (
    select
    from (select distinct {column} from {staged} i where {is_new}) i
    where i.{column} is not null
      and not exists (select from {table} t where t.{target} = i.{column})
)
""")

HAS_UNKNOWN_OF = sql.SQL("""
select exists (
    select
    from unnest(%s::bigint[]) i(value)
    where not exists (select from {table} t where t.{target} = i.value)
)
""")

MAY_SET = "select has_parameter_privilege('session_replication_role', 'set')"

# What our check would leave out: a site's own trigger, a key that is checked at the commit.
HAS_OTHER_TRIGGERS = """
select exists (
    select
    from pg_trigger
    where tgrelid = any(%(tables)s::regclass[])
      and not tgisinternal
      and tgenabled in ('O', 'R')
) or exists (
    select
    from pg_constraint
    where conrelid = any(%(tables)s::regclass[])
      and contype <> 'f'
      and condeferrable
)
"""

FOREIGN_KEYS = """
select c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, b.attname
from pg_constraint c
left join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
left join pg_attribute b on b.attrelid = c.confrelid and c.confkey = array[b.attnum]
where c.contype = 'f'
  and c.conrelid = any(%(tables)s::regclass[])
"""


def may_check(cursor: Cursor, tables: Sequence[Table]) -> bool:
    """Whether our check may take the place of PostgreSQL's: the role may, and it would check just what we do."""
    cursor.execute(MAY_SET)
    if cursor.fetchone() != (True,):
        return False
    names = {"tables": [table.name for table in tables]}
    cursor.execute(HAS_OTHER_TRIGGERS, names)
    if cursor.fetchone() != (False,):
        return False
    cursor.execute(FOREIGN_KEYS, names)
    ours = {(table.name, each.column, each.table, each.target) for table in tables for each in table.foreign}
    return set(cursor.fetchall()) <= ours


@contextmanager
def unchecked(cursor: Cursor) -> Iterator[None]:
    """Rows inserted within are not checked by PostgreSQL; a roll back ends it, too."""
    cursor.execute("set local session_replication_role = replica")
    yield
    cursor.execute("set local session_replication_role = origin")


def check(cursor: Cursor, table: Table, staging: Staging, is_new: sql.Composable | None, file: Path | str | None) -> None:
    """Raises UnknownReference where a new row's references lead nowhere; without `is_new` all are new."""
    for reference in table.foreign:
        if reference.column in staging.columns:
            _ask_for_unknown(cursor, reference, staging, is_new)
            if cursor.fetchone() == (True,):
                refuse_unknown(cursor, reference, staging, file)


def _ask_for_unknown(cursor: Cursor, reference: Reference, staging: Staging, is_new: sql.Composable | None) -> None:
    """Of all rows' references we know the different ones, if they aren't too many."""
    named = staging.referred[reference.column].values if is_new is None else None
    if named is not None:
        cursor.execute(HAS_UNKNOWN_OF.format(**_names(reference)), [named])
        return
    staging.analyze(cursor)
    cursor.execute(HAS_UNKNOWN.format(staged=staging.staged, is_new=is_new or sql.SQL("true"), **_names(reference)))


def refuse_unknown(cursor: Cursor, reference: Reference, staging: Staging, file: Path | str | None) -> None:
    """Raises UnknownReference if there is one."""
    if reference.column not in staging.columns:
        return
    cursor.execute(FIND_UNKNOWN.format(staged=staging.staged, row=sql.Identifier(ROW), **_names(reference)))
    found = cursor.fetchone()
    if found:
        row, value, count = found
        others = f" ({count} such rows in this file)" if count > 1 else ""
        raise UnknownReference(
            f"{reference.column} {value} is not in {reference.table}: its own file was not loaded{others}", file=file, row=row
        )


def count_unknown(cursor: Cursor, staging: Staging, reference: Reference) -> int:
    if reference.column not in staging.columns or ("detect" in reference.where and "detect" not in staging.columns):
        return 0
    staging.analyze(cursor)
    where = sql.SQL(reference.where)
    cursor.execute(COUNT_UNKNOWN.format(staged=staging.staged, where=where, **_names(reference)))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _names(reference: Reference) -> dict[str, sql.Identifier]:
    return {
        "column": sql.Identifier(reference.column),
        "table": sql.Identifier(reference.table),
        "target": sql.Identifier(reference.target),
    }
