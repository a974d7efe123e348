"""The least that could answer: ASGI, a path, psycopg2 in threads, the bytes. No login, no headers but two, one worker.

The statements are the portal's own, sent as text each time.
"""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import psycopg2

from plugins.elasticc_paging import Paging
from plugins.elasticc_tables import COLUMNS, NAMES, ONE, PAGE, PREFIX, Table, _tables

_local = threading.local()
_threads = ThreadPoolExecutor(8)
_known: dict[str, Table] = {}


def _ask(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg2.connect(os.environ["BARE_URL"])
        _local.connection.autocommit = True
    for number in range(len(values), 0, -1):
        sql = sql.replace(f"${number}", f"%(p{number})s")
    with _local.connection.cursor() as cursor:
        cursor.execute(sql, {f"p{number}": value for number, value in enumerate(values, 1)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _page(table: Table, query: str) -> bytes:
    paging = Paging.of(parse_qs(query))
    bound, direction, values = paging.bound(table, "true", 1)
    sql = table.sql(
        PAGE, filter="true", bound=bound, direction=direction, limit=str(paging.limit), earlier="null", count=table.count
    )
    row = _ask(sql, values)[0]
    return f'{{"count": {row[6]}, "next": null, "previous": null, "results": [{row[3]}]}}'.encode()


def _answer(path: str, query: str) -> bytes:
    if not _known:
        _known.update(_tables(_ask(COLUMNS, [[PREFIX + name for name in NAMES]])))
    name, _, key = path.strip("/").removeprefix("elasticc/").partition("/")
    if name not in _known:
        return b"{}"
    table = _known[name]
    body: bytes = _ask(table.sql(ONE), [int(key)])[0][0].encode() if key else _page(table, query)
    return body


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    loop = asyncio.get_running_loop()
    body = await loop.run_in_executor(_threads, _answer, scope["path"], scope["query_string"].decode())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
