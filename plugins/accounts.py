"""The loader's accounts: by password, by session cookie, by token. Every hash of a password is computed in a thread.

Accounts are rows of Django's auth_user, read through a role of its own that sees name, hash and is_active only, at each
request: a new, changed or disabled account needs no restart. Sessions are Datasette's `ds_actor` cookies with an expiry, a
number of their own by which logging out ends them, and a fingerprint of the password's hash, so that a changed password or a
disabled account ends them. Tokens are found by their digests: they are long and random, so that SHA-256 is enough.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import hmac
import os
import secrets
import time
from collections import Counter, OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datasette import Response
from datasette.utils import baseconv
from datasette.utils.asgi import Request
from datasette_auth_passwords.utils import ALGORITHM, verify_password
from datasette_postgresql import PostgresDatabase
from itsdangerous import BadSignature
from server.settings import Settings
from server.throttle import Throttle, TooManyLogins

from plugins.admission import VERSION, Admission
from plugins.ended_sessions import EndedSessions

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

SESSION_COOKIE = "ds_actor"
SESSION_SECONDS = 14 * 24 * 3600
MOST_REMEMBERED = 256
MOST_NAME = 150
HASHES_AT_ONCE = 2
WAITING_AN_ADDRESS = 8
WAITING = 64
BUSY_SECONDS = 5

ACCOUNT = f"""
    select username, password, is_active, {VERSION}
    from auth_user
    where username = $1
"""

TOKEN = """
    select u.username, u.password, u.is_active, null
    from accounts_apitoken t
    join auth_user u on u.id = t.user_id
    where t.digest = $1
      and t.expires_at > now()
      and t.revoked_at is null
"""

# The check of a name that nobody has takes as long as that of a wrong password: as many rounds as Django's hashes have.
NOBODYS_HASH = f"{ALGORITHM}$1000000$c29tZXRoaW5n$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@dataclass(frozen=True)
class Account:
    """An active account. `fingerprint` changes with the password and tells nothing of it."""

    name: str
    hash: str

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(b"session" + self.hash.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Session:
    """What a cookie of ours says; whether it still holds is another question."""

    name: str
    number: str
    expires: int
    fingerprint: str


LOGIN_URL = "ELASTICC_LOGIN_URL"


def is_portal() -> bool:
    """Whether this is the portal, whose launcher says where the accounts are. Elsewhere the project's plugins do nothing:

    they are in the environment of every Datasette that is started from it.
    """
    return LOGIN_URL in os.environ


class Accounts:
    """The accounts behind one Datasette."""

    def __init__(self, datasette: Datasette) -> None:
        self._datasette = datasette
        self._database = PostgresDatabase.standalone(datasette, "accounts", os.environ[LOGIN_URL])
        self._hashing = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="password")
        self._waiting: Counter[str] = Counter()
        self._throttle = Throttle()
        self._ended = EndedSessions(Settings.from_env().state)
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._known: OrderedDict[str, tuple[Account, int]] = OrderedDict()

    async def find(self, name: str) -> Account | None:
        """The active account of that name."""
        if not name or len(name) > MOST_NAME or "\x00" in name:
            return None
        return await self._active(ACCOUNT, name)

    async def find_by_token(self, token: str) -> Account | None:
        """The active account whose token this is, if the token is neither revoked nor over."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
        return await self._active(TOKEN, digest)

    async def verify(self, name: str, password: str, address: str) -> Account | None:
        """The active account of that name, if that is its password. Raises TooManyLogins, before anything is computed."""
        if self._waiting[address] >= WAITING_AN_ADDRESS or self._waiting.total() >= WAITING:
            raise TooManyLogins(BUSY_SECONDS)
        self._throttle.admit(name, address)
        self._waiting[address] += 1
        try:
            account = await self._verify(name, password)
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]
        if account:
            self._throttle.forgive(name, address)
        return account

    async def verify_again(self, name: str, password: str, address: str) -> Account | None:
        """`verify` for HTTP Basic, which sends the password each time: a pair that was right is remembered, hashed."""
        account = await self.find(name)
        if account is None:
            return await self.verify(name, password, address)
        ours = "\x00".join((account.name, account.hash, password)).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._key, ours, "sha256")
        if digest in self._remembered:
            self._remembered.move_to_end(digest)
            return account
        verified = await self.verify(name, password, address)
        if verified == account:
            self._remembered[digest] = None
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return verified

    def session(self, account: Account) -> str:
        """The value of a session cookie that Datasette itself understands."""
        expires = baseconv.base62.encode(int(time.time()) + SESSION_SECONDS)
        number = secrets.token_urlsafe(12)
        value = {"a": {"id": account.name}, "e": expires, "v": account.fingerprint, "n": number}
        return str(self._datasette.sign(value, "actor"))

    async def account_of_session(self, cookie: str) -> Account | None:
        """None where the cookie isn't ours, is over or logged out, or its account is disabled, gone or has another password."""
        session = self._current(cookie)
        account = await self.find(session.name) if session else None
        return account if session and account and hmac.compare_digest(account.fingerprint, session.fingerprint) else None

    def remembered(self, cookie: str) -> tuple[Account, Admission] | None:
        """As account_of_session, but without asking: who relies on it makes sure that the admission holds."""
        session = self._current(cookie)
        account, version = self._known.get(session.name, (None, 0)) if session else (None, 0)
        if session is None or account is None or not hmac.compare_digest(account.fingerprint, session.fingerprint):
            return None
        return account, Admission(cookie, version, self.account_of_session)

    def end_session(self, cookie: str) -> None:
        """From now on the cookie is nobody's, whoever has a copy."""
        if session := self._read(cookie):
            self._ended.end(session.number, session.expires)

    def close(self) -> None:
        self._hashing.shutdown(wait=False)
        self._database.close()
        self._ended.close()

    async def _active(self, statement: str, value: str) -> Account | None:
        rows = await self._database.prepared.ask(statement, [value])
        name, password, is_active, version = rows[0] if rows else (value, "", False, None)
        if not is_active:
            self._known.pop(name, None)
            return None
        account = Account(name, password)
        if version is not None:
            self._known[name] = (account, version)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return account

    async def _verify(self, name: str, password: str) -> Account | None:
        account = await self.find(name)
        stored = account.hash if account and account.hash.startswith(f"{ALGORITHM}$") else NOBODYS_HASH
        check = functools.partial(verify_password, password, stored)
        matches = await asyncio.get_running_loop().run_in_executor(self._hashing, check)
        return account if matches else None

    def _current(self, cookie: str) -> Session | None:
        """Neither over nor logged out."""
        session = self._read(cookie)
        return None if session is None or session.expires <= time.time() or session.number in self._ended else session

    def _read(self, cookie: str) -> Session | None:
        try:
            value = self._datasette.unsign(cookie, "actor")
            expires = int(baseconv.base62.decode(value["e"]))
            return Session(str(value["a"]["id"]), str(value["n"]), expires, str(value["v"]))
        except (BadSignature, KeyError, TypeError, ValueError):
            return None


def of(datasette: Datasette) -> Accounts:
    """The accounts of this Datasette, connected at first use."""
    accounts: Accounts | None = getattr(datasette, "_elasticc_accounts", None)
    if accounts is None:
        accounts = datasette._elasticc_accounts = Accounts(datasette)
    return accounts


def set_session_cookie(response: Response, value: str, request: Request) -> None:
    """An empty value ends the session in the browser."""
    response.set_cookie(
        SESSION_COOKIE,
        value,
        max_age=SESSION_SECONDS if value else 0,
        httponly=True,
        secure=request.scheme == "https",
    )
