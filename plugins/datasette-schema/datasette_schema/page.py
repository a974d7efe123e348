"""`/-/schema/<database>` and `/-/schema/<database>/<table>`; the same as `.json`.

Both are answered by the catalogue; statistics and sizes are one question each, and a page does without where that fails.
"""

import asyncio
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import NotFound, Response
from datasette_postgresql import PostgresDatabase, PostgresError, name_visitor

from . import answers, diagram, measures, search, statistics
from .settings import Ucds
from .structure import Table, Visit

MOST_DRAWN = 60  # tables in one drawing
MOST_WITH_STATISTICS = 200  # tables in one answer
MOST_ASKED = 200  # characters of a search
NOT_NOW = "The database can't be read at the moment."


async def database_page(request: Any, datasette: Any) -> Response:
    """?q=words finds; _part=found gives what is found alone; _show_hidden=1; in JSON _statistics=on."""
    visit = await _visit(request, datasette)
    await datasette.ensure_permissions(request.actor, [("view-database", visit.db.name), "view-instance"])
    with_hidden = bool(request.args.get("_show_hidden"))
    asked = (request.args.get("q") or "").strip()[:MOST_ASKED]
    tables = await visit.tables(with_hidden=with_hidden, words=search.words_of(asked))
    if request.url_vars["json"]:
        return await _database_json(request, visit, tables, asked)
    context = {"asked": asked, "title": _title(visit), "tables": tables, "with_hidden": with_hidden}
    if asked:
        part = request.args.get("_part") == "found"
        context["matches"] = search.search(tables, asked)
        return await _html(visit, "_schema_found.html" if part else "schema_browser.html", request, context)
    drawn = [table for table in tables if table.links or table.linked_from]
    context |= {
        "measures": await measures.read(visit.db, tables),
        "drawing": diagram.lay_out(drawn) if len(drawn) <= MOST_DRAWN else None,
        "linked": len(drawn),
        "hidden_count": 0 if with_hidden else await visit.hidden_count(),
    }
    return await _html(visit, "schema_browser.html", request, context)


async def table_page(request: Any, datasette: Any) -> Response:
    visit = await _visit(request, datasette)
    name = tilde_decode(request.url_vars["table"])
    if visit.catalogue.relation(name) is None:
        raise NotFound(f"There is no table {name!r}.")
    db = visit.db
    permissions = [("view-table", (db.name, name)), ("view-database", db.name), "view-instance"]
    await datasette.ensure_permissions(request.actor, permissions)
    table, near = await visit.table(name)
    measure = (await measures.read(db, [table])).get(name)
    try:
        found = (await statistics.read(db, [table]))[name]
    except (PostgresError, QueryInterrupted):
        if request.url_vars["json"]:
            return _refusal(503, NOT_NOW)
        found = None
    if request.url_vars["json"]:
        told = answers.table(table, _address(visit, name), statistics=found, measure=measure)
        return _json({"ok": True, "database": db.name, **told})
    around = near[: MOST_DRAWN - 1]
    context = {
        "title": _title(visit),
        "table": table,
        "measure": measure,
        "statistics": found,
        "drawing": diagram.lay_out([table, *around], only=name),
        "left_out": len(near) - len(around),
    }
    return await _html(visit, "schema_table.html", request, context)


async def _database_json(request: Any, visit: Visit, tables: list[Table], asked: str) -> Response:
    matches = search.search(tables, asked, most=None) if asked else None
    shown = [match.table for match in matches.found] if matches else tables
    columns = {match.table.name: match.columns for match in matches.found} if matches else {}
    found: statistics.Found | None = None
    if request.args.get("_statistics") == "on":
        if len(shown) > MOST_WITH_STATISTICS:
            sentence = f"Statistics of {len(shown)} tables at once are too many: ask for {MOST_WITH_STATISTICS} at most."
            return _refusal(400, sentence)
        try:
            found = await statistics.read(visit.db, shown)
        except (PostgresError, QueryInterrupted):
            return _refusal(503, NOT_NOW)
    sizes = await measures.read(visit.db, shown)
    addresses = {table.name: _address(visit, table.name) for table in shown}

    def told() -> list[dict[str, Any]]:
        return [
            answers.table(
                table,
                addresses[table.name],
                columns=columns.get(table.name),
                statistics=None if found is None else found[table.name],
                measure=sizes.get(table.name),
            )
            for table in shown
        ]

    tables_told = await asyncio.to_thread(told)  # of 2,000 tables 5 MB
    return _json({"ok": True, "database": visit.db.name, **({"q": asked} if asked else {}), "tables": tables_told})


async def _visit(request: Any, datasette: Any) -> Visit:
    """Raises NotFound."""
    route = tilde_decode(request.url_vars["database"])
    try:
        db = datasette.get_database(route=route)
    except KeyError as error:
        raise NotFound(f"There is no database {route!r}.") from error
    if not isinstance(db, PostgresDatabase):
        raise NotFound(f"The database {route!r} isn't a PostgreSQL one: it has no schema page.")
    name_visitor(request.actor)
    configured: dict[str, Ucds] = getattr(datasette, "_schema_ucds", {})
    return Visit(datasette, request.actor, db, await db.current_catalogue(), configured.get(db.name, Ucds()))


def _title(visit: Visit) -> str:
    about = (visit.datasette.metadata("databases") or {}).get(visit.db.name) or {}
    return str(about.get("title") or visit.db.name)


def address(datasette: Any, db: Any, table: str | None = None) -> str:
    """Of the page of a database, or of a table."""
    last = "" if table is None else f"/{tilde_encode(table)}"
    return str(datasette.urls.path(f"/-/schema/{tilde_encode(db.route)}{last}"))


def _address(visit: Visit, table: str | None = None) -> str:
    return address(visit.datasette, visit.db, table)


async def _html(visit: Visit, template: str, request: Any, context: dict[str, Any]) -> Response:
    context |= {"database": visit.db.name, "schema_url": lambda table=None: _address(visit, table)}
    text = await visit.datasette.render_template(template, context, request=request, view_name="schema")
    return Response.html(text, headers={"cache-control": "no-store"})


def _json(told: dict[str, Any]) -> Response:
    return Response.json(told, headers={"cache-control": "no-store"})


def _refusal(status: int, sentence: str) -> Response:
    return Response.json({"ok": False, "error": sentence, "status": status}, status=status)
