"""The published tables as the old system showed them: their names in addresses, and SQL that makes their JSON.

Rows are made into JSON by PostgreSQL and passed through as text. Second names of columns are for SQL alone and left out.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from datasette_postgresql import PostgresDatabase

PREFIX = "elasticc_"
NAMES = (
    "brokerclassification",
    "brokerclassifier",
    "brokermessage",
    "diaalert",
    "diaalertprvforcedsource",
    "diaalertprvsource",
    "diaforcedsource",
    "diaobject",
    "diaobjecttruth",
    "diasource",
    "diatruth",
    "gentypeofclassid",
)
REMEMBER_SECONDS = 10
MOST_BIGINT = 2**63 - 1

COLUMNS = """
    select
        c.relname as "table",
        a.attname as name,
        t.typname as type,
        exists (
            select from pg_catalog.pg_constraint k
            where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any(k.conkey)
        ) as is_key,
        exists (
            select from pg_catalog.pg_constraint k
            where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any(k.conkey)
        ) as is_foreign
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'p')
      and c.relname = any(%(tables)s)
    order by c.relname, a.attnum
"""

# How many rows there are, and where this page lies among the keys.
PAGE = """
    select
        (select count(*) from {source} t) as count,
        page.first,
        page.last,
        page.rows,
        exists (select from {source} t where t.{key} > page.last) as more
    from (
        select min({key}) as first, max({key}) as last, count(*) as rows
        from (
            select {key}
            from {source} t
            where {bound}
            order by {key} {direction}
            offset %(offset)s
            limit %(limit)s
        ) keys
    ) page
"""

CHUNK = """
    select
        string_agg(chunk.body, ',' order by chunk.key) as body,
        max(chunk.key) as last
    from (
        select t.{key} as key, {body} as body
        from {source} t
        where t.{key} > %(after)s and t.{key} <= %(last)s
        order by t.{key}
        limit %(rows)s
    ) chunk
"""

ONE = """
    select {body} as body
    from {source} t
    where t.{key} = %(key)s
"""

ALERT = """json_build_object(
    'alertId', t."alertId",
    'diaSource', (select {source} from elasticc_diasource s where s."diaSourceId" = t."diaSource_id"),
    'diaObject', (select {object} from elasticc_diaobject o where o."diaObjectId" = t."diaObject_id"),
    'cutoutDifference', null,
    'cutoutTemplate', null,
    'prvDiaSources', coalesce((
        select json_agg({source} order by s."midPointTai", s."diaSourceId")
        from elasticc_diaalertprvsource p
        join elasticc_diasource s on s."diaSourceId" = p."diaSource_id"
        where p."diaAlert_id" = t."alertId"
    ), '[]'),
    'prvDiaForcedSources', coalesce((
        select json_agg({forced} order by f."midPointTai", f."diaForcedSourceId")
        from elasticc_diaalertprvforcedsource p
        join elasticc_diaforcedsource f on f."diaForcedSourceId" = p."diaForcedSource_id"
        where p."diaAlert_id" = t."alertId"
    ), '[]'),
    'prvDiaNonDetectionLimits', '[]'::json
)::text"""


@dataclass(frozen=True)
class Column:
    """A stored column; a foreign key is shown under its field's name, without `_id`."""

    name: str
    type: str
    is_key: bool
    is_foreign: bool

    @property
    def field(self) -> str:
        return self.name.removesuffix("_id") if self.is_foreign else self.name

    def expression(self, alias: str) -> str:
        """Its value as JSON can hold it. NaN - NaN and inf - inf are NaN, which is not 0, so those become null."""
        column = f"{alias}.{quote(self.name)}"
        if self.type in ("float4", "float8"):
            return f"case when {column} - {column} = 0 then {column} end"
        if self.type == "timestamptz":
            return iso(column)
        return column


@dataclass(frozen=True)
class Table:
    """A published table, its key, a column of whole numbers, and how a row of it becomes JSON text.

    `source` is where rows come from: the table, or a query that numbers those of a small one whose key is of several columns.
    """

    name: str
    source: str
    key: str
    body: str
    has_details: bool = True

    @property
    def rows_a_chunk(self) -> int:
        """Some megabytes at most: an alert holds up to hundreds of earlier points."""
        return 200 if self.name == "elasticc_diaalert" else 2000

    def page_sql(self, bound: str, direction: str) -> str:
        return PAGE.format(source=self.source, key=quote(self.key), bound=bound, direction=direction)

    def chunk_sql(self) -> str:
        return CHUNK.format(source=self.source, key=quote(self.key), body=self.body)

    def one_sql(self) -> str:
        return ONE.format(source=self.source, key=quote(self.key), body=self.body)


class Tables:
    """The tables that the database has now, read again when what is remembered is some seconds old."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._read_at = float("-inf")

    async def get(self, database: PostgresDatabase, name: str) -> Table | None:
        """By its name in addresses; None where the database doesn't have it, or not with a primary key."""
        if time.monotonic() - self._read_at > REMEMBER_SECONDS:
            rows = (await database.fetch(COLUMNS, {"tables": [PREFIX + name for name in NAMES]})).rows
            self._tables = _tables([tuple(row) for row in rows])
            self._read_at = time.monotonic()
        return self._tables.get(name)


def quote(name: str) -> str:
    """As an identifier in SQL that takes parameters."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def iso(column: str) -> str:
    """A timestamptz as Django REST framework wrote it: UTC, `Z`, microseconds unless they are 0."""
    text = f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"replace({text}, '.000000Z', 'Z')"


def _tables(rows: Sequence[tuple[object, ...]]) -> dict[str, Table]:
    columns: dict[str, list[Column]] = {}
    for table, name, kind, is_key, is_foreign in rows:
        columns.setdefault(str(table), []).append(Column(str(name), str(kind), bool(is_key), bool(is_foreign)))
    tables = {name: _table(name, columns) for name in columns if any(column.is_key for column in columns[name])}
    return {name.removeprefix(PREFIX): table for name, table in tables.items()}


def _table(name: str, columns: dict[str, list[Column]]) -> Table:
    keys = [column.name for column in columns[name] if column.is_key]
    body = _alert(columns) if name == "elasticc_diaalert" else f"{_object(columns[name], 't')}::text"
    if len(keys) == 1:
        return Table(name, quote(name), keys[0], body)
    order = ", ".join(map(quote, keys))
    numbered = f"(select *, row_number() over (order by {order}) as row_number from {quote(name)})"
    return Table(name, numbered, "row_number", body, has_details=False)


def _object(columns: Sequence[Column], alias: str) -> str:
    """Primary key, plain fields, foreign keys. row_to_json, for json_build_object stops at 50 fields."""
    ordered = sorted(columns, key=lambda column: (not column.is_key, column.is_foreign and not column.is_key))
    fields = ", ".join(f"{column.expression(alias)} as {quote(column.field)}" for column in ordered)
    return f"(select row_to_json(fields) from (select {fields}) fields)"


def _alert(columns: dict[str, list[Column]]) -> str:
    return ALERT.format(
        source=_object(columns["elasticc_diasource"], "s"),
        object=_object(columns["elasticc_diaobject"], "o"),
        forced=_object(columns["elasticc_diaforcedsource"], "f"),
    )
