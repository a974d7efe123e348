"""datasette-schema: what each table and column of a database is, and how tables refer to each other; the same as JSON.

Shows nobody a table that he may not view. Reads no table: what is told of values comes from PostgreSQL's statistics.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette_postgresql import ConfigurationError, PostgresDatabase

from . import check, page, settings, shown
from .settings import PLUGIN, Ucds

__all__ = ["ConfigurationError", "Ucds"]

STATIC = f"/-/static-plugins/{PLUGIN}"
PAGES = ("schema_browser.html", "schema_table.html")


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the databases come by another plugin's startup
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where the metadata name what isn't there."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        for name, ucds in configured.items():
            await check.check(datasette, name, ucds)
        datasette._schema_ucds = configured

    return start


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/schema/(?P<database>[^/.]+)(?P<json>\.json)?$", page.database_page),
        (r"^/-/schema/(?P<database>[^/.]+)/(?P<table>[^/.]+)(?P<json>\.json)?$", page.table_page),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    env.filters.update(
        schema_share=shown.share, schema_number=shown.number, schema_bars=shown.bars, schema_size=shown.size,
        schema_marked=shown.marked, schema_serves=shown.serves, schema_value=shown.value,
    )  # fmt: skip


@hookimpl  # type: ignore[untyped-decorator]
def menu_links(datasette: Any, actor: Any) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    async def links() -> list[dict[str, str]]:
        found = []
        for db in datasette.databases.values():
            if isinstance(db, PostgresDatabase):
                visible, _ = await datasette.check_visibility(actor, permissions=[("view-database", db.name), "view-instance"])
                found += [db] if visible else []
        label = "Schema" if len(found) == 1 else "Schema of {}"
        return [{"href": page.address(datasette, db), "label": label.format(db.name)} for db in found]

    return links


@hookimpl  # type: ignore[untyped-decorator]
def database_actions(datasette: Any, database: str) -> list[dict[str, str]]:
    db = datasette.databases.get(database)
    if not isinstance(db, PostgresDatabase):
        return []
    return [{"href": page.address(datasette, db), "label": "Schema: what every table and column means"}]


@hookimpl  # type: ignore[untyped-decorator]
def table_actions(datasette: Any, database: str, table: str) -> list[dict[str, str]]:
    db = datasette.databases.get(database)
    if not isinstance(db, PostgresDatabase):
        return []
    return [{"href": page.address(datasette, db, table), "label": "Schema: columns, units, statistics, links"}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(template: str) -> list[str]:
    return [f"{STATIC}/schema.css"] if template in PAGES else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(datasette: Any, template: str, database: str | None, view_name: str) -> list[dict[str, Any]]:
    """On the SQL page and the database's, a link beside the button that runs SQL."""
    if template in PAGES:
        file = "schema.js"
    elif view_name == "database" and isinstance(datasette.databases.get(database), PostgresDatabase):
        file = "sql_link.js"
    else:
        return []
    return [{"url": datasette.urls.path(f"{STATIC}/{file}"), "module": True}]
