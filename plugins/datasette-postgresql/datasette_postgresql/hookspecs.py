"""The hooks that other plugins may implement for PostgreSQL databases."""

from collections.abc import Awaitable
from typing import Any

from pluggy import HookspecMarker

hookspec = HookspecMarker("datasette")


@hookspec
def postgresql_table_count(datasette: Any, database: str, table: str) -> int | Awaitable[int | None] | None:
    """The exact number of rows of the whole table, where it is known without counting; None where it isn't."""
