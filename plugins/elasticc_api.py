"""GET /elasticc/<table>/ and /elasticc/<table>/<id>/ as the old system answered them. Reads only; writing is the loader's.

Answered before Datasette's own routing, whose work for each request is longer than that for a page; whoever comes here has
been let in by plugins/door.py, and Datasette's permissions of the tables hold. PostgreSQL makes the JSON.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from datasette import Forbidden, Response, hookimpl
from datasette.utils.asgi import Request
from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.errors import STALE_NAMES

from plugins import broker_messages
from plugins.accounts import is_portal
from plugins.admission import ADMISSION, Admission
from plugins.admission import VERSION as ACCOUNTS
from plugins.elasticc_filters import BadFilter
from plugins.elasticc_filters import read as read_filters
from plugins.elasticc_lists import Listing
from plugins.elasticc_paging import Paging, Query, positive
from plugins.elasticc_sending import JSON, KEPT, UNKEPT, JsonPage, JsonStream
from plugins.elasticc_tables import MOST_BIGINT, NAMES, ONE, Table, Tables
from plugins.forms import App, Receive, Scope, Send

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

__all__ = ["DATABASE", "JSON", "JsonStream"]

ROOT = "/elasticc/"
DATABASE = "elasticc"
MESSAGES = "elasticc_brokermessage"
WRITERS = ("addelasticcalert", "adddiaobject", "addtruth", "addobjecttruth")
LOADER_WRITES = "Writing is the loader's: use `python -m loader load` where the database is."
NO_PERMISSION = "You do not have permission to perform this action."
REMEMBER_PERMISSION_SECONDS = 1.0
MOST_REMEMBERED = 1000
ADDRESS = re.compile(
    rf"{ROOT}(?:(?P<table>{'|'.join(NAMES)})(?:(?P<list>/|\.json)|/(?P<key>[^/]+?)(?P<detail>/|\.json)|(?P<bare>(?:/[^/]+)?))"
    rf"|(?P<writer>{'|'.join(WRITERS)})/?)"
)

_tables = Tables()
_permitted: dict[tuple[str, tuple[str, ...]], tuple[float, bool]] = {}


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]  # the innermost wrapper: the door is around it
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    def wrap(app: App) -> App:
        if not is_portal():
            return app

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            match = ADDRESS.fullmatch(_path(datasette, scope)) if scope["type"] == "http" and scope.get("actor") else None
            if match is None:
                await app(scope, receive, send)
                return
            request = Request(scope, receive)
            response = await _answer(datasette, request, match)
            for name, value in UNKEPT.items():
                response.headers.setdefault(name, value)
            await response.asgi_send(send)

        return answered

    return wrap


def _path(datasette: Datasette, scope: Scope) -> str:
    """As it was sent: an encoded slash is none."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    base: str = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path


async def _answer(datasette: Datasette, request: Request, match: re.Match[str]) -> Response:
    if match["writer"]:
        return Response.json({"detail": LOADER_WRITES}, status=405, headers={"allow": ""})
    if request.method not in ("GET", "HEAD"):
        return _not_allowed(request)
    if match["bare"] is not None:
        query = f"?{request.query_string}" if request.query_string else ""
        return Response.redirect(f"{request.path}/{query}", status=301)
    database: PostgresDatabase = datasette.get_database(DATABASE)
    for attempt in (1, 2):
        try:
            return await _read(datasette, database, request, match)
        except PostgresError as error:
            if attempt == 1 and error.sqlstate in STALE_NAMES:
                _tables.forget()
                continue
            return failed(error)
    raise AssertionError("unreachable")


async def _read(datasette: Datasette, database: PostgresDatabase, request: Request, match: re.Match[str]) -> Response:
    query = parse_qs(request.query_string, keep_blank_values=True)
    table = await _tables.get(database, match["table"])
    if table is None or query.get("format", [""])[-1] not in ("", "json"):
        return not_found()
    reads = broker_messages.READS if match["key"] and table.name == MESSAGES else table.reads
    if not await _may_read(datasette, request, reads):
        return Response.json({"detail": NO_PERMISSION}, status=403)
    if match["list"]:
        return await _listing(database, table, request, query)
    return await _detail(database, table, match["key"], request, query)


