"""/db/submitsqlquery/ and its company: queries for the queue, what became of them, and their files. A query is its owner's.

The old system had no list and no cancel: /db/listsqlqueries/ and /db/cancelsqlquery/<id>/ are ours.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from datasette import Response
from datasette.utils.asgi import Request

from plugins import forms, long_queries
from plugins.elasticc_api import JSON
from plugins.file_response import FileResponse
from plugins.long_queries.store import FORMATS, Query, Refused
from plugins.tom_compat import csrf
from plugins.tom_compat.sql import failed
from plugins.tom_compat.statements import BadQuery, read

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

SUBMIT = "/db/submitsqlquery/"
CHECK = "/db/checksqlquery/"
RESULTS = "/db/getsqlqueryresults/"
LIST = "/db/listsqlqueries/"
CANCEL = "/db/cancelsqlquery/"
CSV = "text/csv; charset=utf-8"
PICKLE = "application/octet-stream"


async def submit(request: Request, datasette: Datasette) -> Response:
    """Any error is told with status 200, as everywhere in /db/."""
    if request.method != "POST":
        return csrf.not_allowed(request, "POST")
    body = await forms.read_body(request.receive, forms.MOST_QUERY_BYTES)
    if not csrf.matches(request):
        return csrf.refused()
    try:
        asked = read(body)
        format = asked.other.get("format") or "csv"
        if format not in FORMATS:
            raise BadQuery(f"There is no format {format!r}; formats are {', '.join(FORMATS)}.")
        store = long_queries.of(datasette)
        number = await asyncio.to_thread(store.submit, _owner(request), asked.queries, asked.subdicts, format)
    except (BadQuery, Refused) as error:
        return failed(str(error))
    return _json({"status": "ok", "queryid": number})


async def check(request: Request, datasette: Datasette) -> Response:
    """How it stands; null for what isn't known yet."""
    if refusal := _refusal(request, "GET, HEAD, POST"):
        return refusal
    query = await _find(request, datasette)
    return failed(_unknown(request)) if query is None else _json(_standing(query))


async def results(request: Request, datasette: Datasette) -> Response:
    """The file, or why there is none as a line of text: 404 or 409."""
    if refusal := _refusal(request, "GET, HEAD, POST"):
        return refusal
    query = await _find(request, datasette)
    if query is None:
        return Response.text(_unknown(request), status=404)
    if query.error is not None:
        return Response.text(f"Query errored out: {query.error}", status=409)
    if query.finished is None:
        return Response.text(f"Query {query.id} hasn't {'finished' if query.started else 'started'} yet", status=409)
    try:
        file = long_queries.of(datasette).result(query).open("rb")
    except FileNotFoundError:
        return Response.text(_unknown(request), status=404)
    name = f"query-{query.id}.{FORMATS[query.format]}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return FileResponse(file, request, CSV if query.format == "csv" else PICKLE, headers)


async def listing(request: Request, datasette: Datasette) -> Response:
    """All of one's own, the latest first."""
    if refusal := _refusal(request, "GET, HEAD"):
        return refusal
    found = await asyncio.to_thread(long_queries.of(datasette).all_of, _owner(request))
    return _json({"status": "ok", "queries": [{**_standing(query), **_result(query)} for query in found]})


async def cancel(request: Request, datasette: Datasette) -> Response:
    """A query that waits or runs; it then stands with an error that says so."""
    if refusal := _refusal(request, "POST"):
        return refusal
    number = request.url_vars["id"]
    if await asyncio.to_thread(long_queries.of(datasette).cancel, _owner(request), number):
        return _json({"status": "ok", "queryid": number})
    if await _find(request, datasette):
        return failed(f"Query {number} is finished: there is nothing to cancel.")
    return failed(_unknown(request))


def _refusal(request: Request, allowed: str) -> Response | None:
    if request.method not in allowed.split(", "):
        return csrf.not_allowed(request, allowed)
    return csrf.refused() if request.method == "POST" and not csrf.matches(request) else None


async def _find(request: Request, datasette: Datasette) -> Query | None:
    return await asyncio.to_thread(long_queries.of(datasette).find, _owner(request), request.url_vars["id"])


def _owner(request: Request) -> str:
    return str(request.actor["id"])


def _unknown(request: Request) -> str:
    return f"Unknown query {request.url_vars['id']}"


def _standing(query: Query) -> dict[str, Any]:
    return {
        "status": query.status,
        "queryid": query.id,
        "queries": query.queries,
        "subdicts": query.subdicts,
        "submitted": _iso(query.submitted),
        "started": _iso(query.started),
        "finished": _iso(query.finished),
        "error": query.error,
    }


def _result(query: Query) -> dict[str, Any]:
    return {"format": query.format, "rows": query.rows, "bytes": query.bytes}


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat()


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), content_type=JSON)
