"""datasette-sky: positions as an all-sky map, cone searches on any table of objects, and lists joined with them.

Reads through datasette-postgresql alone, shows nobody a table that he may not view, and knows no table but by metadata, or by
the names of its columns.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.filters import FilterArguments
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest
from datasette_postgresql import ConfigurationError, PostgresDatabase

from . import conditions, cone_page, coordinates, guess, list_page, maps, positions, settings
from .settings import PLUGIN, Sky
from .skies import Skies, skies
from .targets import has_target, may_view

__all__ = ["ConfigurationError", "Sky"]

STATIC = f"/-/static-plugins/{PLUGIN}"
OWN_PAGES = ("sky_cone.html", "sky_list.html")
LISTS = ("table", "database", "row")  # "database" is also the page of an SQL query's result
MOST_CONES = 10


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the databases come by another plugin's startup
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where the metadata name what isn't there."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        found = Skies(datasette, configured)
        await found.check()
        datasette._sky = found

    return start


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    env.filters["sky_tilde"] = tilde_encode


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/sky/(?P<database>[^/]+)/table/(?P<table>[^/]+)\.json$", maps.of_table),
        (r"^/-/sky/(?P<database>[^/]+)/query/(?P<query>[^/]+)\.json$", maps.of_result),
        (r"^/-/sky/(?P<database>[^/]+)/sql\.json$", maps.of_result),
        (r"^/-/sky/(?P<database>[^/]+)/list$", list_page.list_page),
        (r"^/-/sky/(?P<database>[^/]+)$", cone_page.cone_page),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def filters_from_request(
    request: Any, database: str, table: str, datasette: Any
) -> Callable[[], Awaitable[FilterArguments]] | None:
    """`_cone=ra,decl,radius` in degrees; several must all hold."""
    asked = request.args.getlist("_cone")
    if not asked:
        return None

    async def filters() -> FilterArguments:
        return await _in_cones(datasette, request, database, table, asked)

    return filters


async def _in_cones(datasette: Any, request: Any, database: str, table: str, asked: list[str]) -> FilterArguments:
    sky = await skies(datasette).of(database)
    found = sky.positions(table) if sky else None
    if sky is None or found is None:
        raise BadRequest(f"_cone: the table {table} has no positions")
    if len(asked) > MOST_CONES:
        raise BadRequest(f"More than {MOST_CONES} arguments _cone=")
    if not await may_view(datasette, request.actor, sky.database, sky.objects.table):
        raise BadRequest("_cone: you may not view the objects")
    relation = datasette.get_database(sky.database).catalogue.relation(sky.objects.table)
    functions = await skies(datasette).functions(sky.database)
    clauses: list[str] = []
    params: dict[str, str] = {}
    described: list[str] = []
    for number, text in enumerate(asked):
        try:
            cone = coordinates.cone(text)
        except positions.Unreadable as error:
            raise BadRequest(str(error)) from error
        name = f"cone{number or ''}"
        clauses.append(conditions.in_cone(sky, found, table, relation.identifier, name, functions))
        values = {"ra": cone.centre.ra, "decl": cone.centre.decl, "radius": cone.radius_deg}
        params |= {f"{name}_{key}": repr(value) for key, value in values.items()}
        what = "the object" if found.object and table != sky.objects.table else "the position"
        described.append(f"{what} is within {coordinates.said(cone.radius_deg)} of {cone.centre}")
    return FilterArguments(clauses, params, described)


@hookimpl  # type: ignore[untyped-decorator]
def menu_links(datasette: Any, actor: Any, request: Any) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    async def links() -> list[dict[str, str]]:
        found = [sky for sky in await skies(datasette).all() if await has_target(datasette, actor, sky)]
        paths = [datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}") for sky in found]
        label = "Sky" if len(found) == 1 else "Sky of {}"
        return [{"href": path, "label": label.format(sky.database)} for path, sky in zip(paths, found, strict=True)]

    return links


@hookimpl  # type: ignore[untyped-decorator]
def database_actions(datasette: Any, actor: Any, database: str) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    async def links() -> list[dict[str, str]]:
        sky = await skies(datasette).quietly_of(database)
        if sky is None or not await has_target(datasette, actor, sky):
            return []
        return [{"href": datasette.urls.path(f"/-/sky/{tilde_encode(database)}"), "label": "The sky"}]

    return links


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Any, template: str, database: str | None, view_name: str) -> Callable[[], Awaitable[list[str]]]:
    async def urls() -> list[str]:
        return [f"{STATIC}/sky.css"] if template in OWN_PAGES or await _here(datasette, database, view_name) else []

    return urls


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(
    datasette: Any, template: str, database: str | None, view_name: str
) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
    async def urls() -> list[dict[str, Any]]:
        if template in OWN_PAGES:
            script = "own_page.js"
        elif await _here(datasette, database, view_name):
            script = "in_lists.js"
        else:
            return []
        return [{"url": datasette.urls.path(f"{STATIC}/{script}"), "module": True}]

    return urls


@hookimpl  # type: ignore[untyped-decorator]
def extra_body_script(
    datasette: Any, request: Any, database: str | None, table: str | None, view_name: str
) -> Callable[[], Awaitable[str]]:
    """What a list's script must know, as data; the plugin's own pages have it in their markup."""

    async def script() -> str:
        sky = await _here(datasette, database, view_name)
        if sky is None or request is None:
            return ""
        told = await _told(datasette, request, sky, table, view_name)
        return "window.datasetteSky = " + json.dumps(told).replace("<", "\\u003c")

    return script


async def _told(datasette: Any, request: Any, sky: Sky, table: str | None, view_name: str) -> dict[str, Any]:
    urls, found = datasette.urls, sky.positions(table)
    base = urls.path(f"/-/sky/{tilde_encode(sky.database)}")
    told: dict[str, Any] = {
        "view": view_name,
        "database": urls.database(sky.database),
        "objects": urls.table(sky.database, sky.objects.table),
        "idColumns": sky.id_columns,
        "pairs": {ra: list(declinations) for ra, declinations in guess.PAIRS.items()},
        "named": sky.pairs,
        "frame": sky.frame,
        "cone": base if await has_target(datasette, request.actor, sky) else None,
    }
    db: PostgresDatabase = datasette.get_database(sky.database)
    if view_name == "table" and table is not None and db.catalogue.relation(table) is not None:
        told |= {"table": urls.table(sky.database, table), "tableName": table}
        if found and found.ra:
            told["data"] = f"{base}/table/{tilde_encode(table)}.json"
    elif view_name != "row":
        query = request.url_vars.get("table")  # a canned query stands where tables do
        told["result"] = f"{base}/query/{tilde_encode(tilde_decode(query))}.json" if query else f"{base}/sql.json"
        told["isOwn"] = not query
        told["most"] = db.max_rows
    return told


async def _here(datasette: Any, database: str | None, view_name: str) -> Sky | None:
    return await skies(datasette).quietly_of(database) if view_name in LISTS else None
