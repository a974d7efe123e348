"""GET /elasticc/<table>/ and /elasticc/<table>/<id>/ as the old system answered them. Reads only; writing is the loader's.

Pages are ordered by primary key. `next` and `previous` carry `after` and `before` beside the old `offset`: `<offset>~<key>`,
a position among the keys that counts as long as `offset` is still the one it was made for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
from datasette_postgresql import PostgresDatabase, PostgresError

from plugins import broker_messages
from plugins.elasticc_tables import MOST_BIGINT, NAMES, Table, Tables, quote

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

ROOT = "/elasticc/"
DATABASE = "elasticc"
DEFAULT_LIMIT = 100
COUNT_TIME_LIMIT_MS = 60_000
WRITERS = ("addelasticcalert", "adddiaobject", "addtruth", "addobjecttruth")
LOADER_WRITES = "Writing is the loader's: use `python -m loader load` where the database is."
JSON = "application/json; charset=utf-8"

_tables = Tables()


class JsonStream(Response):  # type: ignore[misc]
    """JSON that is sent as it is made. A failure in the middle breaks the connection: nobody takes a part for all."""

    def __init__(self, chunks: AsyncIterator[str], request: Request) -> None:
        super().__init__(status=200, content_type=JSON)
        self._chunks = chunks
        self._request = request

    async def asgi_send(self, send: Any) -> None:
        headers = [(b"content-type", JSON.encode())]
        headers += [(b"set-cookie", cookie.encode()) for cookie in self._set_cookie_headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        gone = asyncio.create_task(_disconnected(self._request))
        try:
            async for chunk in self._chunks:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": chunk.encode(), "more_body": True})
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True)
class Paging:
    """What a request asks for. At most one of `after` and `before` is set; then `offset` only counts."""

    limit: int
    offset: int
    after: int | None = None
    before: int | None = None

    @classmethod
    def of(cls, query: dict[str, list[str]]) -> Paging:
        limit, offset = _positive(query, "limit") or DEFAULT_LIMIT, _positive(query, "offset") or 0
        after = _position(query, "after", offset)
        return cls(limit, offset, after, _position(query, "before", offset) if after is None else None)

    def sql(self, table: Table) -> tuple[str, dict[str, int]]:
        limit = min(self.limit, MOST_BIGINT)
        key = quote(table.key)
        if self.after is not None:
            return table.page_sql(f"{key} > %(after)s", "asc"), {"limit": limit, "offset": 0, "after": self.after}
        if self.before is not None:
            return table.page_sql(f"{key} < %(before)s", "desc"), {"limit": limit, "offset": 0, "before": self.before}
        return table.page_sql("true", "asc"), {"limit": limit, "offset": min(self.offset, MOST_BIGINT)}


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    tables = "|".join(NAMES)
    return [
        (rf"^{ROOT}(?P<table>{tables})/$", listing),
        (rf"^{ROOT}(?P<table>{tables})\.json$", listing),
        (rf"^{ROOT}(?P<table>{tables})/(?P<key>[^/]+)\.json$", detail),
        (rf"^{ROOT}(?P<table>{tables})/(?P<key>[^/]+)/$", detail),
        (rf"^{ROOT}(?P<table>{tables})(/[^/]+)?$", to_the_slash),
        (rf"^{ROOT}(?:{'|'.join(WRITERS)})/?$", writer),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def skip_csrf(scope: dict[str, Any]) -> bool:
    """Nothing here writes: a POST is told 405, not 403."""
    name = scope["path"].removeprefix(ROOT).partition("/")[0].removesuffix(".json")
    return scope["path"].startswith(ROOT) and name in (*NAMES, *WRITERS)


async def listing(request: Request, datasette: Datasette) -> Response:
    """One page of a table."""
    if refusal := _refusal(request):
        return refusal
    database: PostgresDatabase = datasette.get_database(DATABASE)
    query = parse_qs(request.query_string, keep_blank_values=True)
    try:
        table = await _tables.get(database, request.url_vars["table"])
        if table is None or not _is_json(query):
            return not_found()
        paging = Paging.of(query)
        sql, parameters = paging.sql(table)
        page = (await database.fetch(sql, parameters, time_limit_ms=COUNT_TIME_LIMIT_MS)).rows[0]
        head = {
            "count": page["count"],
            "next": _next(request, query, paging, page),
            "previous": _previous(request, query, paging, page),
        }
        chunks = _rows(database, table, page["first"], page["last"])
        first = await anext(chunks, "")
    except (PostgresError, QueryInterrupted) as error:
        return failed(error)
    return JsonStream(_page(head, first, chunks), request)


async def detail(request: Request, datasette: Datasette) -> Response:
    """One row by its key. Messages of brokers have a form of their own, and are found by other things too."""
    if refusal := _refusal(request):
        return refusal
    database: PostgresDatabase = datasette.get_database(DATABASE)
    name, key = request.url_vars["table"], request.url_vars["key"]
    query = parse_qs(request.query_string, keep_blank_values=True)
    if not _is_json(query):
        return not_found()
    try:
        if name == "brokermessage":
            body = await broker_messages.answer(database, key, _positive(query, "offset"), _positive(query, "num"))
        else:
            body = await _one(database, name, key)
    except (PostgresError, QueryInterrupted) as error:
        return failed(error)
    return not_found() if body is None else Response(body, content_type=JSON)


async def to_the_slash(request: Request) -> Response:
    """As Django did: 301, the query kept."""
    if refusal := _refusal(request):
        return refusal
    query = f"?{request.query_string}" if request.query_string else ""
    return Response.redirect(f"{request.path}/{query}", status=301)


async def writer(request: Request) -> Response:
    """The old system's doors for alerts and truth."""
    return Response.json({"detail": LOADER_WRITES}, status=405, headers={"allow": ""})


