"""/accounts/login/ and /db/runsqlquery/ as the old system answered them, for scripts that know only their addresses.

Cross-site requests are refused as the old system did it: cookie `csrftoken` against a header or a form field. Scripts send
neither Referer nor Origin, so neither is asked for.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
from datasette_postgresql import PostgresDatabase, PostgresError
from datasette_postgresql.values import BUILT_IN_ARRAYS

from plugins import accounts
from plugins.elasticc_api import DATABASE, JSON, JsonStream

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
RUN = "/db/runsqlquery/"
CSRF_COOKIE = "csrftoken"
CSRF_SECONDS = 364 * 24 * 3600
WRONG_LOGIN = "Please enter a correct username and password. Note that both fields may be case-sensitive."
MOST_QUERY_BYTES = 16 * 1024 * 1024
TIME_LIMIT_MS = 300_000  # where the proxies of old cut a query
ROWS_A_CHUNK = 2000
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")

# A JSON list after IN is a tuple to psycopg2, anywhere else an array.
IN_LIST = re.compile(r"(?i)(\bin\s*)%\(([^)]*)\)s")
IN_SUFFIX = " as a list"

BOOL, BYTEA, NUMERIC, TIMESTAMP, TIMESTAMPTZ = 16, 17, 1700, 1114, 1184
JSON_TYPES = {114, 3802, *BUILT_IN_ARRAYS}  # datasette-postgresql gives an array as JSON text


@dataclass(frozen=True)
class BadQuery(Exception):
    """A request that can't be understood; the message is for the person who sent it."""

    message: str

    def __str__(self) -> str:
        return self.message


@hookimpl  # type: ignore[untyped-decorator]
def register_routes() -> list[tuple[str, Any]]:
    return [
        (rf"^{LOGIN}$", login),
        (rf"^{LOGIN.rstrip('/')}$", to_login),
        (rf"^{LOGOUT}$", logout),
        (rf"^{RUN}$", run_sql_query),
        (rf"^{RUN.rstrip('/')}$", run_sql_query),
    ]


@hookimpl  # type: ignore[untyped-decorator]
def skip_csrf(scope: dict[str, Any]) -> bool:
    """These pages check by the old system's cookie instead."""
    return scope["path"] in (LOGIN, LOGOUT, RUN, RUN.rstrip("/"))


async def to_login(request: Request) -> Response:
    query = f"?{request.query_string}" if request.query_string else ""
    return Response.redirect(LOGIN + query, status=301)


async def login(request: Request, datasette: Datasette) -> Response:
    """The page, and what scripts post to it. A wrong password is told with status 200."""
    if request.method in ("GET", "HEAD"):
        return await _login_page(request, datasette, None, accounts.local_path(request.args.get("next")))
    if request.method != "POST":
        return _not_allowed(request, "GET, HEAD, POST")
    form = accounts.read_form(await accounts.read_body(request.receive))
    if form is None:
        return Response.text("The form is too large or not UTF-8.", status=400)
    if not _token_matches(request, form.get("csrfmiddlewaretoken")):
        return _cross_site()
    onward = accounts.local_path(form.get("next") or request.args.get("next"))
    known = accounts.of(datasette)
    name, password = form.get("username", ""), form.get("password", "")
    account = await known.verify(name, password) if name and password else None
    if account is None:
        return await _login_page(request, datasette, WRONG_LOGIN, onward)
    response = Response.redirect(onward or "/")
    accounts.set_session_cookie(response, known.session(account), request)
    _set_token(response, request, secrets.token_hex(32))
    return response


async def logout(request: Request) -> Response:
    """By GET, as it was."""
    response = Response.redirect("/")
    accounts.set_session_cookie(response, "", request)
    return response


async def run_sql_query(request: Request, datasette: Datasette) -> Response:
    """Rows of the last statement; whatever goes wrong with the query is told with status 200."""
    if request.method != "POST":
        return _not_allowed(request, "POST")
    body = await accounts.read_body(request.receive, MOST_QUERY_BYTES)
    if not _token_matches(request, None):
        return _cross_site()
    database: PostgresDatabase = datasette.get_database(DATABASE)
    try:
        statements = _statements(body)
        results = await database.run_statements(statements, time_limit_ms=TIME_LIMIT_MS)
    except QueryInterrupted:
        return _failed(f"The query was cancelled: it ran for more than {TIME_LIMIT_MS // 1000} seconds.")
    except (BadQuery, PostgresError, ValueError, TypeError) as error:
        return _failed(str(error))
    except KeyError as error:
        return _failed(f"The query names %({error.args[0]})s, which subdict doesn't have.")
    return JsonStream(_in_chunks(results), request)


