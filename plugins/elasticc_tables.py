"""The published tables as the old system showed them: their names in addresses, and SQL that makes their JSON.

Rows are made into JSON by PostgreSQL and passed through as text. Second names of columns are for SQL alone and left out.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from datasette_postgresql import PostgresDatabase

from plugins.admission import VERSION as ACCOUNTS

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
MOST_ARGUMENTS = 98  # PostgreSQL's functions take 100

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
        ) as is_foreign,
        a.attnotnull,
        exists (
            select from pg_catalog.pg_index i
            join pg_catalog.pg_class x on x.oid = i.indexrelid
            join pg_catalog.pg_am m on m.oid = x.relam
            where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indisvalid and i.indpred is null and m.amname = 'btree'
        ) as is_indexed
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    join pg_catalog.pg_type t on t.oid = a.atttypid
    where c.relnamespace = 'public'::regnamespace
      and c.relkind in ('r', 'p')
      and c.relname = any($1::text[])
    order by c.relname, a.attnum
"""

# What the triggers of loader/elasticc/migrations/0005_tally.py keep.
COUNT = "(select sum(c.rows)::bigint from tally.change c where c.relation = '{relation}')"
VERSION = "(select bit_xor(c.token) from tally.change c where c.relation in ({relations}))"

# A page in one statement: its rows as JSON, where it lies among the keys, and what all of that was read from.
PAGE = """
    select page.first, page.last, page.rows, page.body, {version}, {accounts}, {count},
        exists (select from {source} t where {filter} and t.{key} > page.last), {earlier}
    from (
        select min(t.key) as first, max(t.key) as last, count(*) as rows, string_agg(t.body, ',' order by t.key) as body
        from (
            select t.{key} as key, {body} as body
            from {source} t
            where {filter} and {bound}
            order by t.{key} {direction}
            limit {limit}
        ) t
    ) page
"""

# The same of a page that is streamed: its keys alone.
KEYS = """
    select page.first, page.last, page.rows, null, {version}, {accounts}, {count},
        exists (select from {source} t where {filter} and t.{key} > page.last), {earlier}
    from (
        select min(t.key) as first, max(t.key) as last, count(*) as rows
        from (
            select t.{key} as key
            from {source} t
            where {filter} and {bound}
            order by t.{key} {direction}
            limit {limit}
        ) t
    ) page
"""

# How many rows lie before a page, as far as its neighbour's limit: is that the first one?
EARLIER = "(select count(*) from (select from {source} t where {filter} and t.{key} < page.first limit {limit}) t)"

CHUNK = """
    select string_agg(t.body, ',' order by t.key), max(t.key)
    from (
        select t.{key} as key, {body} as body
        from {source} t
        where {filter} and t.{key} > {after} and t.{key} <= {last}
        order by t.{key}
        limit {limit}
    ) t
"""

ONE = """
    select {body}, {version}, {accounts}
    from {source} t
    where t.{key} = $1
"""

ALERT = """concat(
    '{{"alertId":', t."alertId",
    ',"diaSource":', coalesce((select {source} from elasticc_diasource s where s."diaSourceId" = t."diaSource_id"), 'null'),
    ',"diaObject":', coalesce((select {object} from elasticc_diaobject o where o."diaObjectId" = t."diaObject_id"), 'null'),
    ',"cutoutDifference":null,"cutoutTemplate":null,"prvDiaSources":[', (
        select string_agg({source}, ',' order by s."midPointTai", s."diaSourceId")
        from elasticc_diaalertprvsource p
        join elasticc_diasource s on s."diaSourceId" = p."diaSource_id"
        where p."diaAlert_id" = t."alertId"
    ),
    '],"prvDiaForcedSources":[', (
        select string_agg({forced}, ',' order by f."midPointTai", f."diaForcedSourceId")
        from elasticc_diaalertprvforcedsource p
        join elasticc_diaforcedsource f on f."diaForcedSourceId" = p."diaForcedSource_id"
        where p."diaAlert_id" = t."alertId"
    ),
    '],"prvDiaNonDetectionLimits":[]}}'
)"""

# What an alert is made of.
ALERT_READS = (
    "elasticc_diaalert",
    "elasticc_diaalertprvforcedsource",
    "elasticc_diaalertprvsource",
    "elasticc_diaforcedsource",
    "elasticc_diaobject",
    "elasticc_diasource",
)


@dataclass(frozen=True)
class Column:
    """A stored column; a foreign key is shown under its field's name, without `_id`. An index begins with it, or none does."""

    name: str
    type: str
    is_key: bool
    is_foreign: bool
    is_needed: bool
    is_indexed: bool

    @property
    def field(self) -> str:
        return self.name.removesuffix("_id") if self.is_foreign else self.name

    def json(self, alias: str) -> str:
        """Its value as JSON text. NaN - NaN and inf - inf are NaN, which is not 0, so those become null."""
        column = f"{alias}.{quote(self.name)}"
        if self.type in ("float4", "float8"):
            return f"case when {column} - {column} = 0 then {column}::text else 'null' end"
        if self.type in ("int2", "int4", "int8"):
            return column if self.is_needed else f"coalesce({column}::text, 'null')"
        value = iso(column) if self.type == "timestamptz" else column
        return f"coalesce(to_json({value})::text, 'null')"


