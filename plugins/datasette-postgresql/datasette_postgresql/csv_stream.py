"""`.csv?_stream=on`: all rows of a table page or of a query, of one snapshot, byte for byte as the ordinary CSV has them.

A table's rows are COPY's, passed through; what COPY can't write so (csv_columns.py), and SQL that a person typed, is fetched in
portions and written here.
"""

import contextlib
import csv
import hashlib
import io
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import InvalidSql, add_cors_headers, path_with_format
from datasette.utils.asgi import AsgiStream, Request, Response
from datasette.views.base import DatasetteError
from datasette.views.database import MagicParameters
from datasette.views.row import RowView
from datasette.views.table import TableView

from .csv_columns import csv_expression
from .errors import PostgresError, TimeLimitReached
from .lexer import has_semicolon, render
from .paging import path_from_row_pks, text_of
from .quoting import quote
from .streams import Copied, Fetched, Producer, TooManyStreams
from .values import BUILT_IN_ARRAYS

Maker = Callable[[], Producer]
Rows = Sequence[tuple[Any, ...]]
Cell = Callable[[str, Any, tuple[Any, ...]], Any]
QUIETLY = ("_nofacet", "_nocount")


async def streamed(view: Any, request: Any, database_route: str, as_csv: Callable[..., Any]) -> Any:
    """The whole stream, or what the core's `as_csv` answers where none was asked for, or none is to be had."""
    arguments = request.args
    if not arguments.get("_stream") or arguments.get("_next") or arguments.get("_trace") or isinstance(view, RowView):
        return await as_csv(view, request, database_route)
    if not view.ds.setting("allow_csv_stream"):
        return await as_csv(view, request, database_route)
    data = await _first_page(view, request)
    if isinstance(data, Response):
        return data
    if data.get("error"):
        raise DatasetteError(data["error"], title="Invalid SQL", status=400)
    if "query" not in data or data.get("canned_write"):
        return await as_csv(view, request, database_route)
    return await (_of_table if data.get("table") else _of_query)(view, request, database_route, data)


async def _first_page(view: Any, request: Any) -> Any:
    """Permissions, wrong arguments and wrong SQL show here; of a table it is one row long. A redirect is returned as it is."""
    added = "&".join(f"{key}=1" for key in QUIETLY if not request.args.get(key))
    query = "&".join(filter(None, [request.query_string, added])).encode("latin-1")
    quiet = Request(dict(request.scope, query_string=query), request.receive)
    try:
        answer = await view.data(quiet, **({"_size": 1} if isinstance(view, TableView) else {}))
    except QueryInterrupted as error:
        raise DatasetteError("SQL query took too long.", title="SQL Interrupted", status=400) from error
    except (PostgresError, InvalidSql) as error:
        raise DatasetteError(str(error), title="Invalid SQL", status=400) from error
    return answer if isinstance(answer, Response) else answer[0]


async def _of_table(view: Any, request: Any, database_route: str, data: Mapping[str, Any]) -> "CsvStream":
    db = view.ds.databases[data["database"]]
    columns, expanded = data["columns"], set(data["expanded_columns"])
    headings, values = [], []
    for i, name in enumerate(columns):
        headings.append(name)
        values.append(f"page.c{i}")
        if name in expanded:
            headings.append(f"{name}_label")
            values.append(await _label(db, data["table"], name, f"page.c{i}"))
    # A column may be there twice: they have numbers for names.
    numbers = ", ".join(f"c{i}" for i in range(len(columns)))
    rows = f"({data['query']['sql'].removesuffix(' limit 2')}) as page({numbers})"
    sql, params = f"select {', '.join(values)} from {rows}", data["query"]["params"]
    is_typed = "_where" in request.args
    described = await (db.execute if is_typed else db.execute_generated)(f"{sql} limit 0", params)
    arrays = {**db.catalogue.array_types, **BUILT_IN_ARRAYS}
    written = [
        csv_expression(column[1], value, is_array=column[1] in arrays)
        for column, value in zip(described.description, values, strict=True)
    ]
    native = render(f"select {', '.join(map(str, written))} from {rows}", params)
    # One column without a value is "" in Python's CSV.
    is_copied = None not in written and len(written) > 1 and not is_typed and not has_semicolon(native)
    pks = data["primary_keys"]
    places = [headings.index(pk) for pk in pks]

    def link(column: str, value: bytes, row: tuple[Any, ...]) -> str:
        if not pks:
            return text_of(value)
        path = path_from_row_pks({pk: row[place] for pk, place in zip(pks, places, strict=True)}, pks, False)
        return str(view.ds.absolute_url(request, view.ds.urls.row_blob(database_route, data["table"], path, column)))

    def make() -> Producer:
        if is_copied:
            return Copied(db.address, f"copy ({native}) to stdout (format csv)")
        return _fetched(db, render(sql, params), headings, link, is_typed=is_typed)

    return _response(view, db, request, data["table"], headings, make)


