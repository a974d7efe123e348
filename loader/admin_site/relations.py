"""The published relations as the catalogue knows them, and questions to one of them that cost the same however large it is.

Pages go along the primary key, from where the last one ended; searches use an index's first column. Nothing is counted: the
number of rows is what triggers keep. Refuses a name that isn't published.
"""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import DataError
from psycopg2 import sql

from loader.admin_site.asking import ask

A_PAGE = 50
MOST_FOUND = 200

PUBLISHED = r"""
select c.relname as name, c.relkind in ('v', 'm') as is_view, obj_description(c.oid, 'pg_class') as meaning,
    (select sum(rows)::bigint from tally.change where relation = c.relname) as rows
from pg_class c
where c.relnamespace = 'public'::regnamespace
  and c.relkind in ('r', 'v', 'm', 'p')
  and c.relname like 'elasticc\_%'
order by c.relname
"""
COLUMNS = """
select attname as name, format_type(atttypid, atttypmod) as type, col_description(attrelid, attnum) as meaning
from pg_attribute
where attrelid = to_regclass(%s)
  and attnum > 0
  and not attisdropped
order by attnum
"""
KEY = """
select attname as name
from pg_index
cross join unnest(indkey::int2[]) with ordinality as k(attnum, place)
join pg_attribute a on attrelid = indrelid and a.attnum = k.attnum
where indrelid = to_regclass(%s)
  and indisprimary
order by place
"""
INDEXED = """
select distinct attname as name
from pg_index
join pg_attribute on attrelid = indrelid and attnum = indkey[0]
where indrelid = to_regclass(%s)
  and indisvalid
  and indpred is null
order by attname
"""
REFERENCES = """
select f.attname as from_column, t.relname as to_table, p.attname as to_column, s.relname as from_table
from pg_constraint c
join pg_class s on s.oid = conrelid
join pg_class t on t.oid = confrelid
join pg_attribute f on f.attrelid = conrelid and f.attnum = conkey[1]
join pg_attribute p on p.attrelid = confrelid and p.attnum = confkey[1]
where contype = 'f'
  and cardinality(conkey) = 1
  and to_regclass(%s) in (conrelid, confrelid)
  and s.relname like 'elasticc\\_%%'
  and t.relname like 'elasticc\\_%%'
order by s.relname, f.attname
"""
PAGE = sql.SQL("select {columns} from {table} where {where} order by {order} limit {most}")
FIRST_OF_VIEW = sql.SQL("select {columns} from {table} limit {most}")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    meaning: str | None


@dataclass(frozen=True)
class Relation:
    """`key` is empty for views. `leads_to` is column → table and column; `comes_from` are tables with their columns."""

    name: str
    is_view: bool
    meaning: str | None
    rows: int | None
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    leads_to: dict[str, tuple[str, str]] = field(default_factory=dict)
    comes_from: tuple[tuple[str, str, str], ...] = ()


def published() -> list[Relation]:
    return [Relation(**row) for row in ask(PUBLISHED)]


def find(name: str) -> Relation | None:
    found = next((row for row in ask(PUBLISHED) if row["name"] == name), None)
    if found is None:
        return None
    quoted = [f'public."{name}"']
    references = ask(REFERENCES, quoted)
    return Relation(
        **found,
        columns=tuple(Column(**row) for row in ask(COLUMNS, quoted)),
        key=tuple(row["name"] for row in ask(KEY, quoted)),
        indexed=tuple(row["name"] for row in ask(INDEXED, quoted)),
        leads_to={row["from_column"]: (row["to_table"], row["to_column"]) for row in references if row["from_table"] == name},
        comes_from=tuple(
            (row["from_table"], row["from_column"], row["to_column"]) for row in references if row["to_table"] == name
        ),
    )


def page(
    relation: Relation, columns: Sequence[str], way: Literal["after", "before"], key: Sequence[str] | None
) -> list[dict[str, Any]]:
    """A page and one row more, in the order of the way. `key` None is the start, or for `before` the end."""
    shown = sql.SQL(", ").join(map(sql.Identifier, columns))
    table = sql.Identifier("public", relation.name)
    if not relation.key:
        return ask(FIRST_OF_VIEW.format(columns=shown, table=table, most=sql.Literal(A_PAGE)))
    names = sql.SQL(", ").join(map(sql.Identifier, relation.key))
    where: sql.Composable = sql.SQL("true")
    if key is not None:
        sign = sql.SQL(">" if way == "after" else "<")
        where = sql.SQL("({}) {} ({})").format(names, sign, _values(relation, relation.key, key))
    down = sql.SQL(" desc" if way == "before" else "")
    order = sql.SQL(", ").join(sql.Identifier(name) + down for name in relation.key)
    return ask(PAGE.format(columns=shown, table=table, where=where, order=order, most=sql.Literal(A_PAGE + 1)))


def matching(relation: Relation, columns: Sequence[str], column: str, value: str) -> list[dict[str, Any]]:
    """At most MOST_FOUND rows and one more, as they come: to order them might mean to walk along the whole key."""
    question = sql.SQL("select {} from {} where {} = {} limit {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier("public", relation.name),
        sql.Identifier(column),
        _values(relation, [column], [value]),
        sql.Literal(MOST_FOUND + 1),
    )
    return ask(question)


def one(relation: Relation, key: Sequence[str]) -> dict[str, Any] | None:
    names = sql.SQL(", ").join(map(sql.Identifier, relation.key))
    question = sql.SQL("select * from {} where ({}) = ({})").format(
        sql.Identifier("public", relation.name), names, _values(relation, relation.key, key)
    )
    return next(iter(ask(question)), None)


def _values(relation: Relation, names: Sequence[str], values: Sequence[str]) -> sql.Composable:
    """Each as a literal of its column's type, so that PostgreSQL reads it and an index can serve. Raises DataError."""
    if any("\0" in value for value in map(str, values)):
        raise DataError("a NUL, which no value has")
    types = {column.name: column.type for column in relation.columns}
    pairs = zip(names, values, strict=True)
    return sql.SQL(", ").join(sql.SQL("{}::" + types[name]).format(sql.Literal(value)) for name, value in pairs)
