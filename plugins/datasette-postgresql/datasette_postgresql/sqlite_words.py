"""The only module that knows SQLite's words: Datasette's core sends a few literal SQLite statements to every database.

They are answered from the catalogue without a query. Anything else is PostgreSQL's. Names match exactly: the core's
`collate nocase` is for SQLite, where case doesn't count; here another spelling is another table.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from datasette.database import Results
from datasette.utils import Column as SqliteColumn

from .catalogue import Catalogue, Table
from .values import Row, rows_of

_PRAGMA = re.compile(r"pragma (?P<name>\w+)(?: ?\((?P<table>.*)\))?;?$", re.IGNORECASE | re.DOTALL)
_MASTER = ("type", "name", "tbl_name", "rootpage", "sql")
_FOREIGN_KEYS = ("id", "seq", "table", "from", "to", "on_update", "on_delete", "match")
_INDEXES = ("seq", "name", "unique", "origin", "partial")
_COLUMNS = ("cid", "name", "type", "notnull", "dflt_value", "pk", "hidden")


def is_core_statement(sql: str) -> bool:
    """Whether `answer` knows it: only the core's very words, so that PostgreSQL sees everything else."""
    return ("sqlite_master" in sql or sql.startswith("PRAGMA ")) and _normal(sql) in _STATEMENTS


def answer(sql: str, params: Any, catalogue: Catalogue) -> Results:
    """Raises KeyError for what is none of the core's statements."""
    return _STATEMENTS[_normal(sql)](catalogue, params or ())


class CatalogueConnection:
    """Looks like an sqlite3 connection to the functions of the core that `execute_fn` is given, as far as they look."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def execute(self, sql: str, params: Sequence[Any] = ()) -> "Rows":
        """Raises ValueError for what the core of Datasette 0.65 doesn't send."""
        match = _PRAGMA.match(" ".join(sql.split()))
        if match is None:
            if not is_core_statement(sql):
                raise ValueError(f"Not known to the PostgreSQL catalogue: {sql}")
            return Rows(answer(sql, params, self._catalogue).rows)
        table = self._catalogue.relation(_unquoted(match["table"] or ""))
        return Rows(_PRAGMAS[match["name"].lower()](table) if table else [])


class Rows(list[Row]):
    """A cursor, for who only fetches."""

    def fetchall(self) -> list[Row]:
        return list(self)

    def fetchone(self) -> Row | None:
        return self[0] if self else None


def is_core_function(function: Callable[..., Any]) -> bool:
    """Datasette's own functions for `execute_fn` all expect SQLite."""
    return (getattr(function, "__module__", None) or "").split(".")[0] == "datasette"


def column_details(table: Table) -> list[SqliteColumn]:
    """As utils.table_column_details; `hidden` is always 0."""
    return [
        SqliteColumn(position, c.name, c.type, int(c.notnull), c.default, c.is_pk, 0)
        for position, c in enumerate(table.columns)
    ]


def _normal(sql: str) -> str:
    return " ".join(sql.split()).rstrip(";").lower()


def _results(names: Sequence[str], rows: list[tuple[Any, ...]]) -> Results:
    return Results(rows_of(names, rows), False, [(name, None, None, None, None, None, None) for name in names])


def _master(tables: Sequence[Table], kind: str) -> list[tuple[Any, ...]]:
    return [(kind, table.name, table.name, 1, table.definition) for table in tables]


def _one_name(catalogue: Catalogue, params: Sequence[Any]) -> Results:
    found = catalogue.relation(str(params[0]))
    return _results(("name",), [(found.name,)] if found else [])


_STATEMENTS: dict[str, Callable[[Catalogue, Any], Results]] = {
    "pragma schema_version": lambda catalogue, _: _results(("schema_version",), [(catalogue.fingerprint,)]),
    "select name from sqlite_master where type in ('table', 'view') and name = ? collate nocase": _one_name,
    "select * from sqlite_master where type = 'table'": lambda catalogue, _: _results(
        _MASTER, _master(list(catalogue.tables.values()), "table")
    ),
    "select name from sqlite_master where type='table'": lambda catalogue, _: _results(
        ("name",), [(name,) for name in catalogue.tables]
    ),
    "select name from sqlite_master where type='view'": lambda catalogue, _: _results(
        ("name",), [(name,) for name in catalogue.views]
    ),
}


def _table_info(table: Table) -> list[Row]:
    return rows_of(_COLUMNS, [tuple(column) for column in column_details(table)])


def _foreign_key_list(table: Table) -> list[Row]:
    return rows_of(
        _FOREIGN_KEYS,
        [
            (number, seq, key.table, column, other, key.on_update, key.on_delete, "NONE")
            for number, key in enumerate(table.foreign_keys)
            for seq, (column, other) in enumerate(zip(key.columns, key.referenced, strict=True))
        ],
    )


def _index_list(table: Table) -> list[Row]:
    def origin(index: Any) -> str:
        return "pk" if index.is_primary else "u" if index.is_constraint else "c"

    return rows_of(
        _INDEXES,
        [(n, i.name, int(i.is_unique), origin(i), int(i.is_partial)) for n, i in enumerate(table.indexes)],
    )


_PRAGMAS: dict[str, Callable[[Table], list[Row]]] = {
    "table_info": lambda table: rows_of(_COLUMNS[:6], [tuple(column)[:6] for column in column_details(table)]),
    "table_xinfo": _table_info,
    "foreign_key_list": _foreign_key_list,
    "index_list": _index_list,
}


def _unquoted(name: str) -> str:
    if name[:1] == "[" and name[-1:] == "]":
        return name[1:-1]
    if name[:1] in "\"'" and name[-1:] == name[:1] and len(name) > 1:
        return name[1:-1].replace(name[:1] * 2, name[:1])
    return name
