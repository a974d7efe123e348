"""The hooks that other plugins may implement for PostgreSQL databases."""

import sys
from collections.abc import Awaitable
from typing import Any

from pluggy import HookspecMarker

hookspec = HookspecMarker("datasette")


@hookspec
def postgresql_table_count(datasette: Any, database: str, table: str) -> int | Awaitable[int | None] | None:
    """The exact number of rows of the whole table, where it is known without counting; None where it isn't."""


def table_count_hook() -> Any:
    """Its specification is added at the first call: importing Datasette's plugin manager loads every plugin, this one too."""
    from datasette.plugins import pm

    hook = getattr(pm.hook, postgresql_table_count.__name__, None)
    if hook is None or hook.spec is None:
        pm.add_hookspecs(sys.modules[__name__])
    return pm.hook.postgresql_table_count
