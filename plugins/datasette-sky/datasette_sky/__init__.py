"""datasette-sky: positions as an all-sky map, cone searches on any table of objects, and lists joined with them.

Reads through datasette-postgresql alone, shows nobody a table that he may not view, and knows no table but by metadata.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.filters import FilterArguments
from datasette.utils import tilde_encode
from datasette.utils.asgi import BadRequest

from . import check, conditions, coordinates, map_rows, pages, settings
from .permissions import may_view
from .settings import PLUGIN, ConfigurationError, Sky

__all__ = ["ConfigurationError", "Sky"]

STATIC = f"/-/static-plugins/{PLUGIN}"
OWN_PAGES = ("sky_cone.html", "sky_list.html")
LISTS = ("table", "database")  # "database" is also the page of an SQL query's result


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the databases come by another plugin's startup
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where the metadata name what isn't there."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        datasette._sky_has_q3c = {name: await check.check(datasette, sky) for name, sky in configured.items()}
        datasette._sky = configured

    return start


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any) -> None:
    env.filters["sky_tilde"] = tilde_encode


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/sky/(?P<database>[^/]+)/table/(?P<table>[^/]+)\.json$", map_rows.rows),
        (r"^/-/sky/(?P<database>[^/]+)/list$", pages.list_page),
        (r"^/-/sky/(?P<database>[^/]+)$", pages.cone_page),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def filters_from_request(
    request: Any, database: str, table: str, datasette: Any
) -> Callable[[], Awaitable[FilterArguments]] | None:
    """`_cone=ra,decl,radius` in degrees; several must all hold."""
    sky = of(datasette).get(database)
    found = sky.positions(table) if sky else None
    asked = request.args.getlist("_cone")
    if not asked:
        return None
    if sky is None or found is None:
        raise BadRequest(f"_cone: the table {table} has no positions")

    async def filters() -> FilterArguments:
        return await _in_cones(datasette, request, sky, found, table, asked)

    return filters


async def _in_cones(
    datasette: Any, request: Any, sky: Sky, found: settings.Positions, table: str, asked: list[str]
) -> FilterArguments:
    if not await may_view(datasette, request.actor, sky.database, sky.objects.table):
        raise BadRequest("_cone: you may not view the objects")
    relation = datasette.get_database(sky.database).catalogue.relation(sky.objects.table)
    has_q3c = datasette._sky_has_q3c[sky.database]
    clauses: list[str] = []
    params: dict[str, str] = {}
    described: list[str] = []
    for number, text in enumerate(asked):
        try:
            cone = coordinates.cone(text)
        except coordinates.Unreadable as error:
            raise BadRequest(str(error)) from error
        name = f"cone{number or ''}"
        clauses.append(conditions.in_cone(sky, found, table, relation.identifier, name, has_q3c=has_q3c))
        values = {"ra": cone.centre.ra, "decl": cone.centre.decl, "radius": cone.radius_deg}
        params |= {f"{name}_{key}": repr(value) for key, value in values.items()}
        whose = " of an object" if found.object and table != sky.objects.table else ""
        described.append(
            f"within {coordinates.said(cone.radius_deg)}{whose} around ra {cone.centre.ra:.8g}°, decl {cone.centre.decl:.8g}°"
        )
    return FilterArguments(clauses, params, described)


@hookimpl  # type: ignore[untyped-decorator]
def menu_links(datasette: Any, actor: Any, request: Any) -> Callable[[], Awaitable[list[dict[str, str]]]]:
    async def links() -> list[dict[str, str]]:
        found = [sky for sky in of(datasette).values() if await may_view(datasette, actor, sky.database, sky.objects.table)]
        paths = [datasette.urls.path(f"/-/sky/{tilde_encode(sky.database)}") for sky in found]
        label = "Sky" if len(found) == 1 else "Sky of {}"
        return [{"href": path, "label": label.format(sky.database)} for path, sky in zip(paths, found, strict=True)]

    return links


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Any, template: str, database: str | None, table: str | None, view_name: str) -> list[str]:
    return [f"{STATIC}/sky.css"] if template in OWN_PAGES or _here(datasette, database, view_name) else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(
    datasette: Any, template: str, database: str | None, table: str | None, view_name: str
) -> list[dict[str, Any]]:
    script = "own_page.js" if template in OWN_PAGES else "in_lists.js" if _here(datasette, database, view_name) else None
    return [{"url": datasette.urls.path(f"{STATIC}/{script}"), "module": True}] if script else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_body_script(datasette: Any, template: str, database: str | None, table: str | None, view_name: str) -> str:
    """What a list's script must know, as data; the plugin's own pages have it in their markup."""
    sky = _here(datasette, database, view_name)
    if sky is None:
        return ""
    urls, found = datasette.urls, sky.positions(table)
    told: dict[str, Any] = {
        "objects": urls.table(sky.database, sky.objects.table),
        "idColumns": sky.id_columns,
        "pairs": sky.pairs,
        "frame": sky.frame,
        "cone": urls.path(f"/-/sky/{tilde_encode(sky.database)}"),
    }
    if view_name == "table" and table is not None:
        told |= {"table": urls.table(sky.database, table), "tableName": table, "has": bool(found)}
        if found and found.ra:
            told["data"] = urls.path(f"/-/sky/{tilde_encode(sky.database)}/table/{tilde_encode(table)}.json")
    return "window.datasetteSky = " + json.dumps(told).replace("<", "\\u003c")


def of(datasette: Any) -> dict[str, Sky]:
    """The databases that have positions; none before the start."""
    return getattr(datasette, "_sky", {})


def _here(datasette: Any, database: str | None, view_name: str) -> Sky | None:
    return of(datasette).get(database or "") if view_name in LISTS else None
