"""datasette-survey-home: a home page that says what a survey's database holds, finds an object, and shows where to start.

Knows no table but by metadata; shows nobody what he may not view. Without settings Datasette's own page stays.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette_postgresql import ConfigurationError

from . import check, find, page, settings
from .settings import PLUGIN, Home

__all__ = ["ConfigurationError", "Home"]


@hookimpl(trylast=True)  # type: ignore[untyped-decorator]  # the databases come by another plugin's startup
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    """Raises ConfigurationError with one sentence where the metadata name what isn't there."""
    home = settings.read(datasette.plugin_config(PLUGIN))

    async def start() -> None:
        if home is not None:
            await check.check(datasette, home)
        datasette._survey_home = home

    return start


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/find$", find.find)]


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(template: str, datasette: Any) -> list[str]:
    return [f"/-/static-plugins/{PLUGIN}/home.css"] if template in ("index.html", "survey_find.html") else []


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(
    template: str, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | dict[str, Any]:
    home: Home | None = getattr(datasette, "_survey_home", None)
    if template != "index.html" or home is None:
        return {}

    async def variables() -> dict[str, Any]:
        return {"survey": await page.survey(datasette, request, home)}

    return variables