async def _of_query(view: Any, request: Any, database_route: str, data: Mapping[str, Any]) -> "CsvStream":
    db, params = view.ds.databases[data["database"]], data["query"]["params"]
    name, columns = data.get("query_name"), data["columns"]  # not its rows, for as long as the stream lasts
    native = render(data["query"]["sql"], MagicParameters(params, request, view.ds) if name else params)

    def link(column: str, value: bytes, row: tuple[Any, ...]) -> str:
        named = {"_blob_column": column, "_blob_hash": hashlib.sha256(value).hexdigest()}
        path = path_with_format(request=request, format="blob", extra_qs=named, replace_format="csv")
        return str(view.ds.absolute_url(request, path))

    def make() -> Producer:
        return _fetched(db, native, columns, link, is_typed=True)

    return _response(view, db, request, request.url_vars.get("table", database_route), columns, make)


async def _label(db: Any, table: str, column: str, value: str) -> str:
    """SQL for what expand_foreign_keys puts beside a value."""
    key = next(key for key in await db.foreign_keys_for_table(table) if key["column"] == column)
    label = await db.label_column_for_table(key["other_table"])
    other = db.catalogue.relation(key["other_table"])
    if not label or other is None:
        return value
    found = f"other.{quote(key['other_column'])} = {value}"
    return f"(select other.{quote(label)} from {other.identifier} as other where {found})"


def _fetched(db: Any, sql: str, headings: Sequence[str], link: Cell, *, is_typed: bool) -> Fetched:
    def write(rows: Rows) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(_linked(rows, headings, link))
        return text.getvalue().encode()

    limit_ms = db.time_limit_ms if is_typed else db.settings.stream_limit_s * 1000
    return Fetched(db.address, db.catalogue.array_types, sql, portion_ms=limit_ms, max_bytes=db.settings.max_bytes, write=write)


def _linked(rows: Rows, headings: Sequence[str], link: Cell) -> Rows:
    """Bytes are the address where they are."""
    if not any(isinstance(value, bytes) for row in rows for value in row):
        return rows
    return [
        tuple(
            link(column, value, row) if isinstance(value, bytes) else value for column, value in zip(headings, row, strict=True)
        )
        for row in rows
    ]


def _response(
    view: Any, db: Any, request: Any, name: str, headings: Sequence[str], make: Callable[[], Producer]
) -> "CsvStream":
    header = io.StringIO()
    if request.args.get("_header") != "off":
        csv.writer(header).writerow(headings)
    headers: dict[str, str] = {}
    if view.ds.cors:
        add_cors_headers(headers)
    kind = "text/plain; charset=utf-8"
    if request.args.get("_dl"):
        kind = "text/csv; charset=utf-8"
        headers["content-disposition"] = f'attachment; filename="{name}.csv"'
    most = view.ds.setting("max_csv_mb") * 1024 * 1024
    return CsvStream(db.streams, request, header.getvalue().encode(), make, most or None, headers, kind)


@dataclass(frozen=True, slots=True)
class _Ended:
    """Why a stream has no more, where that is not its end."""

    message: str


class CsvStream(AsgiStream):  # type: ignore[misc]  # datasette has no types
    """Says nothing before there is something to say, so that a query that fails at once has its status."""

    def __init__(
        self, streams: Any, request: Any, header: bytes, make: Maker, most: int | None,
        headers: dict[str, str], content_type: str,
    ) -> None:  # fmt: skip
        super().__init__(None, headers=headers, content_type=content_type)
        self._streams, self._request, self._header, self._make, self._most = streams, request, header, make, most

    async def asgi_send(self, send: Any) -> None:
        try:
            with self._streams.reserved():
                await self._send(send)
        except TooManyStreams as error:
            await Response.text(error, status=503, headers={"Retry-After": "10"}).asgi_send(send)

    async def _send(self, send: Any) -> None:
        has_begun = False
        async with contextlib.aclosing(self._limited()) as pieces:
            async for piece in pieces:
                if isinstance(piece, _Ended) and not has_begun:
                    await Response.text(piece.message, status=400).asgi_send(send)
                    return
                if not has_begun:
                    has_begun = True
                    kind = (b"content-type", self.content_type.encode())
                    headers = [kind, *((key.encode(), value.encode()) for key, value in self.headers.items())]
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                body = piece.message.encode() if isinstance(piece, _Ended) else piece
                await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _limited(self) -> AsyncGenerator[bytes | _Ended, None]:
        """At least one piece; a failure is the last one, as the core writes it."""
        sent, first = len(self._header), self._header
        try:
            async with contextlib.aclosing(self._streams.chunks(self._make, self._request.receive)) as chunks:
                async for chunk in chunks:
                    sent += len(chunk)
                    if self._most is not None and sent > self._most:
                        yield first
                        yield _Ended(f"CSV contains more than {self._most} bytes")
                        return
                    yield first + chunk
                    first = b""
        except PostgresError as error:
            message = "SQL query took too long." if isinstance(error, TimeLimitReached) else str(error)
            sys.stderr.write(f"A CSV stream ended early: {message}\n")
            yield _Ended(message)
            return
        if first or not sent:
            yield first
