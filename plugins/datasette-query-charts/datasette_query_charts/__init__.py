"""datasette-query-charts: a chart of what a table, a canned query or an SQL result shows, drawn by the reader's browser.

Asks no database: it draws the page's own rows, and on demand those of the page's CSV. Knows columns by their names and values.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from datasette import hookimpl

from . import settings
from .settings import PLUGIN, ConfigurationError, Settings

__all__ = ["ConfigurationError", "Settings"]

STATIC = f"/-/static-plugins/{PLUGIN}"
RESULTS = ("table", "database")  # "database" is also the page of a query's result, which alone has columns


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        datasette._query_charts = configured

    return start


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Any, columns: Sequence[str] | None, view_name: str) -> list[str]:
    return [f"{STATIC}/query_charts.css"] if _has_result(columns, view_name) else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(datasette: Any, columns: Sequence[str] | None, view_name: str) -> list[dict[str, Any]]:
    if not _has_result(columns, view_name):
        return []
    return [{"url": datasette.urls.path(f"{STATIC}/query_charts.js"), "module": True}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_body_script(datasette: Any, columns: Sequence[str] | None, view_name: str) -> str:
    """What the settings say, as data, where they say anything."""
    told = settings.of(datasette).told()
    if not told or not _has_result(columns, view_name):
        return ""
    return "window.datasetteQueryCharts = " + json.dumps(told).replace("<", "\\u003c")


def _has_result(columns: Sequence[str] | None, view_name: str) -> bool:
    return view_name in RESULTS and bool(columns)
