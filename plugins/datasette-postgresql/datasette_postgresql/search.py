"""`_search`: what of a table can be searched, and the condition for it.

In this order: its tsvector columns, its text-search indexes on expressions, its trigram indexes; the text columns of a table
that the metadata names as its own fts_table. A table that `fts_table` or `?_fts_table=` names is searched in the place of a
view, whose `fts_pk` is that table's key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasette.filters import FilterArguments
from datasette.utils.asgi import BadRequest

from .catalogue import Table
from .columns import base, is_text
from .quoting import quote

TRIGRAMS = ("gin_trgm_ops", "gist_trgm_ops")
VECTORS = ("tsvector_ops",)
LANGUAGE = re.compile(r"to_tsvector\(('(?:[^']|'')+'::regconfig),")
WORDS = re.compile(r'"([^"]+)"|(\S+)')


@dataclass(frozen=True, slots=True)
class Searchable:
    """SQL of a tsvector and of its language ("" is the server's default), or of a text with a trigram index."""

    sql: str
    language: str = ""
    has_trigrams: bool = False


def searchable(relation: Table) -> list[Searchable]:
    """Without a whole-table fallback: what an index or a column is there for."""
    columns = [
        Searchable(quote(column.name), _language(column.default or ""))
        for column in relation.columns
        if base(column) == "tsvector"
    ]
    known = {column.sql for column in columns}
    keys = [key for index in relation.indexes if not index.is_partial for key in index.keys]
    indexed = {sql: Searchable(sql, _language(sql)) for sql, operators in keys if operators in VECTORS}
    documents = columns + [found for sql, found in indexed.items() if sql not in known and LANGUAGE.search(sql)]
    if documents:
        return documents
    return [Searchable(sql, has_trigrams=True) for sql in dict.fromkeys(sql for sql, ops in keys if ops in TRIGRAMS)]


def _language(sql: str) -> str:
    found = LANGUAGE.search(sql)
    return found[1] if found else ""


async def search(request: Any, table: str, database: str, datasette: Any) -> Any:
    """`_search=`, or `_search_COLUMN=` once or several times; `_searchmode=raw` takes the text as PostgreSQL's own query."""
    db, metadata = datasette.get_database(database), datasette.table_metadata(database, table)
    named = request.args.get("_fts_table")
    if named and named != table:
        permissions = [("view-table", (database, named)), ("view-database", database), "view-instance"]
        await datasette.ensure_permissions(request.actor, permissions)
    searched = db.catalogue.relation(named or metadata.get("fts_table") or table)
    if named and searched is None:
        raise BadRequest(f"There is no table {named} to search in")
    found = _found(searched, is_own=(named or metadata.get("fts_table")) == table) if searched else []
    asked = {key: request.args[key] for key in request.args if key.startswith("_search") and key != "_searchmode"}
    context: dict[str, Any] = {"supports_search": bool(found)}
    if not (searched and found and asked):
        return FilterArguments([], {}, [], context)
    if "_search" in asked:
        asked = {"_search": asked["_search"]}
    is_raw = (request.args.get("_searchmode") or metadata.get("searchmode")) == "raw"
    clauses, described = [], []
    params: dict[str, str] = {}
    for number, (key, text) in enumerate(asked.items()):
        name = None if key == "_search" else key.removeprefix("_search_")
        places = found if name is None else [_in_column(searched, name, found)]
        condition, values = _condition(places, text, "search" if name is None else f"search_{number}", is_raw=is_raw)
        clauses.append(condition)
        params.update(values)
        described.append(f'search matches "{text}"' if name is None else f'search column "{name}" matches "{text}"')
        context["search"] = text
    if searched.name != table:
        key = _key(searched)
        outer = request.args.get("_fts_pk") or metadata.get("fts_pk") or key
        clauses = [
            f"{quote(outer)} in (select {quote(key)} from {searched.identifier} where {condition})" for condition in clauses
        ]
    return FilterArguments(clauses, params, described, context)


def _found(relation: Table, *, is_own: bool) -> list[Searchable]:
    texts = [f"coalesce({quote(column.name)}::text, '')" for column in relation.columns if is_text(column)]
    whole = " || ' ' || ".join(texts)
    return searchable(relation) or ([Searchable(f"to_tsvector({whole})")] if is_own and texts else [])


def _in_column(relation: Table, name: str, found: list[Searchable]) -> Searchable:
    column = relation.column(name)
    if column is not None and base(column) == "tsvector":
        return Searchable(quote(name), _language(column.default or ""))
    if column is None or not is_text(column):
        raise BadRequest("Cannot search by that column")
    if found[0].has_trigrams:
        return Searchable(quote(name), has_trigrams=True)
    language = found[0].language
    return Searchable(f"to_tsvector({f'{language}, ' if language else ''}{quote(name)}::text)", language)


def _key(relation: Table) -> str:
    if len(relation.row_key) != 1:
        raise BadRequest(f"{relation.name} has no key of one column, so it can't be searched for another")
    return relation.row_key[0]


def _condition(places: list[Searchable], text: str, param: str, *, is_raw: bool) -> tuple[str, Mapping[str, str]]:
    if places[0].has_trigrams:
        return _by_trigrams(places, text, param, is_raw=is_raw)
    function = "to_tsquery" if is_raw else "websearch_to_tsquery"
    parts = [f"{p.sql} @@ {function}({f'{p.language}, ' if p.language else ''}:{param})" for p in places]
    return f"({' or '.join(parts)})", {param: raw_query(text) if is_raw else text}


def _by_trigrams(places: list[Searchable], text: str, param: str, *, is_raw: bool) -> tuple[str, Mapping[str, str]]:
    """Every word, or text in quotes, somewhere; raw, the text is one pattern of `ilike`."""
    words = [text] if is_raw else [f"%{_escaped(quoted or word)}%" for quoted, word in WORDS.findall(text)]
    params = {f"{param}_word_{i}": word for i, word in enumerate(words)}
    each = [f"({' or '.join(f'{place.sql} ilike :{name}' for place in places)})" for name in params]
    return (" and ".join(each) if each else "false"), params


def _escaped(word: str) -> str:
    return re.sub(r"[\\%_]", r"\\\g<0>", word)


def raw_query(text: str) -> str:
    """to_tsquery's language, and what of SQLite's is the same in other words: `te*`, AND, OR, NOT."""
    text = re.sub(r"(\w)\*", r"\1:*", text)
    text = re.sub(r"\s+AND\s+", " & ", text)
    text = re.sub(r"\s+OR\s+", " | ", text)
    text = re.sub(r"(^|[&|(!])(\s*)NOT\s+", r"\1\2!", text)
    return re.sub(r"\s+NOT\s+", " & !", text)
