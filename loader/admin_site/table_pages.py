"""The published tables, to look at: a page of rows, one row with its columns' meanings, a search by indexed columns."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from typing import Any, Literal
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from loader.admin_site import relations
from loader.admin_site.relations import A_PAGE, MOST_FOUND, Relation, published

COLUMNS_SHOWN = 9

__all__ = ["published", "row", "table", "tables"]


def tables(request: HttpRequest) -> HttpResponse:
    context = {"title": "Tables", "relations": published()}
    return TemplateResponse(request, "loader_admin/tables.html", admin.site.each_context(request) | context)


def table(request: HttpRequest, name: str) -> HttpResponse:
    relation = _find(name)
    shown = _shown(relation)
    context: dict[str, Any] = {
        "title": name,
        "relation": relation,
        "columns": shown,
        "hidden": len(relation.columns) - len(shown),
    }
    column, value = request.GET.get("column", ""), request.GET.get("value", "").strip()
    try:
        if value and column in relation.indexed:
            if relation.key == (column,) and relations.one(relation, [value]) is not None:
                return redirect(_row_url(relation, [value]))
            context |= _search(relation, shown, column, value)
        else:
            context |= _browse(relation, shown, request)
    except DataError:
        messages.error(request, f"{(value or 'That')[:60]!r} is nothing that {column or 'the key'} could be.")
        context |= {"rows": [], "column": column, "value": value}
    return TemplateResponse(request, "loader_admin/table.html", admin.site.each_context(request) | context)


def row(request: HttpRequest, name: str) -> HttpResponse:
    relation = _find(name)
    key = request.GET.getlist("key")
    if not relation.key or len(key) != len(relation.key):
        raise Http404("A row is named by its key.")
    try:
        found = relations.one(relation, key)
    except DataError as error:
        raise Http404("No row has such a key.") from error
    if found is None:
        raise Http404("No row has this key.")
    cells = [
        {"column": column, "value": found[column.name], "url": _leads_to(relation, column.name, found[column.name])}
        for column in relation.columns
    ]
    comes_from = [
        {"table": table, "column": column, "url": _search_url(table, column, found[ours])}
        for table, column, ours in relation.comes_from
    ]
    context = {"title": f"{name} {', '.join(key)}", "relation": relation, "cells": cells, "comes_from": comes_from}
    return TemplateResponse(request, "loader_admin/row.html", admin.site.each_context(request) | context)


def _find(name: str) -> Relation:
    relation = relations.find(name)
    if relation is None:
        raise Http404(f"{name} is no published table.")
    return relation


def _shown(relation: Relation) -> list[str]:
    """The key first, then what comes first."""
    others = [column.name for column in relation.columns if column.name not in relation.key]
    return [*relation.key, *others][:COLUMNS_SHOWN]


def _search(relation: Relation, shown: list[str], column: str, value: str) -> dict[str, Any]:
    columns = shown if column in shown else [*shown[:-1], column]
    found = relations.matching(relation, columns, column, value)
    more = len(found) > MOST_FOUND
    rows = sorted(found[:MOST_FOUND], key=lambda each: [each[name] for name in relation.key])
    said = (
        f"{'The first ' if more else ''}{len(rows):,} rows with {column} = {value}"
        if rows
        else f"No row has {column} = {value}."
    )
    return {"columns": columns, "rows": _rows(relation, rows), "column": column, "value": value, "said": said}


def _browse(relation: Relation, shown: list[str], request: HttpRequest) -> dict[str, Any]:
    way: Literal["after", "before"] = "before" if "before" in request.GET or "end" in request.GET else "after"
    key: list[str] | None = request.GET.getlist(way) or None
    if key is not None and len(key) != len(relation.key):
        key = None
    found = relations.page(relation, shown, way, key)
    more, rows = len(found) > A_PAGE, found[:A_PAGE]
    if way == "before":
        rows.reverse()
    links: dict[str, str | None] = {"first": None, "previous": None, "next": None, "last": None}
    if rows and relation.key:
        is_start = key is None if way == "after" else not more
        is_end = not more if way == "after" else key is None
        if not is_start:
            links |= {"first": "?", "previous": _page_url("before", relation, rows[0])}
        if not is_end:
            links |= {"next": _page_url("after", relation, rows[-1]), "last": "?end=1"}
    return {"rows": _rows(relation, rows), "links": links}


def _rows(relation: Relation, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with its address, and the addresses of what its cells lead to."""
    return [
        {
            "url": _row_url(relation, [each[name] for name in relation.key]) if relation.key else None,
            "cells": [(name, value, name in relation.key, _leads_to(relation, name, value)) for name, value in each.items()],
        }
        for each in rows
    ]


def _leads_to(relation: Relation, column: str, value: object) -> str | None:
    if value is None or column not in relation.leads_to:
        return None
    table, target = relation.leads_to[column]
    return _search_url(table, target, value)


def _search_url(table: str, column: str, value: object) -> str:
    return f"{reverse('admin:table', args=[table])}?{urlencode({'column': column, 'value': value})}"


def _row_url(relation: Relation, key: list[Any]) -> str:
    return f"{reverse('admin:row', args=[relation.name])}?{urlencode([('key', value) for value in key])}"


def _page_url(way: str, relation: Relation, row: dict[str, Any]) -> str:
    return "?" + urlencode([(way, row[name]) for name in relation.key])
