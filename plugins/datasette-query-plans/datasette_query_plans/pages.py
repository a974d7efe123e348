"""Two pages: a query's plan, and in the place of a dear query's answer the question whether to run it.

What fails here, wrong SQL for one, is left to the SQL page, which says it better.
"""

from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils import tilde_decode
from datasette.utils.asgi import Forbidden, NotFound, Response
from datasette_postgresql import PostgresDatabase, PostgresError, has_plan, name_visitor

from .planning import Plan, finished, parameters, plan, quick_plan
from .settings import Settings
from .words import duration, number

RUN, ANYWAY = "_run", "anyway"


def settings_of(datasette: Any) -> Settings:
    """Before its start a Datasette has the defaults."""
    return getattr(datasette, "_query_plans", None) or Settings()


async def sql_page(request: Any, send: Any, datasette: Any) -> Response | None:
    """The core's page, but for SQL whose plan costs more than `ask_above`."""
    dear = await _dear(request, datasette)
    if dear is not None:
        return await _render(request, datasette, *dear, is_question=True)
    from datasette.views.database import DatabaseView  # Datasette loads its plugins while this is half loaded

    request.scope["url_route"]["kwargs"].setdefault("format", None)  # the core's own address has one, of .json or .csv
    response: Response | None = await DatabaseView.as_view(datasette)(request, send)
    return response


async def plan_page(request: Any, datasette: Any) -> Response:
    """?sql=…&parameter=…; `_measure=on` runs it, within the database's limit, and tells the times."""
    db = await _database(request, datasette)
    sql = request.args.get("sql") or ""
    is_json = bool(request.url_vars["json"])
    params = parameters(sql, request.args)
    try:
        if not has_plan(sql):
            raise PostgresError("There is no query to plan: it begins with select, with, values or table.")
        planned = await plan(db, sql, params, measured=request.args.get("_measure") == "on")
    except QueryInterrupted:
        return await _refused(request, datasette, db, sql, params, "The time limit passed before it ended.", is_json)
    except PostgresError as error:
        return await _refused(request, datasette, db, sql, params, str(error), is_json)
    if is_json:
        settings = settings_of(datasette)
        told = {"cost": planned.cost, "rows": planned.rows, "seconds": planned.seconds(settings), "plan": planned.raw}
        measured = {"planning_ms": planned.planning_ms, "execution_ms": planned.execution_ms}
        return Response.json({**told, **measured, "is_dear": planned.cost > settings.ask_above})
    return await _render(request, datasette, db, sql, params, planned, is_question=False)


async def _dear(request: Any, datasette: Any) -> tuple[PostgresDatabase, str, dict[str, str], Plan] | None:
    """None for what the core answers: no SQL, cheap, wrong, refused, or to be run anyway."""
    sql = request.args.get("sql")
    if request.method not in ("GET", "HEAD") or not sql or request.args.get(RUN) == ANYWAY:
        return None
    try:
        db = await _database(request, datasette)
        params = parameters(sql, request.args)
        if not has_plan(sql):
            return None
        planned = await quick_plan(db, sql, params)
    except (Forbidden, NotFound, PostgresError, QueryInterrupted):
        return None
    return (db, sql, params, planned) if planned.cost > settings_of(datasette).ask_above else None


async def _database(request: Any, datasette: Any) -> PostgresDatabase:
    """Raises NotFound, Forbidden."""
    try:
        db = datasette.get_database(route=tilde_decode(request.url_vars["database"]))
    except KeyError as error:
        raise NotFound("Database not found") from error
    if not isinstance(db, PostgresDatabase):
        raise NotFound("This database has no plans")
    await datasette.ensure_permissions(request.actor, [("execute-sql", db.name), ("view-database", db.name), "view-instance"])
    name_visitor(request.actor)
    return db


async def _render(
    request: Any, datasette: Any, db: PostgresDatabase, sql: str, params: dict[str, str], planned: Plan, *, is_question: bool
) -> Response:
    settings = settings_of(datasette)
    page = datasette.urls.path(f"/-/query-plan/{db.route}")
    address = {"sql": sql, **params}
    context = {
        **_common(datasette, db, sql, params),
        "plan": planned,
        "is_question": is_question,
        "is_dear": planned.cost > settings.ask_above,
        "guess": duration(planned.seconds(settings)),
        "limit": duration(db.time_limit_ms / 1000),
        "run_url": f"{datasette.urls.database(db.name)}?{urlencode({**address, RUN: ANYWAY})}",
        "measure_url": f"{page}?{urlencode({**address, '_measure': 'on'})}",
        "json_url": f"{page}.json?{urlencode(address)}",
        "background": settings.background and datasette.urls.path(settings.background),
        "finished_sql": finished(sql, params),
    }
    return await _html(request, datasette, context)


async def _refused(
    request: Any, datasette: Any, db: PostgresDatabase, sql: str, params: dict[str, str], sentence: str, is_json: bool
) -> Response:
    if is_json:
        return Response.json({"ok": False, "error": sentence, "status": 400}, status=400)
    return await _html(request, datasette, {**_common(datasette, db, sql, params), "refusal": sentence}, status=400)


def _common(datasette: Any, db: PostgresDatabase, sql: str, params: dict[str, str]) -> dict[str, Any]:
    return {
        "database": db.name,
        "sql": sql,
        "params": params,
        "number": number,
        "duration": duration,
        "edit_url": f"{datasette.urls.database(db.name)}?{urlencode({'sql': sql, **params})}",
    }


async def _html(request: Any, datasette: Any, context: dict[str, Any], status: int = 200) -> Response:
    text = await datasette.render_template("query_plan.html", context, request=request, view_name="query-plan")
    return Response.html(text, status=status, headers={"cache-control": "no-store"})
