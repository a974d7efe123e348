"""The door: who is asking, by session, token or HTTP Basic. Nobody else gets past it but to the login page.

datasette-auth-passwords serves /-/login. It compares a hash from its settings on the event loop, half a second for one
of Django's; so the password is checked by accounts.py, in a thread, and what that plugin is given is a hash of the checked
password with one iteration, within that one request. Stored hashes never enter Datasette's metadata. Its /-/password-tool,
which hashes what it is sent on the event loop too, is closed: passwords are the loader's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import hash_password
from datasette_postgresql import PostgresError
from server.throttle import TooManyLogins

from plugins import accounts, forms
from plugins.accounts import SESSION_COOKIE, Account, Accounts
from plugins.admission import ADMISSION, Admission
from plugins.forms import LOGIN, LOGOUT, OPEN_PATHS, App, Message, Receive, Scope, Send

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

READING = ("GET", "HEAD")
STATIC_PREFIXES = ("/-/static/", "/-/static-plugins/", "/static/")
PASSWORD_TOOL = "/-/password-tool"
NO_CREDENTIALS = "Authentication credentials were not provided."
BAD_CREDENTIALS = "Invalid username/password."
NO_DATABASE = "The database doesn't answer."
BAD_TOKEN = "Invalid token."
NO_TOOL = "Passwords are set where the database is: `python -m loader user passwd NAME`."
WAY_IN = "elasticc_way_in"  # in the scope: "session", "basic" or "token"

_settings_of_login: ContextVar[dict[str, str] | None] = ContextVar("settings_of_login", default=None)


@dataclass(frozen=True)
class Visitor:
    """`account` is None for a stranger; `problem` is what a stranger is told. With an admission, it has to be proved yet."""

    account: Account | None
    way_in: str | None = None
    problem: str = NO_CREDENTIALS
    admission: Admission | None = None


@hookimpl  # type: ignore[untyped-decorator]
def get_metadata(key: str | None, database: str | None) -> dict[str, Any] | None:
    """Settings for datasette-auth-passwords while it answers a login, and never at any other time."""
    settings = _settings_of_login.get()
    if settings is None or key != "plugins" or database is not None:
        return {}
    return {"plugins": {"datasette-auth-passwords": dict(settings)}}


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Datasette) -> Callable[[App], App]:
    def wrap(app: App) -> App:
        if not accounts.is_portal():
            return app

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await _guard(datasette, app, forms.readable(scope), receive, send)
                return
            await app(scope, receive, send)
            if scope["type"] == "lifespan":
                accounts.of(datasette).close()

        return guarded

    return wrap


async def _guard(datasette: Datasette, app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Let in who is known, and anybody to the login page. Everything downstream sees valid sessions only."""
    request = Request(scope, receive)
    if request.path.startswith(STATIC_PREFIXES) and request.method in READING:
        await app(scope, receive, send)
        return
    known = accounts.of(datasette)
    try:
        visitor = await _identify(known, request)
        if request.path == LOGIN and request.method == "POST":
            await _log_in(known, app, _identified(scope, request, visitor), receive, send)
            return
    except (PostgresError, QueryInterrupted):
        await Response.json({"detail": NO_DATABASE}, status=503).asgi_send(send)
        return
    except TooManyLogins as error:
        await refused_for_now(error, Response.json({"detail": str(error)})).asgi_send(send)
        return
    if visitor.account is None and request.path not in OPEN_PATHS:
        await _turned_away(request, visitor.problem).asgi_send(send)
        return
    if request.path == PASSWORD_TOOL:
        await Response.json({"detail": NO_TOOL}, status=404).asgi_send(send)
        return
    bounded = None
    if request.method not in READING:
        bounded = forms.Bounded(receive, send, _most_bytes(request, visitor))
        receive, send = bounded.receive, bounded.send
    if request.path == LOGOUT and request.method == "POST":
        send = _ending_session(known, request.cookies.get(SESSION_COOKIE), send)
    if visitor.admission:
        send = _once_proved(visitor.admission, request, send)
    token = _settings_of_login.set({"_password_hash": ""}) if request.path == LOGIN else None
    try:
        await app(_identified(scope, request, visitor), receive, send)
    except Exception:
        if bounded is None or not bounded.is_too_long:
            raise
    finally:
        if token is not None:
            _settings_of_login.reset(token)
    if bounded is not None and bounded.is_too_long:
        await bounded.refuse()


def _most_bytes(request: Request, visitor: Visitor) -> int:
    """Twice what pages take that have a limit and an answer of their own. Datasette and its CSRF check have none."""
    if visitor.account is None:
        return 2 * forms.MOST_FORM_BYTES
    return 2 * forms.MOST_QUERY_BYTES if request.path.startswith("/db/") else forms.MOST_KNOWN_BYTES


