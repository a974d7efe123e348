"""/-/queries: a person's own long queries, what became of them, and a form for another. Datasette's CSRF check guards it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from datasette import Response
from datasette.utils.asgi import Request

from plugins import forms, long_queries
from plugins.long_queries.store import CANCELLED, FORMATS, Query, Refused

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

PAGE = "/-/queries"
CANCEL, DELETE = "cancel", "delete"
MOST_FORM_BYTES = 1024 * 1024
STATUSES = {"queued": "waiting", "started": "running", "finished": "finished", "error": "failed"}


@dataclass(frozen=True)
class Line:
    """A query as the page shows it."""

    query: Query
    status: str
    sql: str
    submitted: str
    took: str
    size: str
    file: str


async def page(request: Request, datasette: Datasette) -> Response:
    """The list; POST submits another."""
    owner = str(request.actor["id"])
    store = long_queries.of(datasette)
    if request.method == "POST":
        return await _submit(request, datasette, owner)
    if request.method not in ("GET", "HEAD"):
        return Response.json({"detail": f'Method "{request.method}" not allowed.'}, status=405)
    lines = [_line(query) for query in await asyncio.to_thread(store.all_of, owner)]
    context = {
        "lines": lines,
        "formats": list(FORMATS),
        "unfinished": any(line.query.finished is None for line in lines),
        "kept_days": store.limits.kept_days,
        "page": PAGE,
    }
    return Response.html(
        await datasette.render_template("long_queries.html", context, request=request), headers={"cache-control": "no-store"}
    )


async def cancel(request: Request, datasette: Datasette) -> Response:
    return await _change(request, datasette, CANCEL)


async def delete(request: Request, datasette: Datasette) -> Response:
    return await _change(request, datasette, DELETE)


async def _change(request: Request, datasette: Datasette, what: str) -> Response:
    if request.method != "POST":
        return Response.json({"detail": f'Method "{request.method}" not allowed.'}, status=405, headers={"allow": "POST"})
    store = long_queries.of(datasette)
    change = store.cancel if what == CANCEL else store.delete
    if not await asyncio.to_thread(change, str(request.actor["id"]), request.url_vars["id"]):
        datasette.add_message(request, "There is nothing to cancel or to delete any more.", datasette.WARNING)
    return Response.redirect(datasette.urls.path(PAGE))


async def _submit(request: Request, datasette: Datasette, owner: str) -> Response:
    form = forms.read_form(await forms.read_body(request.receive, MOST_FORM_BYTES)) or {}
    sql, format = form.get("sql", "").strip().removesuffix(";"), form.get("format", "csv")
    try:
        if not sql or format not in FORMATS:
            raise Refused("There is no SQL to run, or no such format.")
        await asyncio.to_thread(long_queries.of(datasette).submit, owner, [sql], [{}], format)
    except Refused as error:
        datasette.add_message(request, str(error), datasette.ERROR)
    return Response.redirect(datasette.urls.path(PAGE))


def _line(query: Query) -> Line:
    end = query.finished or datetime.now(UTC).timestamp()
    return Line(
        query=query,
        status="cancelled" if query.error == CANCELLED else STATUSES[query.status],
        sql="\n;\n".join(query.queries),
        submitted=datetime.fromtimestamp(query.submitted, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        took=_duration(end - query.started) if query.started else "",
        size=_size(query.bytes) if query.status == "finished" else "",
        file=f"/db/getsqlqueryresults/{query.id}/" if query.status == "finished" else "",
    )


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole // 60 % 60} min"


def _size(number: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number} bytes"
