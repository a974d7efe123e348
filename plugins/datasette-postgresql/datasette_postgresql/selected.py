"""Which rows a table page's address selects, for plugins that show the same rows in another way."""

from typing import Any

from datasette.utils import await_me_maybe
from datasette.utils.asgi import NotFound

from .samples import Source


async def selected(datasette: Any, request: Any, database: str, table: str) -> Source:
    """By the request's arguments, as on the table's page: filters, `_where`, `_search`, `_through` and other plugins' own.

    Whether the visitor may view the table isn't asked here. Raises NotFound, and what a wrong filter raises on the page.
    """
    from datasette.views.base import ureg  # which loads every plugin, and they import this package

    from .filters import PgFilters
    from .requested import requested

    db = datasette.get_database(database)
    relation = (await db.current_catalogue()).relation(table)
    if relation is None:
        raise NotFound("Table not found")
    names = [name for name in request.args if not name.startswith("_") or "__" in name]
    pairs = sorted((name, value) for name in names for value in request.args.getlist(name))
    units = datasette.table_metadata(database, table).get("units", {})
    clauses, params = PgFilters(pairs, units, ureg, relation=relation).build_where_clauses(table)
    for coming in requested(request=request, table=table, database=database, datasette=datasette):
        found = await await_me_maybe(coming)
        if found:
            clauses.extend(found.where_clauses)
            params.update(found.params)
    where = f"where {' and '.join(clauses)} " if clauses else ""
    return Source(db, request, relation, f"select * from {relation.identifier} {where}", params)
