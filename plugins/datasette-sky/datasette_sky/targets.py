"""The tables that a position or a list is looked for in, as far as a visitor may see them."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from datasette_postgresql import Table

from .conditions import quote
from .settings import Sky

MOST_SHOWN_COLUMNS = 40
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True)
class Target:
    """`key` are the columns of a row's address, `id` the one that a list's ids mean; `shown` stand beside the position."""

    relation: Table
    ra: str
    decl: str
    id: str | None
    key: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.relation.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Of a result, without the separation: key, position, the others."""
        return tuple(dict.fromkeys((*self.key, self.ra, self.decl, *self.shown)))

    def sql(self, column: str) -> str:
        """Behind the dot every word is a name; only other letters than these must be quoted."""
        return f"o.{column if _PLAIN.fullmatch(column) else quote(column)}"


async def targets(datasette: Any, actor: Any, sky: Sky) -> dict[str, Target]:
    """By name, the objects first: tables with positions of their own, but for those whose rows belong to an object."""
    return {target.name: target async for target in _each(datasette, actor, sky)}


async def has_target(datasette: Any, actor: Any, sky: Sky) -> bool:
    """Whether there is any: every page's menu asks, of a database with thousands of tables, too."""
    async for _ in _each(datasette, actor, sky):
        return True
    return False


async def _each(datasette: Any, actor: Any, sky: Sky) -> AsyncIterator[Target]:
    catalogue = await datasette.get_database(sky.database).current_catalogue()
    objects = sky.objects
    found = {objects.table: (objects.ra, objects.decl, objects.id)}
    for name, one in sky.tables.items():
        if one.ra and one.decl and not one.object:
            found.setdefault(name, (one.ra, one.decl, None))
    for name, (ra, decl, key) in found.items():
        relation = catalogue.relation(name)
        if relation is not None and await may_view(datasette, actor, sky.database, name):
            yield _target(relation, ra, decl, key, sky.show if name == objects.table else ())


def _target(relation: Table, ra: str, decl: str, id_: str | None, show: tuple[str, ...]) -> Target:
    key = relation.row_key
    others = show or relation.column_names[:MOST_SHOWN_COLUMNS]
    return Target(relation, ra, decl, id_ or (key[0] if len(key) == 1 else None), key or ((id_,) if id_ else ()), others)


async def linked(datasette: Any, actor: Any, sky: Sky, target: Target) -> Mapping[str, str]:
    """Tables whose rows belong to the target's, with the column that says so."""
    if target.name != sky.objects.table:
        return {}
    found = {name: one.object for name, one in sky.tables.items() if one.object}
    return {name: column for name, column in found.items() if column and await may_view(datasette, actor, sky.database, name)}


async def may_view(datasette: Any, actor: Any, database: str, table: str) -> bool:
    """By the table's own permissions."""
    permissions = [("view-table", (database, table)), ("view-database", database), "view-instance"]
    visible, _ = await datasette.check_visibility(actor, permissions=permissions)
    return bool(visible)
