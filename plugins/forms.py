"""What a stranger's request carries, read with suspicion: bodies, forms, addresses to go on to, HTTP Basic."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOGIN = "/-/login"
LOGOUT = "/-/logout"
OPEN_PATHS = {LOGIN, LOGOUT, "/accounts/login", "/accounts/login/", "/accounts/logout/", "/favicon.ico"}
MOST_FORM_BYTES = 64 * 1024
MOST_QUERY_BYTES = 16 * 1024 * 1024
MOST_KNOWN_BYTES = 1024 * 1024  # of somebody who is logged in, where the page itself has no limit
COOKIE_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~:-]+")


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


def readable(scope: Scope) -> Scope:
    """Without cookies and CSRF tokens that only raise: Python's cookies know fewer names than browsers do."""
    headers = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            value = b";".join(pair for pair in value.split(b";") if COOKIE_NAME.fullmatch(pair.partition(b"=")[0].strip()))
        if name != b"x-csrftoken" or value.isascii():
            headers.append((name, value))
    return {**scope, "headers": headers}


class Bounded:
    """A body of at most so many bytes, whoever reads it; a longer one is answered with 413."""

    def __init__(self, receive: Receive, send: Send, most_bytes: int) -> None:
        self._receive, self._send, self._left = receive, send, most_bytes
        self._has_begun = False

    @property
    def is_too_long(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        """Past the limit it is as if the client had gone."""
        if self.is_too_long:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self.is_too_long else message

    async def send(self, message: Message) -> None:
        if self._has_begun or not self.is_too_long:
            self._has_begun = True
            await self._send(message)

    async def refuse(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await self._send({"type": "http.response.start", "status": 413, "headers": headers})
            await self._send({"type": "http.response.body", "body": b"The body is too large."})


def read_form(body: bytes | None) -> Mapping[str, str] | None:
    """An urlencoded form; of a repeated field the last counts."""
    try:
        return None if body is None else dict(parse_qsl(body.decode(), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError):
        return None


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


def address_of(scope: Scope) -> str:
    """Who is asking, as the server saw it, or as a proxy that it trusts said."""
    return str((scope.get("client") or ("",))[0])
