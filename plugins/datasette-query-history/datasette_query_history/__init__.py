"""datasette-query-history: what each user asked in SQL, and saved queries with a title and a link.

The history is its owner's alone. A saved query can be read by whoever has its link, is logged in, and may ask in SQL.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl

from . import pages, settings
from .pages import HISTORY, SAVED
from .settings import PLUGIN, ConfigurationError, Settings
from .store import Query, Store

__all__ = ["ConfigurationError", "Settings", "Store"]


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence, also where the file can't be written."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        if configured is None:
            return
        try:
            datasette._query_history = await asyncio.to_thread(Store, configured)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"{PLUGIN}: the folder {configured.folder} can't be used: {error}.") from error

    return start


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (rf"^{HISTORY}$", pages.history),
        (rf"^{HISTORY}/delete$", pages.forget),
        (rf"^{SAVED}$", pages.save),
        (rf"^{SAVED}/(?P<id>[\w-]+)$", pages.saved),
        (rf"^{SAVED}/(?P<id>[\w-]+)/delete$", pages.delete),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def menu_links(datasette: Any, actor: dict[str, Any] | None) -> list[dict[str, str]]:
    if not pages.is_on(datasette) or not pages.owner_of(actor):
        return []
    return [{"href": datasette.urls.path(HISTORY), "label": "Your queries"}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Any, view_name: str) -> list[str]:
    return [f"/-/static-plugins/{PLUGIN}/query_history.css"] if view_name == "database" and pages.is_on(datasette) else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(datasette: Any, request: Any, view_name: str) -> list[dict[str, Any]]:
    if not _asked(datasette, request, view_name):
        return []
    return [{"url": datasette.urls.path(f"/-/static-plugins/{PLUGIN}/save_form.js"), "module": True}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_body_script(datasette: Any, request: Any, database: str | None, columns: Any, view_name: str) -> Any:
    """The query is remembered while its page is made: it has columns where it didn't fail."""
    sql = _asked(datasette, request, view_name)
    if not sql or database is None:
        return ""
    query = Query(database, sql, pages.parameters_of(request))
    told = {
        "save": datasette.urls.path(SAVED),
        "history": datasette.urls.path(HISTORY),
        "query": {"database": query.database, "sql": query.sql, "parameters": json.dumps(query.parameters)},
        "csrftoken": request.scope["csrftoken"](),
    }
    script = "window.datasetteQueryHistory = " + json.dumps(told).replace("<", "\\u003c")

    async def remember() -> str:
        try:
            await asyncio.to_thread(datasette._query_history.remember, pages.owner_of(request.actor), query)
        except sqlite3.Error as error:  # the answer is worth more than its entry
            sys.stderr.write(f"ERROR: {PLUGIN}: a query was not remembered: {error}\n")
        return script

    return remember if columns else script


def _asked(datasette: Any, request: Any, view_name: str) -> str | None:
    """The SQL that a user of whom something is kept has asked on this page."""
    if view_name != "database" or not request or not pages.is_on(datasette) or not pages.owner_of(request.actor):
        return None
    return request.args.get("sql") or None