async def _listing(database: PostgresDatabase, table: Table, request: Request, query: Query) -> Response:
    """One page of a table."""
    try:
        filters = read_filters(table, query)
    except BadFilter as error:
        return Response.json({"detail": str(error)}, status=400)
    if unchanged := await _unchanged(database, table, request):
        return unchanged
    listing = Listing(database, table, filters, Paging.of(query), request, query)
    if listing.is_small:
        body, page = await listing.whole()
        _prove(request, page.accounts)
        return JsonPage(body, request, _kept(table, page.version))
    pieces = listing.streamed()
    page = await anext(pieces)
    _prove(request, page.accounts)
    return JsonStream(pieces, request, _kept(table, page.version))


async def _detail(database: PostgresDatabase, table: Table, key: str, request: Request, query: Query) -> Response:
    """One row by its key. Messages of brokers have a form of their own, and are found by other things too."""
    if table.name == MESSAGES:
        answer = await broker_messages.answer(database, key, positive(query, "offset"), positive(query, "num"))
        return not_found() if answer is None else JsonPage(answer, request)
    try:
        number = int(key)
    except ValueError:
        return not_found()
    if not table.has_details or abs(number) > MOST_BIGINT:
        return not_found()
    if unchanged := await _unchanged(database, table, request):
        return unchanged
    rows = await database.prepared.ask(table.sql(ONE), [number])
    if not rows:
        return not_found()
    body, version, accounts = rows[0]
    _prove(request, accounts)
    return JsonPage(body, request, _kept(table, version))


def not_found() -> Response:
    return Response.json({"detail": "Not found."}, status=404)


def failed(error: Exception) -> Response:
    """The database said no; with its words."""
    return Response.json({"detail": str(error)}, status=503)


def _not_allowed(request: Request) -> Response:
    body = {"detail": f'Method "{request.method}" not allowed.'}
    if request.method in ("POST", "PUT") and "brokermessage" in request.path:
        body["where"] = LOADER_WRITES
    return Response.json(body, status=405, headers={"allow": "GET, HEAD"})


async def _may_read(datasette: Datasette, request: Request, relations: Sequence[str]) -> bool:
    """Datasette's own permissions, of every table that an answer is made from."""
    actor = request.actor
    key, now = (repr(actor), tuple(relations)), time.monotonic()
    remembered = _permitted.get(key)
    if remembered and remembered[0] > now:
        return remembered[1]
    if len(_permitted) > MOST_REMEMBERED:
        _permitted.clear()
    try:
        for relation in relations:
            wanted = [("view-table", (DATABASE, relation)), ("view-database", DATABASE), "view-instance"]
            await datasette.ensure_permissions(actor, wanted)
        allowed = True
    except Forbidden:
        allowed = False
    _permitted[key] = (now + REMEMBER_PERMISSION_SECONDS, allowed)
    return allowed


async def _unchanged(database: PostgresDatabase, table: Table, request: Request) -> Response | None:
    """304 where the client has what we would send: one query, of the counters alone."""
    known = request.headers.get("if-none-match")
    if not known:
        return None
    [(version, accounts)] = await database.prepared.ask(f"select {table.version}, {ACCOUNTS}")
    _prove(request, accounts)
    headers = _kept(table, version)
    if headers["etag"] not in (tag.strip() for tag in known.split(",")):
        return None
    return Response("", status=304, headers=headers, content_type=JSON)


def _prove(request: Request, accounts: int | None) -> None:
    """The accounts' version that was read with an answer: plugins/door.py needn't ask for it then."""
    admission: Admission | None = request.scope.get(ADMISSION)
    if admission:
        admission.see(accounts)


def _kept(table: Table, version: int | None) -> dict[str, str]:
    """Weak: compressed or not, it is the same."""
    return {**KEPT, "etag": f'W/"{table.shape}-{(version or 0) & (2**64 - 1):016x}"'}
