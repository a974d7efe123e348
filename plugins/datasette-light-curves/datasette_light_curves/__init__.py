"""datasette-light-curves: an object's light curve on its row's page, and a column of small ones wherever its id stands.

Reads through datasette-postgresql alone, shows nobody a table that he may not view, and knows no table but by metadata.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_decode
from datasette_postgresql import ConfigurationError

from . import answers, check, settings
from .settings import PLUGIN, LightCurves

__all__ = ["ConfigurationError", "LightCurves"]

STATIC = f"/-/static-plugins/{PLUGIN}"
# The points are asked for while the page's scripts are still on their way.
EARLY = ";\ndatasetteLightCurves.answer = fetch(datasetteLightCurves.data).catch(() => null)"
LISTS = ("table", "database", "row")  # "database" is also the page of an SQL query's result


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the databases come by another plugin's startup
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where the metadata name what isn't there."""
    configured = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        for curves in configured.values():
            await check.check(datasette, curves)
        datasette._light_curves = configured

    return start


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/-/light-curves/(?P<database>[^/]+)\.json$", answers.sparks),
        (r"^/-/light-curves/(?P<database>[^/]+)/(?P<object>[^/]+)\.json$", answers.light_curve),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Any, database: str | None, table: str | None, view_name: str) -> list[str]:
    return [f"{STATIC}/light_curves.css"] if _here(datasette, database, view_name) else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_js_urls(datasette: Any, database: str | None, table: str | None, view_name: str) -> list[dict[str, Any]]:
    curves = _here(datasette, database, view_name)
    if curves is None:
        return []
    script = "light_curve.js" if _is_object_page(curves, table, view_name) else "sparklines.js"
    return [{"url": datasette.urls.path(f"{STATIC}/{script}"), "module": True}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_body_script(datasette: Any, request: Any, database: str | None, table: str | None, view_name: str) -> str:
    """What the page's script must know, as data: addresses, and how bands look."""
    curves = _here(datasette, database, view_name)
    if curves is None:
        return ""
    urls = datasette.urls
    told: dict[str, Any] = {
        "objects": urls.table(curves.database, curves.objects.table),
        "bands": {band.name: [band.light, band.dark, band.marker] for band in curves.bands},
    }
    if _is_object_page(curves, table, view_name):
        object_id = tilde_decode(request.url_vars["pks"])
        told |= {
            "object": object_id,
            "data": urls.path(f"/-/light-curves/{database}/{request.url_vars['pks']}.json"),
            "detections": urls.table(curves.database, curves.detections.table),
            "forced": curves.forced and urls.table(curves.database, curves.forced.table),
            "zeroPoint": curves.zero_point,
            "fluxUnit": curves.flux_unit,
            "timeScale": curves.time_scale,
            "sigma": curves.upper_limit_sigma,
        }
        if curves.classifications:
            told["classTable"] = urls.query(curves.database, curves.classifications.query)
            told["classParameter"] = curves.classifications.parameter
    else:
        told |= {
            "data": urls.path(f"/-/light-curves/{database}.json"),
            "columns": curves.id_columns,
            "page": view_name,
        }
    script = "window.datasetteLightCurves = " + json.dumps(told).replace("<", "\\u003c")
    return script + (EARLY if "object" in told else "")


def of(datasette: Any) -> dict[str, LightCurves]:
    """The databases that have light curves; none before the start."""
    return getattr(datasette, "_light_curves", {})


def _here(datasette: Any, database: str | None, view_name: str) -> LightCurves | None:
    return of(datasette).get(database or "") if view_name in LISTS else None


def _is_object_page(curves: LightCurves, table: str | None, view_name: str) -> bool:
    return view_name == "row" and table == curves.objects.table