@dataclass(frozen=True)
class Table:
    """A published table, its key, a column of whole numbers, and how a row of it becomes JSON text.

    `source` is where rows come from: the table, or a query that numbers those of a small one whose key is of several columns.
    `reads` are the relations that an answer depends on.
    """

    name: str
    source: str
    key: str
    body: str
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    has_details: bool = True

    @property
    def rows_a_chunk(self) -> int:
        """Some megabytes at most: an alert holds up to hundreds of earlier points. Larger pages are streamed."""
        return 200 if self.name == "elasticc_diaalert" else 2000

    @property
    def count(self) -> str:
        return COUNT.format(relation=self.name)

    @property
    def version(self) -> str:
        return VERSION.format(relations=", ".join(f"'{relation}'" for relation in self.reads))

    @cached_property
    def shape(self) -> str:
        """Another one whenever a row's JSON is made in another way."""
        return hashlib.sha256(self.body.encode()).hexdigest()[:8]

    def sql(self, template: str, **parts: str) -> str:
        """One of the statements above; `filter`, `bound` and so on are SQL."""
        ours = {
            "source": self.source,
            "key": quote(self.key),
            "body": self.body,
            "version": self.version,
            "accounts": ACCOUNTS,
            **parts,
        }
        return template.format(**ours)


class Tables:
    """The tables that the database has now, read again when what is remembered is some seconds old."""

    def __init__(self) -> None:
        self._tables: dict[str, Table] = {}
        self._read_at = float("-inf")

    async def get(self, database: PostgresDatabase, name: str) -> Table | None:
        """By its name in addresses; None where the database doesn't have it, or not with a primary key."""
        if time.monotonic() - self._read_at > REMEMBER_SECONDS:
            rows = await database.prepared.ask(COLUMNS, [[PREFIX + name for name in NAMES]])
            self._tables = _tables(rows)
            self._read_at = time.monotonic()
        return self._tables.get(name)

    def forget(self) -> None:
        """A name was gone: look again."""
        self._read_at = float("-inf")


def quote(name: str) -> str:
    """As an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def iso(column: str) -> str:
    """A timestamptz as Django REST framework wrote it: UTC, `Z`, microseconds unless they are 0."""
    text = f"""to_char({column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"replace({text}, '.000000Z', 'Z')"


def _tables(rows: Sequence[tuple[Any, ...]]) -> dict[str, Table]:
    columns: dict[str, list[Column]] = {}
    for table, *facts in rows:
        columns.setdefault(table, []).append(Column(*facts))
    tables = {name: _table(name, columns) for name in columns if any(column.is_key for column in columns[name])}
    return {name.removeprefix(PREFIX): table for name, table in tables.items()}


def _table(name: str, columns: dict[str, list[Column]]) -> Table:
    ours = tuple(columns[name])
    keys = [column.name for column in ours if column.is_key]
    body = _alert(columns) if name == "elasticc_diaalert" else _object(ours, "t")
    reads = ALERT_READS if name == "elasticc_diaalert" else (name,)
    if len(keys) == 1:
        return Table(name, quote(name), keys[0], body, ours, reads)
    order = ", ".join(map(quote, keys))
    numbered = f"(select *, row_number() over (order by {order}) as row_number from {quote(name)})"
    return Table(name, numbered, "row_number", body, ours, reads, has_details=False)


def _object(columns: Sequence[Column], alias: str) -> str:
    """Primary key, plain fields, foreign keys. Texts joined: a third faster than row_to_json with its row."""
    ordered = sorted(columns, key=lambda column: (not column.is_key, column.is_foreign and not column.is_key))
    parts: list[str] = []
    for column in ordered:
        before = ("," if parts else "{") + json.dumps(column.field, ensure_ascii=False) + ":"
        parts += ["'" + before.replace("'", "''") + "'", column.json(alias)]
    parts.append("'}'")
    groups = [parts[at : at + MOST_ARGUMENTS] for at in range(0, len(parts), MOST_ARGUMENTS)]
    joined = ", ".join("concat(" + ", ".join(group) + ")" for group in groups)
    return f"concat({joined})"


def _alert(columns: dict[str, list[Column]]) -> str:
    return ALERT.format(
        source=_object(columns["elasticc_diasource"], "s"),
        object=_object(columns["elasticc_diaobject"], "o"),
        forced=_object(columns["elasticc_diaforcedsource"], "f"),
    )
