"""POST /db/runsqlquery/: SQL, answered at once. Read-only; whatever goes wrong with the query is told with status 200.

The rows go through a file in the state folder, some megabytes at a time: an error in the last row is still an error and no
broken answer, a slow client keeps no connection to the database, and memory doesn't grow with the result.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from weakref import WeakValueDictionary

import orjson
from datasette import Response
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.portions import portions
from server.settings import Settings

from plugins import forms
from plugins.elasticc_api import DATABASE, JSON
from plugins.file_response import FileResponse
from plugins.tom_compat import csrf
from plugins.tom_compat.statements import BadQuery, for_psycopg2, read
from plugins.tom_compat.values import as_json

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

RUN = "/db/runsqlquery/"
TIME_LIMIT_MS = 300_000  # where the proxies of old cut a query
MOST_ANSWER_BYTES = 4 * 1024**3
IN_MEMORY_BYTES = 4 * 1024**2
AT_ONCE = 4  # of the pool's eight connections: the pages' are not to wait for these
AN_ACCOUNT = 2  # of these four: whoever sends a hundred queries waits for himself, not everybody for him

_running = asyncio.Semaphore(AT_ONCE)
_own: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()


async def run_sql_query(request: Request, datasette: Datasette) -> Response:
    """Rows of the last statement."""
    if request.method != "POST":
        return csrf.not_allowed(request, "POST")
    body = await forms.read_body(request.receive, forms.MOST_QUERY_BYTES)
    if not csrf.matches(request):
        return csrf.refused()
    database: PostgresDatabase = datasette.get_database(DATABASE)
    try:
        asked = read(body)
        statements = for_psycopg2(asked.queries, asked.subdicts)
        async with _own.setdefault(request.actor["id"], asyncio.Semaphore(AN_ACCOUNT)), _running:
            file = await database.run(
                lambda connection: _written(connection, statements),
                time_limit_ms=TIME_LIMIT_MS,
                read_only=len(statements) == 1,
            )
    except QueryInterrupted:
        return failed(f"The query was cancelled: it ran for more than {TIME_LIMIT_MS // 1000} seconds.")
    except (BadQuery, PostgresError) as error:
        return failed(str(error))
    except OSError as error:
        return failed(f"The answer can't be kept: {error.strerror}.")
    return FileResponse(file, request, JSON)


def failed(message: str) -> Response:
    return Response(orjson.dumps({"status": "error", "error": message}), content_type=JSON)


def _written(connection: Any, statements: list[tuple[str, dict[str, Any] | None]]) -> BinaryIO:
    """The whole answer in a file without a name, at its beginning."""
    file = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(Settings.from_env().state))  # noqa: SIM115 - closed by the answer
    try:
        file.write(b'{"status": "ok", "rows": [')
        comma = b""
        for portion in portions(connection, statements):
            if portion.rows:
                file.write(comma + as_json(portion.names, portion.codes, portion.rows))
                comma = b","
            if file.tell() > MOST_ANSWER_BYTES:
                raise PostgresError(f"The answer is larger than {MOST_ANSWER_BYTES >> 30} GB; submit it as a long query.")
        file.write(b"]}")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast(BinaryIO, file)
