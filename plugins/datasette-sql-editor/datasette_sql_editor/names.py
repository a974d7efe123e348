"""The names that the editor completes: tables and views with their columns, types and meanings, quoted where SQL wants it."""

import hashlib
import json
import re
from typing import Any

from datasette.utils import escape_sqlite, tilde_decode
from datasette.utils.asgi import Response

# PostgreSQL 18's reserved words: a column of such a name wants quotes.
_RESERVED = """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column
    concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from
    full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime
    localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning
    right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user
    using variadic verbose when where window with
"""
RESERVED = frozenset(_RESERVED.split())
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def dialect(db: Any) -> str:
    """`postgresql` for a database of datasette-postgresql, which has a catalogue; else `sqlite`."""
    return "postgresql" if getattr(db, "catalogue", None) is not None else "sqlite"


def quoted(name: str) -> str:
    """A PostgreSQL name as one writes it: in double quotes only where it must be."""
    if PLAIN.fullmatch(name) and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


async def names(request: Any, datasette: Any) -> Response:
    """`tables`: name, SQL, meaning, and columns as [name, SQL, type, meaning]. Answers 304 where nothing has changed."""
    try:
        db = datasette.get_database(route=tilde_decode(request.url_vars["database"]))
    except KeyError:
        return _refusal(404, f"There is no database {tilde_decode(request.url_vars['database'])!r}.")
    if not await datasette.permission_allowed(request.actor, "execute-sql", db.name, default=True):
        return _refusal(403, "You may not ask this database in SQL.")
    body = json.dumps({"dialect": dialect(db), "tables": await _tables(request, datasette, db)}, ensure_ascii=False)
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response("", status=304, headers=headers)
    return Response(body, headers=headers, content_type="application/json; charset=utf-8")


async def _tables(request: Any, datasette: Any, db: Any) -> list[dict[str, Any]]:
    hidden = set(await db.hidden_table_names())
    described = (datasette.metadata("databases") or {}).get(db.name, {}).get("tables") or {}
    told = []
    for name in [*await db.table_names(), *await db.view_names()]:
        if name in hidden or not await _may_view(request, datasette, db.name, name):
            continue
        about = described.get(name) or {}
        meanings = about.get("columns") or {}
        columns = [
            [column.name, _sql(db, column.name), column.type or "", meanings.get(column.name) or ""]
            for column in await db.table_column_details(name)
        ]
        told.append({"name": name, "sql": _relation(db, name), "about": about.get("description") or "", "columns": columns})
    return told


async def _may_view(request: Any, datasette: Any, database: str, table: str) -> bool:
    permissions = [("view-table", (database, table)), ("view-database", database), "view-instance"]
    visible, _ = await datasette.check_visibility(request.actor, permissions=permissions)
    return bool(visible)


def _sql(db: Any, name: str) -> str:
    return quoted(name) if dialect(db) == "postgresql" else str(escape_sqlite(name))


def _relation(db: Any, name: str) -> str:
    """A PostgreSQL table of a further schema is written with its schema."""
    if dialect(db) != "postgresql":
        return str(escape_sqlite(name))
    found = db.catalogue.relation(name)
    if found is None or found.identifier == '"' + found.relname.replace('"', '""') + '"':
        return quoted(name)
    return f"{quoted(found.schema)}.{quoted(found.relname)}"


def _refusal(status: int, sentence: str) -> Response:
    return Response.json({"ok": False, "error": sentence, "status": status}, status=status)
