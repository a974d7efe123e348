"""What is in the database, read in one round of queries into frozen records: tables, views, columns, keys, comments, DDL.

Only what the role may SELECT is listed. Names are case-sensitive: bare in the first schema of the settings, `schema.table` in
every further one (quoting.py).
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .lexer import literal, quoted
from .queries import ARRAY_TYPES, COLUMNS, CONSTRAINTS, INDEXES, RELATION_KINDS, RELATIONS
from .quoting import quote, shown_name

Ask = Callable[[str], list[tuple[Any, ...]]]

ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is PostgreSQL's name with its modifier; `category` its pg_type.typcategory, one letter; `server` the major
    version of the server, which decides what can be asked; `base_type` the type that a domain is made of, else the type;
    `labels` an enum's, in their order."""

    name: str
    type: str
    notnull: bool
    default: str | None
    comment: str | None
    is_pk: int
    generated: bool
    category: str
    server: int = 0
    base_type: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`table` is what it refers to; the two tuples have one length."""

    name: str
    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]
    on_update: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class Index:
    """`columns` lacks expressions; `is_key`: unique, whole, immediate, on plain columns; `keys` are SQL and operator class."""

    name: str
    columns: tuple[str, ...]
    is_primary: bool
    is_unique: bool
    is_key: bool
    is_partial: bool
    is_constraint: bool
    definition: str
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Table:
    """`name` is Datasette's, `relname` the bare one; `kind` is pg_class.relkind: r table, p partitioned, f foreign, v view,
    m materialized view. `has_heirs`: tables inherit from it whose rows it shows, too."""

    oid: int
    name: str
    schema: str
    relname: str
    kind: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    unique_keys: tuple[tuple[str, ...], ...]
    foreign_keys: tuple[ForeignKey, ...]
    indexes: tuple[Index, ...]
    comment: str | None
    estimate: int | None
    definition: str
    is_hidden: bool
    has_heirs: bool = False

    @cached_property
    def identifier(self) -> str:
        """SQL for the relation, as it stands after `from`: bare only where the search path finds this one by it."""
        is_bare = self.name == self.relname and not self.relname.startswith("pg_")  # pg_catalog is searched first
        return quote(self.relname) if is_bare else f"{quote(self.schema)}.{quote(self.relname)}"

    @property
    def is_view(self) -> bool:
        return self.kind in "vm"

    @property
    def row_key(self) -> tuple[str, ...]:
        """The primary key, else a unique index on columns that are never null, else nothing (a view has none).

        An heir's rows may have the same values as others: no key of an index holds for all of them.
        """
        if self.is_view or self.has_heirs:
            return ()
        return self.primary_key or next(iter(self.unique_keys), ())

    @property
    def primary_keys(self) -> tuple[str, ...]:
        return self.primary_key

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """`tables` has no views and `views` no tables; `size` is bytes; `fingerprint` changes with names, types, keys, comments."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    views: Mapping[str, Table] = field(default_factory=dict)
    size: int = 0
    fingerprint: int = 0
    array_types: Mapping[int, int] = field(default_factory=dict)

    def relation(self, name: str) -> Table | None:
        """A table or a view."""
        return self.tables.get(name) or self.views.get(name)


def load(ask: Ask, schemas: tuple[str, ...], only: tuple[str, ...] | None, exclude: tuple[str, ...]) -> Catalogue:
    """`ask` sends one query and returns its rows."""
    relations: dict[str, tuple[Any, ...]] = {}
    for row in ask(RELATIONS.format(schemas=literal(list(schemas)), kinds=RELATION_KINDS)):
        name = shown_name(row[1], row[2], schemas)
        if (only is None or _is_meant(only, name, row[1], row[2])) and not _is_meant(exclude, name, row[1], row[2]):
            relations[name] = row
    oids = quoted("{" + ",".join(str(row[0]) for row in relations.values()) + "}")
    columns, indexes, constraints = (_by_table(ask(query.format(oids=oids))) for query in (COLUMNS, INDEXES, CONSTRAINTS))
    names = {row[0]: name for name, row in relations.items()}
    tables = {
        name: _table(name, row, columns[row[0]], indexes[row[0]], constraints[row[0]], names) for name, row in relations.items()
    }
    return Catalogue(
        tables={name: table for name, table in tables.items() if not table.is_view},
        views={name: table for name, table in tables.items() if table.is_view},
        fingerprint=_fingerprint(tables),
        array_types=dict(ask(ARRAY_TYPES)),
    )