async def _identify(known: Accounts, request: Request) -> Visitor:
    """A token decides alone: its bearer needs no CSRF token, so no cookie may stand in for it. Else session, then Basic."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Visitor(await known.find_by_token(credentials.strip()), "token", BAD_TOKEN)
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie and _only_reads(request) and (found := known.remembered(cookie)):
        return Visitor(found[0], "session", admission=found[1])
    if cookie and (account := await known.account_of_session(cookie)):
        return Visitor(account, "session")
    if scheme.lower() != "basic":
        return Visitor(None)
    pair = forms.basic_credentials(request.headers["authorization"])
    account = await known.verify_again(*pair, forms.address_of(request.scope)) if pair else None
    return Visitor(account, "basic", BAD_CREDENTIALS)


def _only_reads(request: Request) -> bool:
    """What an unproved visitor may start, for nothing of it leaves unproved."""
    return request.method in ("GET", "HEAD") and request.path.startswith("/elasticc/")


def _once_proved(admission: Admission, request: Request, send: Send) -> Send:
    """A `send` before whose first word the account is looked up, unless the answer itself has shown that it needn't."""
    is_refused = False

    async def sent(message: Message) -> None:
        nonlocal is_refused
        if message["type"] == "http.response.start":
            try:
                is_refused = not await admission.holds()
                refusal = _turned_away(request, NO_CREDENTIALS)
            except PostgresError:
                is_refused, refusal = True, Response.json({"detail": NO_DATABASE}, status=503)
            if is_refused:
                await refusal.asgi_send(send)
        if not is_refused:
            await send(message)

    return sent


def _identified(scope: Scope, request: Request, visitor: Visitor) -> Scope:
    """The request with its actor, without the headers by which others would look for one once more.

    The session cookie stays where it is the way in, for Datasette shows its log out button by it. `Bearer` stays for the
    sake of Datasette's CSRF check, which asks those who bring it for nothing else.
    """
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(request.headers.get("cookie", ""))
    if visitor.way_in != "session":
        cookies.pop(SESSION_COOKIE, None)
    kept = [(key, value) for key, value in scope["headers"] if key.lower() not in (b"cookie", b"authorization")]
    pairs = "; ".join(f"{key}={morsel.coded_value}" for key, morsel in cookies.items())
    if pairs:
        kept.append((b"cookie", pairs.encode("latin-1")))
    if visitor.account and visitor.way_in == "token":
        kept.append((b"authorization", b"Bearer checked"))
    actor = {"id": visitor.account.name} if visitor.account else None
    return {
        **scope,
        "headers": kept,
        "actor": actor,
        ADMISSION: visitor.admission,
        WAY_IN: visitor.way_in if visitor.account else None,
    }


def refused_for_now(error: TooManyLogins, response: Response) -> Response:
    """`response` as a 429 that says when to come back."""
    response.status = 429
    response.headers["retry-after"] = str(error.wait_s)
    return response


def _turned_away(request: Request, problem: str) -> Response:
    """A browser is led to the login page and will come back; a script is told."""
    if "text/html" in request.headers.get("accept", "") and request.method in ("GET", "HEAD"):
        return Response.redirect(f"{LOGIN}?next={quote(request.full_path, safe='/')}")
    body: dict[str, object] = {"detail": problem}
    if request.path.partition(".")[2] in ("json", "jsono", "csv"):  # as Datasette's own errors in JSON
        body |= {"ok": False, "error": problem, "status": 403}
    return Response.json(body, status=403, headers={"vary": "Accept, Cookie, Authorization"})


async def _log_in(known: Accounts, app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """POST /-/login: check here, let datasette-auth-passwords answer, then make its session ours."""
    body = await forms.read_body(receive)
    form = forms.read_form(body)
    if form is None:
        await Response.text("The form is too large or not UTF-8.", status=400).asgi_send(send)
        return
    request = Request(scope, receive)
    name, password = form.get("username", ""), form.get("password", "")
    onward = forms.local_path(form.get("next") or request.args.get("next"))
    try:
        account = await known.verify(name, password, forms.address_of(scope)) if name and password else None
    except TooManyLogins as error:
        await refused_for_now(error, Response.text(str(error))).asgi_send(send)
        return
    settings = {f"{name}_password_hash": hash_password(password, iterations=1)} if account else {"_password_hash": ""}
    token = _settings_of_login.set(settings)
    try:
        await app(scope, _replay(body or b"", receive), _with_session(known, account, request, onward or "/", send))
    finally:
        _settings_of_login.reset(token)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


def _with_session(known: Accounts, account: Account | None, request: Request, onward: str, send: Send) -> Send:
    """A `send` that puts our cookie and destination in the place of datasette-auth-passwords' on success."""

    async def sent(message: Message) -> None:
        if account and message["type"] == "http.response.start" and message["status"] == 302:
            ours = Response.redirect(onward)
            accounts.set_session_cookie(ours, known.session(account), request)
            replaced = (b"location", b"set-cookie")
            headers = [(key, value) for key, value in message["headers"] if key.lower() not in replaced]
            headers += [(b"location", onward.encode()), (b"set-cookie", ours._set_cookie_headers[0].encode())]
            message = {**message, "headers": headers}
        await send(message)

    return sent


def _ending_session(known: Accounts, cookie: str | None, send: Send) -> Send:
    """A `send` that ends the session once Datasette has logged out, which its CSRF check may refuse."""

    async def sent(message: Message) -> None:
        if cookie and message["type"] == "http.response.start" and message["status"] == 302:
            known.end_session(cookie)
        await send(message)

    return sent