def not_found() -> Response:
    return Response.json({"detail": "Not found."}, status=404)


def failed(error: Exception) -> Response:
    """The database said no; with its words."""
    return Response.json({"detail": str(error)}, status=503)


def _refusal(request: Request) -> Response | None:
    if request.method in ("GET", "HEAD"):
        return None
    body = {"detail": f'Method "{request.method}" not allowed.'}
    if request.method in ("POST", "PUT") and "brokermessage" in request.path:
        body["where"] = LOADER_WRITES
    return Response.json(body, status=405, headers={"allow": "GET, HEAD"})


def _is_json(query: dict[str, list[str]]) -> bool:
    """Without a format, or with an empty one, the old system answered JSON."""
    return query.get("format", [""])[-1] in ("", "json")


def _positive(query: dict[str, list[str]], name: str) -> int | None:
    """Of a repeated parameter the last; None for what is no positive whole number."""
    try:
        number = int(query.get(name, [""])[-1])
    except ValueError:
        return None
    return number if number > 0 else None


def _position(query: dict[str, list[str]], name: str, offset: int) -> int | None:
    """The key in `<offset>~<key>`, unless somebody changed `offset` since, and means that."""
    made_for, _, key = query.get(name, [""])[-1].partition("~")
    try:
        return min(max(int(key), -MOST_BIGINT), MOST_BIGINT) if int(made_for) == offset else None
    except ValueError:
        return None


def _next(request: Request, query: dict[str, list[str]], paging: Paging, page: Any) -> str | None:
    """By position, whether keys follow decides: rows that came in meanwhile have moved what the offset counts."""
    offset = paging.offset + paging.limit
    follows = page["more"] if paging.after is not None or paging.before is not None else offset < page["count"]
    if not follows or not page["rows"]:
        return None
    return _address(request, query, paging.limit, offset=offset, after=f"{offset}~{page['last']}")


def _previous(request: Request, query: dict[str, list[str]], paging: Paging, page: Any) -> str | None:
    if paging.offset <= 0:
        return None
    offset = paging.offset - paging.limit
    if offset <= 0:
        return _address(request, query, paging.limit)
    first = page["first"] if page["rows"] else None if paging.after is None else paging.after + 1
    position = {} if first is None else {"before": f"{offset}~{first}"}
    return _address(request, query, paging.limit, offset=offset, **position)


def _address(request: Request, query: dict[str, list[str]], limit: int, **position: object) -> str:
    """This address elsewhere in the table; other parameters stay, all sorted by name, as the old system did."""
    others = {name: values for name, values in query.items() if name not in ("offset", "after", "before")}
    parameters = {**others, "limit": [limit], **{name: [value] for name, value in position.items()}}
    return f"{request.scheme}://{request.host}{request.path}?{urlencode(sorted(parameters.items()), doseq=True)}"


async def _page(head: dict[str, object], first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield json.dumps(head)[:-1] + ', "results": [' + first
    async for chunk in rest:
        yield "," + chunk
    yield "]}"


async def _rows(database: PostgresDatabase, table: Table, first: int | None, last: int | None) -> AsyncIterator[str]:
    """The rows between two keys, both included, as JSON objects with commas between, some thousands at a time."""
    after = None if first is None else first - 1
    while after is not None and last is not None and after < last:
        bounds = {"after": after, "last": last, "rows": table.rows_a_chunk}
        chunk = (await database.fetch(table.chunk_sql(), bounds)).rows[0]
        if chunk["body"] is None:
            return
        yield chunk["body"]
        after = chunk["last"]


async def _one(database: PostgresDatabase, name: str, key: str) -> str | None:
    table = await _tables.get(database, name)
    try:
        number = int(key)
    except ValueError:
        return None
    if table is None or not table.has_details or abs(number) > MOST_BIGINT:
        return None
    rows = (await database.fetch(table.one_sql(), {"key": number})).rows
    return str(rows[0]["body"]) if rows else None


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
