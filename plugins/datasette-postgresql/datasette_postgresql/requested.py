"""The conditions of a table page that other arguments ask for: `_where`, `_search`, `_through`, and other plugins' own.

They take the place of the core's three in the hook filters_from_request, which write SQLite.
"""

import json
from functools import partial
from typing import Any

from datasette.filters import FilterArguments
from datasette.plugins import pm
from datasette.utils import path_with_removed_args
from datasette.utils.asgi import BadRequest
from datasette.views.base import DatasetteError

from .filters import clause
from .quoting import quote
from .search import search

# Each makes a query, or links with all the others in them: 2,000 took 41 s of the event loop.
COSTLY = ("_where", "_through", "_facet", "_facet_array", "_facet_date")
MOST_COSTLY = 50
REPLACED = ("where_filters.", "search_filters.", "through_filters.")


def requested(*, request: Any, table: str, database: str, datasette: Any) -> list[Any]:
    if sum(len(request.args.getlist(name)) for name in COSTLY) > MOST_COSTLY:
        raise DatasetteError(f"More than {MOST_COSTLY} arguments {', '.join(f'{name}=' for name in COSTLY)}", status=400)
    found = pm.hook.filters_from_request(request=request, table=table, database=database, datasette=datasette)
    others = []
    for hook in found:
        if _is_replaced(hook):
            continue
        others.append(hook)
    return [*others, *(partial(function, request, table, database, datasette) for function in (where, search, through))]


def _is_replaced(hook: Any) -> bool:
    """Another plugin may have returned its FilterArguments themselves, which have no __qualname__."""
    return getattr(hook, "__module__", "") == "datasette.filters" and getattr(hook, "__qualname__", "").startswith(REPLACED)


async def where(request: Any, table: str, database: str, datasette: Any) -> Any:
    """In brackets, so that an `or` in it can't break the paging."""
    texts = request.args.getlist("_where")
    if texts and not await datasette.permission_allowed(request.actor, "execute-sql", resource=database, default=True):
        raise DatasetteError("_where= is not allowed", status=403)
    for_page = [{"text": text, "remove_url": path_with_removed_args(request, {"_where": text})} for text in texts]
    clauses = [f"({text}\n)" if "--" in text else f"({text})" for text in texts]
    return FilterArguments(clauses, extra_context={"extra_wheres_for_ui": for_page})


async def through(request: Any, table: str, database: str, datasette: Any) -> Any:
    """`{"table": …, "column": …, "value": …}`: rows that a row of another table refers to."""
    db = datasette.get_database(database)
    clauses, params, described = [], {}, []
    for number, text in enumerate(request.args.getlist("_through")):
        other, column, value = _parts(text)
        permissions = [("view-table", (database, other)), ("view-database", database), "view-instance"]
        await datasette.ensure_permissions(request.actor, permissions)
        keys = [key for key in await db.foreign_keys_for_table(other) if key["other_table"] == table]
        relation = db.catalogue.relation(other)
        if not keys or relation is None:
            raise DatasetteError("Invalid _through - could not find corresponding foreign key", status=400)
        sql, values = clause(relation.column(column), quote(column), "exact", value)
        param = f"through_{number}"
        clauses.append(
            f"{quote(keys[0]['other_column'])} in "
            f"(select {quote(keys[0]['column'])} from {relation.identifier} where {sql.format(f':{param}')})"
        )
        params.update(dict.fromkeys([param], value) if values else {})
        described.append(f'{other}.{column} = "{value}"')
    return FilterArguments(clauses, params, described)


def _parts(text: str) -> tuple[str, str, str]:
    try:
        data = json.loads(text)
        return str(data["table"]), str(data["column"]), str(data["value"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest('_through must be {"table": …, "column": …, "value": …}') from error
