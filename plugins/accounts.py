"""Who is asking: the loader's accounts, by session cookie, HTTP Basic or the login page; nothing else is public.

Accounts are rows of Django's auth_user, read through a role of its own that sees name, hash and is_active only, at each
request: a new, changed or disabled account needs no restart. Sessions are Datasette's `ds_actor` cookies with an expiry
and a fingerprint of the password's hash, so that a changed password or a disabled account ends them.
datasette-auth-passwords serves /-/login. It compares a hash from its settings on the event loop, half a second for one
of Django's; so the password is checked here, in a thread, and what that plugin is given is a hash of the checked
password with one iteration, within that one request. Stored hashes never enter Datasette's metadata.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

from datasette import Response, hookimpl
from datasette.database import QueryInterrupted
from datasette.utils import baseconv
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import ALGORITHM, hash_password, verify_password
from datasette_postgresql import PostgresDatabase, PostgresError
from itsdangerous import BadSignature

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SESSION_COOKIE = "ds_actor"
SESSION_SECONDS = 14 * 24 * 3600
LOGIN = "/-/login"
OPEN_PATHS = {LOGIN, "/-/logout", "/accounts/login", "/accounts/login/", "/accounts/logout/", "/favicon.ico"}
STATIC_PREFIXES = ("/-/static/", "/-/static-plugins/", "/static/")
MOST_FORM_BYTES = 64 * 1024
MOST_REMEMBERED = 256
NO_CREDENTIALS = "Authentication credentials were not provided."
BAD_CREDENTIALS = "Invalid username/password."

ACCOUNT = """
    select username, password, is_active
    from auth_user
    where username = $1
"""

# The check of a name that nobody has takes as long as that of a wrong password.
NOBODYS_HASH = f"{ALGORITHM}$1000000$c29tZXRoaW5n$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

_settings_of_login: ContextVar[dict[str, str] | None] = ContextVar("settings_of_login", default=None)


@dataclass(frozen=True)
class Account:
    """An active account. `fingerprint` changes with the password and tells nothing of it."""

    name: str
    hash: str

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(b"session" + self.hash.encode()).hexdigest()[:16]


class Accounts:
    """The accounts behind one Datasette."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._database = PostgresDatabase.standalone(datasette, "accounts", os.environ["ELASTICC_LOGIN_URL"])
        self._hashing = ThreadPoolExecutor(2, thread_name_prefix="password")
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()

    async def find(self, name: str) -> Account | None:
        """The active account of that name."""
        if not name or len(name) > 150 or "\x00" in name:
            return None
        rows = await self._database.prepared.ask(ACCOUNT, [name])
        if not rows:
            return None
        username, password, is_active = rows[0]
        return Account(username, password) if is_active else None

    async def verify(self, name: str, password: str) -> Account | None:
        """The active account of that name, if that is its password. Hashes in a thread, for half a second."""
        account = await self.find(name)
        stored = account.hash if account and account.hash.startswith(f"{ALGORITHM}$") else NOBODYS_HASH
        check = functools.partial(verify_password, password, stored)
        matches = await asyncio.get_running_loop().run_in_executor(self._hashing, check)
        return account if matches else None

    async def verify_again(self, name: str, password: str) -> Account | None:
        """`verify` for HTTP Basic, which sends the password each time: a pair that was right is remembered, hashed."""
        account = await self.find(name)
        if account is None:
            return await self.verify(name, password)
        ours = "\x00".join((account.name, account.hash, password)).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, ours, "sha256")
        if digest in self._remembered:
            self._remembered.move_to_end(digest)
            return account
        verified = await self.verify(name, password)
        if verified == account:
            self._remembered[digest] = None
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return verified

    def session(self, account: Account) -> str:
        """The value of a session cookie that Datasette itself understands."""
        expires = baseconv.base62.encode(int(time.time()) + SESSION_SECONDS)
        value = {"a": {"id": account.name}, "e": expires, "v": account.fingerprint}
        return str(self._datasette.sign(value, "actor"))

    async def account_of_session(self, cookie: str) -> Account | None:
        """None where the cookie isn't ours, is over, or its account is disabled, gone or has another password."""
        try:
            value = self._datasette.unsign(cookie, "actor")
            name, expires, fingerprint = str(value["a"]["id"]), baseconv.base62.decode(value["e"]), str(value["v"])
        except (BadSignature, KeyError, TypeError, ValueError):
            return None
        account = await self.find(name) if int(expires) > time.time() else None
        return account if account and hmac.compare_digest(account.fingerprint, fingerprint) else None

    def close(self) -> None:
        self._hashing.shutdown(wait=False)
        self._database.close()


def of(datasette: Datasette) -> Accounts:
    """The accounts of this Datasette, connected at first use."""
    accounts: Accounts | None = getattr(datasette, "_elasticc_accounts", None)
    if accounts is None:
        accounts = datasette._elasticc_accounts = Accounts(datasette)
    return accounts


def set_session_cookie(response: Response, value: str, request: Request) -> None:
    """An empty value ends the session."""
    response.set_cookie(
        SESSION_COOKIE,
        value,
        max_age=SESSION_SECONDS if value else 0,
        httponly=True,
        secure=request.scheme == "https",
    )


