"""Runs: the list, one of them with its files, and taking one back."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

import json
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from psycopg2 import sql

from loader.admin_site.asking import ask, raw_connection
from loader.errors import LoaderError
from loader.ingest.log import mark_dead
from loader.ingest.put import analyze
from loader.ingest.undo import undo

A_PAGE = 50
MOST_FILES = 500
OUTCOMES = ("running", "done", "refused", "failed", "interrupted", "died", "undone")

# By the key alone, from where the last page ended: brokers make a run a message, there may be millions.
LIST = sql.SQL("""
select r.id, r.who, r.kind, r.started, r.finished, r.outcome, r.error, r.finished - r.started as took,
    f.files, f.first_file, f.n_new
from ingest_run r
cross join lateral (
    select count(*) as files, min(name) as first_file,
        sum((select sum((fates->>'new')::bigint) from jsonb_each(counts) as by_table(name, fates)))::bigint as n_new
    from (select name, counts from ingest_file where run_id = r.id order by id limit 1000) part
) f
where r.id < coalesce(%(before)s, 9223372036854775807)
  and {only}
order by r.id desc
limit %(most)s
""")
ONE = """
select id, who, kind, options, started, finished, outcome, error, undone, undone_by, coalesce(finished, now()) - started as took
from ingest_run
where id = %s
"""
FILES = """
select name, format, size, sha256, outcome, error, counts, seconds
from ingest_file
where run_id = %s
order by id
limit %s
"""
TO_REMOVE = """
select a.tab as name, sum(a.n_rows)::bigint as rows
from ingest_addition a
join ingest_file f on f.id = a.file_id
where f.run_id = %s
group by a.tab
order by a.tab
"""
TO_RESTORE = """
select c.tab as name, count(distinct c.key) as rows
from ingest_change c
join ingest_file f on f.id = c.file_id
where f.run_id = %s
group by c.tab
order by c.tab
"""


def latest_runs(most: int, *, before: int | None = None, outcome: str = "") -> list[dict[str, Any]]:
    mark_dead(raw_connection())
    only = sql.SQL("r.outcome = {}").format(sql.Literal(outcome)) if outcome else sql.SQL("true")
    return ask(LIST.format(only=only), {"before": before, "most": most})


def runs(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("number", "").strip()
    if number:
        if number.isascii() and number.isdigit() and len(number) < 19 and ask(ONE, [int(number)]):
            return redirect("admin:run", number=int(number))
        messages.error(request, f"There is no run {number[:40]}.")
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in OUTCOMES else ""
    before = request.GET.get("before", "")
    found = latest_runs(
        A_PAGE + 1, before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None, outcome=outcome
    )
    context = {
        "title": "Runs",
        "runs": found[:A_PAGE],
        "older": found[A_PAGE - 1]["id"] if len(found) > A_PAGE else None,
        "is_first": not before,
        "outcome": outcome,
        "outcomes": OUTCOMES,
    }
    return TemplateResponse(request, "loader_admin/runs.html", admin.site.each_context(request) | context)


def run(request: HttpRequest, number: int) -> HttpResponse:
    found = _find(number)
    files = ask(FILES, [number, MOST_FILES + 1])
    context = {
        "title": f"Run {number}",
        "run": found,
        "options": {name: value for name, value in json.loads(found["options"]).items() if value is not None},
        "files": [file | {"tables": _tables(json.loads(file["counts"]))} for file in files[:MOST_FILES]],
        "most_files": MOST_FILES if len(files) > MOST_FILES else None,
        "can_undo": found["outcome"] not in ("running", "undone"),
    }
    return TemplateResponse(request, "loader_admin/run.html", admin.site.each_context(request) | context)


def undo_run(request: HttpRequest, number: int) -> HttpResponse:
    """GET says what would go; POST does it, or says why it can't be."""
    found = _find(number)
    if request.method == "POST":
        connection = raw_connection()
        try:
            undone = undo(connection, number, request.user.get_username())
        except LoaderError as error:
            messages.error(request, str(error))
            return redirect("admin:run", number=number)
        analyze(connection, [table for table, rows in undone.removed.items() if rows])
        said = [f"{rows:,} rows of {table} removed" for table, rows in undone.removed.items() if rows]
        said += [f"{rows:,} rows of {table} restored" for table, rows in undone.restored.items() if rows]
        messages.success(request, f"Run {number} is undone: {', '.join(said) or 'it had added nothing'}.")
        return redirect("admin:run", number=number)
    context = {
        "title": f"Undo run {number}?",
        "question": f"Run {number} ({found['kind']} by {found['who']}) will be taken back as if it had never been.",
        "lists": {
            "Rows that will be removed": ask(TO_REMOVE, [number]),
            "Rows that get back their old values": ask(TO_RESTORE, [number]),
        },
        "note": "Where later rows build on it, nothing changes and the reason is said. Many millions of rows take minutes.",
        "yes": "Undo it",
        "back": reverse("admin:run", args=[number]),
    }
    return TemplateResponse(request, "loader_admin/confirm.html", admin.site.each_context(request) | context)


def _find(number: int) -> dict[str, Any]:
    mark_dead(raw_connection())
    found = ask(ONE, [number]) if number < 2**63 else []
    if not found:
        raise Http404(f"There is no run {number}.")
    return found[0]


def _tables(counts: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """Each table with its rows by fate, as one would say it."""
    return [
        (table, ", ".join(f"{rows:,} {fate}" for fate, rows in fates.items() if fate != "missing") or "nothing")
        for table, fates in counts.items()
    ]
