"""A user's own queries with what deletes and saves them, and the page that a saved query's link opens."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode

from datasette.utils.asgi import Forbidden, NotFound, Response

from .store import Query, Refused, Remembered, Store

HISTORY, SAVED = "/-/your-queries", "/-/saved-queries"
NO_STORE = {"cache-control": "no-store"}


def is_on(datasette: Any) -> bool:
    return hasattr(datasette, "_query_history")


def owner_of(actor: dict[str, Any] | None) -> str:
    """Empty for whoever has no name: of them nothing is kept."""
    identity = (actor or {}).get("id")
    return "" if identity is None else str(identity)


def parameters_of(request: Any) -> dict[str, str]:
    """What a page was asked beside the SQL, without what is Datasette's own."""
    return {key: request.args[key] for key in request.args if key != "sql" and not key.startswith("_")}


async def history(request: Any, datasette: Any) -> Response:
    store, owner = _opened(request, datasette)
    remembered = await asyncio.to_thread(store.history, owner)
    kept = await asyncio.to_thread(store.saved_of, owner)
    context = {
        **_tools(datasette),
        "remembered": remembered,
        "saved": kept,
        "limit": store.settings.remembered,
        "several": len({item.query.database for item in [*remembered, *kept]}) > 1,
    }
    return await _html(request, datasette, "query_history.html", context)


async def saved(request: Any, datasette: Any) -> Response:
    """For whoever is logged in and may ask the database in SQL."""
    store, owner = _opened(request, datasette)
    item = await asyncio.to_thread(store.find, request.url_vars["id"])
    if item is None or item.query.database not in datasette.databases:
        raise NotFound("There is no such saved query; perhaps it was deleted.")
    if not await datasette.permission_allowed(request.actor, "execute-sql", item.query.database, default=True):
        raise Forbidden("You may not ask this database in SQL.")
    context = {**_tools(datasette), "item": item, "is_own": item.owner == owner, "database": item.query.database}
    return await _html(request, datasette, "saved_query.html", context)


async def save(request: Any, datasette: Any) -> Response:
    store, owner = _opened(request, datasette)
    form = await _form(request)
    try:
        query = Query(form.get("database", ""), form.get("sql", ""), _parameters(form.get("parameters")))
        if query.database not in datasette.databases:
            raise Refused(f"There is no database {query.database!r}.")
        identity = await asyncio.to_thread(store.save, owner, form.get("title", ""), query)
    except Refused as error:
        datasette.add_message(request, str(error), datasette.ERROR)
        return Response.redirect(datasette.urls.path(HISTORY))
    return Response.redirect(datasette.urls.path(f"{SAVED}/{identity}"))


async def delete(request: Any, datasette: Any) -> Response:
    store, owner = _opened(request, datasette)
    await _form(request)
    if not await asyncio.to_thread(store.delete, owner, request.url_vars["id"]):
        raise NotFound("You have no such saved query.")
    datasette.add_message(request, "The saved query is deleted; its link leads nowhere now.", datasette.INFO)
    return Response.redirect(datasette.urls.path(HISTORY))


async def forget(request: Any, datasette: Any) -> Response:
    """`id` is one entry's, `all` means all."""
    store, owner = _opened(request, datasette)
    form = await _form(request)
    number = form.get("id")
    if number is None and form.get("all") != "on":
        return Response.text("Say which: id, or all=on.", status=400)
    await asyncio.to_thread(store.forget, owner, number)
    return Response.redirect(datasette.urls.path(HISTORY))


def _opened(request: Any, datasette: Any) -> tuple[Store, str]:
    """Raises NotFound where nothing is kept, Forbidden for whoever has no name."""
    if not is_on(datasette):
        raise NotFound("No queries are kept here")
    owner = owner_of(request.actor)
    if not owner:
        raise Forbidden("Log in to have queries kept.")
    return datasette._query_history, owner


async def _form(request: Any) -> dict[str, str]:
    """Datasette's CSRF check has read its token."""
    if request.method != "POST":
        raise NotFound("This address takes POST alone")
    form: dict[str, str] = await request.post_vars()
    return form


def _parameters(text: str | None) -> dict[str, str]:
    """Raises Refused."""
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise Refused("The parameters are no JSON.") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Refused("The parameters must be texts by name.")
    return found


def _tools(datasette: Any) -> dict[str, Any]:
    def run_url(item: Remembered) -> str:
        query = item.query
        return f"{datasette.urls.database(query.database)}?{urlencode({'sql': query.sql, **query.parameters})}"

    return {"run_url": run_url, "when": _when, "json": json.dumps, "history_path": HISTORY, "saved_path": SAVED}


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


async def _html(request: Any, datasette: Any, template: str, context: dict[str, Any]) -> Response:
    text = await datasette.render_template(template, context, request=request, view_name="query-history")
    return Response.html(text, headers=NO_STORE)
