"""The conditions of a table page that other arguments ask for: `_where`, `_search`, `_through`, and other plugins' own.

They take the place of the core's three in the hook filters_from_request, which write SQLite.
"""

import json
import re
from functools import partial
from typing import Any

from datasette.filters import FilterArguments
from datasette.plugins import pm
from datasette.utils import path_with_removed_args
from datasette.utils.asgi import BadRequest
from datasette.views.base import DatasetteError

from .catalogue import Table
from .columns import base, is_text
from .filters import clause
from .quoting import quote

REPLACED = ("where_filters.", "search_filters.", "through_filters.")


def requested(*, request: Any, table: str, database: str, datasette: Any) -> list[Any]:
    found = pm.hook.filters_from_request(request=request, table=table, database=database, datasette=datasette)
    others = []
    for hook in found:
        if _is_replaced(hook):
            continue
        others.append(hook)
    return [*others, *(partial(function, request, table, database, datasette) for function in (where, search, through))]


def _is_replaced(hook: Any) -> bool:
    return getattr(hook, "__module__", "") == "datasette.filters" and hook.__qualname__.startswith(REPLACED)


async def where(request: Any, table: str, database: str, datasette: Any) -> Any:
    """In brackets, so that an `or` in it can't break the paging."""
    texts = request.args.getlist("_where")
    if texts and not await datasette.permission_allowed(request.actor, "execute-sql", resource=database, default=True):
        raise DatasetteError("_where= is not allowed", status=403)
    for_page = [{"text": text, "remove_url": path_with_removed_args(request, {"_where": text})} for text in texts]
    clauses = [f"({text}\n)" if "--" in text else f"({text})" for text in texts]
    return FilterArguments(clauses, extra_context={"extra_wheres_for_ui": for_page})


async def search(request: Any, table: str, database: str, datasette: Any) -> Any:
    """In tsvector columns; in the text columns where the metadata names the table as its own fts_table."""
    relation = datasette.get_database(database).catalogue.relation(table)
    metadata = datasette.table_metadata(database, table)
    documents = _documents(relation, every_text=metadata.get("fts_table") == table) if relation else []
    context: dict[str, Any] = {"supports_search": bool(documents)}
    asked = {key: request.args[key] for key in request.args if key.startswith("_search") and key != "_searchmode"}
    is_raw = (request.args.get("_searchmode") or metadata.get("searchmode")) == "raw"
    function = "to_tsquery" if is_raw else "websearch_to_tsquery"
    if "_search" in asked:
        asked = {"_search": asked["_search"]}
    clauses, params, described = [], {}, []
    for i, (key, text) in enumerate(asked.items() if documents else ()):
        vectors, param, words = documents, "search", f'search matches "{text}"'
        if key != "_search":
            name, param = key.removeprefix("_search_"), f"search_{i}"
            vectors, words = [_document(relation, name)], f'search column "{name}" matches "{text}"'
        clauses.append(f"({' or '.join(f'{vector} @@ {function}(:{param})' for vector in vectors)})")
        params[param] = _prefixes(text) if is_raw else text
        described.append(words)
        context["search"] = text
    return FilterArguments(clauses, params, described, context)


def _prefixes(text: str) -> str:
    """SQLite's `te*` is `te:*` here."""
    return re.sub(r"(\w)\*", r"\1:*", text)


def _documents(relation: Table, *, every_text: bool) -> list[str]:
    """SQL of tsvectors; columns of that type stand bare, so that their index is used."""
    vectors = [quote(c.name) for c in relation.columns if base(c) == "tsvector"]
    texts = [f"coalesce({quote(c.name)}::text, '')" for c in relation.columns if is_text(c)]
    if vectors or not every_text or not texts:
        return vectors
    text = " || ' ' || ".join(texts)
    return [f"to_tsvector({text})"]


def _document(relation: Table | None, name: str) -> str:
    column = relation.column(name) if relation else None
    if column is not None and base(column) == "tsvector":
        return quote(name)
    if column is None or not is_text(column):
        raise BadRequest("Cannot search by that column")
    return f"to_tsvector({quote(name)}::text)"


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
