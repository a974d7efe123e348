"""Who may see what: the tables' own permissions."""

from typing import Any


async def may_view(datasette: Any, actor: Any, database: str, table: str) -> bool:
    permissions = [("view-table", (database, table)), ("view-database", database), "view-instance"]
    visible, _ = await datasette.check_visibility(actor, permissions=permissions)
    return bool(visible)