def _statements(body: bytes | None) -> list[tuple[str, dict[str, Any] | None]]:
    """Pairs of a query and its parameters, None where there are none: then a bare % is only a sign."""
    try:
        asked = orjson.loads(body or b"")
    except orjson.JSONDecodeError as error:
        raise BadQuery(f"The body must be JSON: {error}") from error
    if not isinstance(asked, dict) or "query" not in asked:
        raise BadQuery('The body must be {"query": …, "subdict": …}.')
    queries, subdicts = asked["query"], asked.get("subdict")
    if isinstance(queries, str):
        queries, subdicts = [queries], [subdicts]
    elif not subdicts:
        subdicts = [None] * len(queries) if isinstance(queries, list) else []
    if not isinstance(queries, list) or not isinstance(subdicts, list) or len(queries) != len(subdicts):
        raise BadQuery("query and subdict must be both single, or lists of the same length.")
    if not queries:
        raise BadQuery("There is no query.")
    return [_statement(query, subdict) for query, subdict in zip(queries, subdicts, strict=True)]


def _statement(query: object, subdict: object) -> tuple[str, dict[str, Any] | None]:
    if not isinstance(query, str) or not isinstance(subdict, dict | None):
        raise BadQuery("A query must be a string, and its subdict an object.")
    if not subdict:
        return query, None
    if any(_holds_object(value) for value in subdict.values()):
        raise BadQuery("A value in subdict is an object; values are strings, numbers, true, false, null and lists of them.")
    lists = {name: tuple(value) or (None,) for name, value in subdict.items() if isinstance(value, list)}

    def after_in(match: re.Match[str]) -> str:
        return f"{match[1]}%({match[2]}{IN_SUFFIX})s" if match[2] in lists else match[0]

    return IN_LIST.sub(after_in, query), {**subdict, **{name + IN_SUFFIX: value for name, value in lists.items()}}


def _holds_object(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_object, value)))


async def _in_chunks(results: Any) -> AsyncGenerator[str, None]:
    """The answer as text; NaN and infinities, which JSON doesn't know, are null."""
    yield '{"status": "ok", "rows": ['
    for number, chunk in enumerate(_chunks(results)):
        yield ("," if number else "") + orjson.dumps(chunk).decode()[1:-1]
    yield "]}"


def _chunks(results: Any) -> Iterator[list[dict[str, Any]]]:
    names = [column[0] for column in results.description or ()]
    codes = [column[1] for column in results.description or ()]
    rows: Sequence[Sequence[Any]] = results.rows
    for start in range(0, len(rows), ROWS_A_CHUNK):
        yield [
            {name: _plain(value, code) for name, code, value in zip(names, codes, row, strict=True)}
            for row in rows[start : start + ROWS_A_CHUNK]
        ]


def _plain(value: Any, code: int) -> Any:
    """As Django's JSON encoder wrote it."""
    if value is None:
        return None
    if code == BOOL:
        return bool(value)
    if code in (TIMESTAMP, TIMESTAMPTZ):
        return _iso(str(value))
    if code == NUMERIC:
        return str(value)
    if code in JSON_TYPES:
        return orjson.loads(value)
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    return value


def _iso(text: str) -> str:
    """Milliseconds, and `Z` where there is a time zone; what no calendar has (infinity, BC) stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return moment.isoformat(timespec="milliseconds")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _failed(message: str) -> Response:
    return Response(orjson.dumps({"status": "error", "error": message}), content_type=JSON)


async def _login_page(request: Request, datasette: Datasette, error: str | None, onward: str | None) -> Response:
    token = _token(request) or secrets.token_hex(32)
    context = {"error": error, "login_url": LOGIN, "next": onward or "", "old_token": token}
    response = Response.html(await datasette.render_template("password_login.html", context, request=request))
    _set_token(response, request, token)
    return response


def _token(request: Request) -> str | None:
    token = request.cookies.get(CSRF_COOKIE, "")
    return token if TOKEN.fullmatch(token) else None


def _set_token(response: Response, request: Request, token: str) -> None:
    response.set_cookie(CSRF_COOKIE, token, max_age=CSRF_SECONDS, secure=request.scheme == "https")


def _token_matches(request: Request, in_form: str | None) -> bool:
    ours, theirs = _token(request), in_form or request.headers.get("x-csrftoken", "")
    return ours is not None and hmac.compare_digest(ours.encode(), theirs.encode())


def _cross_site() -> Response:
    return Response.json({"detail": "CSRF Failed: CSRF token missing or incorrect."}, status=403)


def _not_allowed(request: Request, allowed: str) -> Response:
    body = {"detail": f'Method "{request.method}" not allowed.'}
    return Response.json(body, status=405, headers={"allow": allowed})
