"""The state of the schema: sizes and counters, the health of indexes, roles and grants. Nothing is changed here."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse

from loader import roles
from loader.admin_site import health
from loader.admin_site.asking import ask, raw_connection
from loader.counts import tables_watched, wrong_count
from loader.steps import holds

FIX = "python -m loader check counts --fix"
BLOATED = 2.0
LARGE_PAGES = 128  # a megabyte: smaller ones cost nobody anything


def sizes(request: HttpRequest) -> HttpResponse:
    context = {
        "title": "Sizes and counters",
        "database": ask(health.DATABASE)[0],
        "tables": ask(health.SIZES),
        "counted": tables_watched(raw_connection()),
    }
    return TemplateResponse(request, "loader_admin/sizes.html", admin.site.each_context(request) | context)


def check_count(request: HttpRequest) -> HttpResponse:
    """Count one table now; a sentence. On hundreds of millions of rows it takes minutes."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    table = request.POST.get("table", "")
    watched = dict(tables_watched(raw_connection()))
    if table not in watched:
        raise Http404(f"{table} is no published table.")
    wrong = wrong_count(raw_connection(), table, is_watched=watched[table])
    said = str(wrong) if wrong else f"{table}: the counter is right."
    answer = {"right": wrong is None, "said": said}
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return JsonResponse(answer)
    context = {
        "title": "Checked",
        "sentence": said,
        "command": FIX if wrong else None,
    }
    return TemplateResponse(request, "loader_admin/sentence.html", admin.site.each_context(request) | context)


def indexes(request: HttpRequest) -> HttpResponse:
    found = [index | {"hints": _hints(index)} for index in ask(health.INDEXES)]
    context = {
        "title": "Indexes",
        "database": ask(health.DATABASE)[0],
        "hinted": [index for index in found if index["hints"]],
        "indexes": found,
    }
    return TemplateResponse(request, "loader_admin/indexes.html", admin.site.each_context(request) | context)


def roles_and_grants(request: HttpRequest) -> HttpResponse:
    grants: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for grant in ask(health.GRANTS):
        grants[grant["role"]].append(grant)
    connection = raw_connection()
    missing = [step.what for step in roles.steps(connection) if not holds(connection, step.is_done)]
    context = {"title": "Roles and grants", "roles": ask(health.ROLES), "grants": dict(grants), "missing": missing}
    context["ours"] = (roles.OWNER, roles.READER, roles.LOGIN)
    return TemplateResponse(request, "loader_admin/roles.html", admin.site.each_context(request) | context)


def _hints(index: dict[str, Any]) -> list[str]:
    hints = []
    if not index["is_valid"]:
        hints.append(f'Invalid: nobody uses it. Make it anew: reindex index concurrently "{index["name"]}"')
    if index["covered_by"]:
        hints.append(f"{index['covered_by']} begins with the same columns and can take its place.")
    elif index["scans"] == 0 and not index["is_unique"] and index["pages"] >= LARGE_PAGES:
        hints.append("Unused since the statistics began.")
    expected = index["expected_pages"]
    if expected and index["pages"] >= LARGE_PAGES and index["pages"] > BLOATED * float(expected):
        empty = 100 - round(100 * float(expected) / index["pages"])
        hints.append(f'About {empty} % empty (an estimate): reindex index concurrently "{index["name"]}"')
    return hints
