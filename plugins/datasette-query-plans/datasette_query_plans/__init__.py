"""datasette-query-plans: how PostgreSQL will answer a query, as a readable tree; and a question before a dear one runs.

Plans are asked for through datasette-postgresql, by whoever may ask in SQL. Other databases' pages stay as they are.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl

from . import settings
from .pages import plan_page, sql_page
from .settings import PLUGIN, ConfigurationError, Settings

__all__ = ["ConfigurationError", "Settings"]


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        datasette._query_plans = configured

    return start


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the SQL page has the core's address, which is no other plugin's
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/query-plan/(?P<database>[^/.]+)(?P<json>\.json)?$", plan_page),
        (r"^/(?P<database>[^/.]+)$", sql_page),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(datasette: Any, view_name: str) -> list[dict[str, Any]]:
    """Leads the page's link "Explain" to the tree; without JavaScript it leads to PostgreSQL's own text."""
    if view_name not in ("database", "table"):
        return []
    return [{"url": datasette.urls.path(f"/-/static-plugins/{PLUGIN}/explain_link.js"), "module": True}]
