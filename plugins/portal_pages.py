"""What the portal's own templates know beyond Datasette: the metadata's order of tables, and that nobody needs a padlock.

Everybody who sees a page has logged in, and a stranger sees none: that a page is private says nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from datasette import hookimpl

from plugins.accounts import is_portal


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(datasette: Any) -> dict[str, Any]:
    if not is_portal():
        return {}

    def in_order(relations: Sequence[Mapping[str, Any]], database: str) -> list[Mapping[str, Any]]:
        """Tables as the metadata names them, the most important first; those that it doesn't name follow."""
        named = _named(datasette, database)
        return sorted(relations, key=lambda relation: named.get(relation["name"], len(named)))

    return {"private": False, "in_order": in_order}


def _named(datasette: Any, database: str) -> dict[str, int]:
    """Of metadata.yml alone: what Datasette.metadata() gives begins with the tables that plugins describe, by name."""
    databases = (datasette._metadata_local or {}).get("databases") or {}
    tables = (databases.get(database) or {}).get("tables") or {}
    return {name: place for place, name in enumerate(tables)}