def local_path(address: str | None) -> str | None:
    """`address` if a browser that is sent there stays here; browsers take `\\` for `/` and drop control characters."""
    if not address or not address.startswith("/") or address.startswith("//"):
        return None
    if "\\" in address or any(ord(letter) < 33 or ord(letter) == 127 for letter in address):
        return None
    path = urlsplit(address).path
    return None if path in OPEN_PATHS else quote(address, safe="/%?&=#:;,+@!$'()*~[]-._|")


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Name and password of an `Authorization: Basic` header; None where it is malformed."""
    try:
        name, colon, password = base64.b64decode(header[6:].strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


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
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await _guard(datasette, app, scope, receive, send)
                return
            await app(scope, receive, send)
            if scope["type"] == "lifespan":
                of(datasette).close()

        return guarded

    return wrap


async def _guard(datasette: Datasette, app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Let in who is known, and anybody to the login page. Everything downstream sees valid sessions only."""
    request = Request(scope, receive)
    if request.path.startswith(STATIC_PREFIXES):
        await app(scope, receive, send)
        return
    try:
        account, problem = await _identify(of(datasette), request)
        if request.path == LOGIN and request.method == "POST":
            await _log_in(of(datasette), app, _identified(scope, request, account), receive, send)
            return
    except (PostgresError, QueryInterrupted):
        await Response.json({"detail": "The database doesn't answer."}, status=503).asgi_send(send)
        return
    if account is None and request.path not in OPEN_PATHS:
        await _turned_away(request, problem).asgi_send(send)
        return
    token = _settings_of_login.set({"_password_hash": ""}) if request.path == LOGIN else None
    try:
        await app(_identified(scope, request, account), receive, send)
    finally:
        if token is not None:
            _settings_of_login.reset(token)


async def _identify(accounts: Accounts, request: Request) -> tuple[Account | None, str]:
    """By session, else by HTTP Basic; and what to say to somebody who is neither."""
    cookie = request.cookies.get(SESSION_COOKIE)
    account = await accounts.account_of_session(cookie) if cookie else None
    header = request.headers.get("authorization", "")
    if account or not header.lower().startswith("basic "):
        return account, NO_CREDENTIALS
    credentials = basic_credentials(header)
    return (await accounts.verify_again(*credentials) if credentials else None), BAD_CREDENTIALS


def _identified(scope: Scope, request: Request, account: Account | None) -> Scope:
    """The request with its actor, without the headers by which others would look for one once more.

    The session cookie stays where its account is the actor, for Datasette shows its log out button by it.
    """
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(request.headers.get("cookie", ""))
    if account is None:
        cookies.pop(SESSION_COOKIE, None)
    kept = [(key, value) for key, value in scope["headers"] if key.lower() not in (b"cookie", b"authorization")]
    pairs = "; ".join(f"{key}={morsel.coded_value}" for key, morsel in cookies.items())
    if pairs:
        kept.append((b"cookie", pairs.encode("latin-1")))
    header = request.headers.get("authorization", "")
    if header and not header.lower().startswith("basic "):
        kept.append((b"authorization", header.encode("latin-1")))
    return {**scope, "headers": kept, "actor": {"id": account.name} if account else None}


def _turned_away(request: Request, problem: str) -> Response:
    """A browser is led to the login page and will come back; a script is told."""
    if "text/html" in request.headers.get("accept", "") and request.method in ("GET", "HEAD"):
        return Response.redirect(f"{LOGIN}?next={quote(request.full_path, safe='/')}")
    body: dict[str, object] = {"detail": problem}
    if request.path.partition(".")[2] in ("json", "jsono", "csv"):  # as Datasette's own errors in JSON
        body |= {"ok": False, "error": problem, "status": 403}
    return Response.json(body, status=403, headers={"vary": "Accept, Cookie, Authorization"})


async def _log_in(accounts: Accounts, app: App, scope: Scope, receive: Receive, send: Send) -> None:
    """POST /-/login: check here, let datasette-auth-passwords answer, then make its session ours."""
    body = await read_body(receive)
    form = read_form(body)
    if form is None:
        await Response.text("The form is too large or not UTF-8.", status=400).asgi_send(send)
        return
    name, password = form.get("username", ""), form.get("password", "")
    account = await accounts.verify(name, password) if name and password else None
    settings = {f"{name}_password_hash": hash_password(password, iterations=1)} if account else {"_password_hash": ""}
    request = Request(scope, receive)
    onward = local_path(form.get("next") or request.args.get("next")) or "/"
    token = _settings_of_login.set(settings)
    try:
        await app(scope, _replay(body or b"", receive), _with_session(accounts, account, request, onward, send))
    finally:
        _settings_of_login.reset(token)


async def read_body(receive: Receive, most_bytes: int = MOST_FORM_BYTES) -> bytes | None:
    """The whole body, or None where it is longer than that."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        if not message.get("more_body"):
            return bytes(body)


def read_form(body: bytes | None) -> Mapping[str, str] | None:
    """An urlencoded form; of a repeated field the last counts."""
    try:
        return None if body is None else dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError):
        return None


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


def _with_session(accounts: Accounts, account: Account | None, request: Request, onward: str, send: Send) -> Send:
    """A `send` that puts our cookie and destination in the place of datasette-auth-passwords' on success."""

    async def sent(message: Message) -> None:
        if account and message["type"] == "http.response.start" and message["status"] == 302:
            ours = Response.redirect(onward)
            set_session_cookie(ours, accounts.session(account), request)
            replaced = (b"location", b"set-cookie")
            headers = [(key, value) for key, value in message["headers"] if key.lower() not in replaced]
            headers += [(b"location", onward.encode()), (b"set-cookie", ours._set_cookie_headers[0].encode())]
            message = {**message, "headers": headers}
        await send(message)

    return sent