def _is_meant(listed: tuple[str, ...], name: str, schema: str, relname: str) -> bool:
    """By its name in Datasette, by `schema.table`, or by `schema.*`."""
    return name in listed or f"{schema}.{relname}" in listed or f"{schema}.*" in listed


def _by_table(rows: list[tuple[Any, ...]]) -> defaultdict[int, list[tuple[Any, ...]]]:
    grouped: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row[1:])
    return grouped


def _table(
    name: str,
    relation: tuple[Any, ...],
    columns: list[tuple[Any, ...]],
    indexes: list[tuple[Any, ...]],
    constraints: list[tuple[Any, ...]],
    names: Mapping[int, str],
) -> Table:
    oid, schema, relname, kind, reltuples, is_partition, comment, view_sql, of_extension, has_heirs = relation
    found = tuple(map(_index, indexes))
    primary_key = next((index.columns for index in found if index.is_primary), ())
    records = tuple(_column(row, primary_key) for row in columns)
    never_null = {column.name for column in records if column.notnull}
    unique_keys = tuple(
        index.columns
        for index in found
        if index.is_key and not index.is_primary and index.columns and never_null.issuperset(index.columns)
    )
    written = quote(relname) if name == relname else f"{quote(schema)}.{quote(relname)}"
    definition = _view_ddl(written, kind, view_sql) if view_sql else _table_ddl(written, records, constraints)
    bare = [index.definition + ";" for index in found if not index.is_constraint]
    return Table(
        oid=oid, name=name, schema=schema, relname=relname, kind=kind, columns=records, primary_key=primary_key,
        unique_keys=tuple(sorted(unique_keys, key=len)), foreign_keys=_foreign_keys(constraints, names), indexes=found,
        comment=comment, estimate=None if reltuples < 0 or kind == "v" else int(reltuples),
        definition="\n".join([definition, *bare]), is_hidden=bool(is_partition or of_extension), has_heirs=has_heirs,
    )  # fmt: skip


def _index(row: tuple[Any, ...]) -> Index:
    _, name, primary, unique, whole, partial, sql, columns, constraint, keys = row
    return Index(
        name, tuple(json.loads(columns or "[]")), primary, unique, unique and whole, partial, constraint, sql,
        tuple((key, operators) for key, operators in json.loads(keys or "[]")),
    )  # fmt: skip


def _column(row: tuple[Any, ...], primary_key: tuple[str, ...]) -> Column:
    name, type_, notnull, default, comment, generated, identity, category, server, base_type, labels = row
    if identity:
        default = f"generated {'always' if identity == 'a' else 'by default'} as identity"
    elif generated:
        default = f"generated always as ({default}) {'virtual' if generated == 'v' else 'stored'}"
    is_pk = primary_key.index(name) + 1 if name in primary_key else 0
    return Column(
        name, type_, notnull, default, comment, is_pk, bool(generated), category, server, base_type,
        tuple(json.loads(labels or "[]")),
    )  # fmt: skip


def _foreign_keys(constraints: list[tuple[Any, ...]], names: Mapping[int, str]) -> tuple[ForeignKey, ...]:
    """Only to tables that are listed."""
    return tuple(
        ForeignKey(
            name, tuple(json.loads(columns)), names[other], tuple(json.loads(referenced)),
            ACTIONS.get(on_update, ""), ACTIONS.get(on_delete, ""),
        )
        for name, kind, other, _, columns, referenced, on_update, on_delete in constraints
        if kind == "f" and other in names and columns and referenced
    )  # fmt: skip


def _table_ddl(identifier: str, columns: tuple[Column, ...], constraints: list[tuple[Any, ...]]) -> str:
    lines = [_column_ddl(column) for column in columns]
    lines += [f"constraint {quote(row[0])} {row[3]}" for row in constraints]
    inside = ",\n".join(f"  {line}" for line in lines)
    return f"create table {identifier} (\n{inside}\n);"


def _column_ddl(column: Column) -> str:
    default = column.default or ""
    words = default if default.startswith("generated ") else f"default {default}" if default else ""
    return " ".join(filter(None, [quote(column.name), column.type, "not null" if column.notnull else "", words]))


def _view_ddl(identifier: str, kind: str, sql: str) -> str:
    return f"create {'materialized ' if kind == 'm' else ''}view {identifier} as\n{sql.strip()}"


def _fingerprint(tables: Mapping[str, Table]) -> int:
    """48 bits: SQLite keeps it as an integer, JavaScript can read it. Row estimates don't count."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        table = tables[name]
        digest.update(repr((name, table.kind, table.columns, table.definition, table.comment, table.is_hidden)).encode())
    return int.from_bytes(digest.digest()[:6], "big")
