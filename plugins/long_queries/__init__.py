"""Long queries: submitted by scripts (tom_compat/long.py) or on a page, run by a worker, kept some days.

The database role of the portal can't write, so the queue is a file in the state folder (store.py); the worker is a process
of its own, `python -m plugins.long_queries`. This is the only room of the plugins that writes anything, and all that it
writes is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from datasette import hookimpl
from datasette.utils import StartupError
from server.settings import Settings

from plugins.accounts import is_portal
from plugins.long_queries.page import CANCEL, DELETE, PAGE, cancel, delete, page
from plugins.long_queries.settings import PLUGIN, BadSetting, Limits
from plugins.long_queries.store import Store

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette


def of(datasette: Datasette) -> Store:
    """The queue of this Datasette."""
    store: Store | None = getattr(datasette, "_elasticc_long_queries", None)
    if store is None:
        limits = Limits.read(datasette.plugin_config(PLUGIN))
        store = datasette._elasticc_long_queries = Store(Settings.from_env().state, limits)
    return store


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Datasette) -> Callable[[], Awaitable[None]]:
    async def start() -> None:
        if not is_portal():
            return
        try:
            of(datasette)
        except BadSetting as error:
            raise StartupError(str(error)) from error
        except OSError as error:
            raise StartupError(f"The state folder {Settings.from_env().state} can't be used: {error.strerror}.") from error

    return start


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    if not is_portal():
        return []
    return [(rf"^{PAGE}$", page), (rf"^{PAGE}/(?P<id>[^/]+)/{CANCEL}$", cancel), (rf"^{PAGE}/(?P<id>[^/]+)/{DELETE}$", delete)]


@hookimpl  # type: ignore[untyped-decorator]
def menu_links(datasette: Datasette, actor: dict[str, Any] | None) -> list[dict[str, str]]:
    return [{"href": datasette.urls.path(PAGE), "label": "Long queries"}] if actor and is_portal() else []
