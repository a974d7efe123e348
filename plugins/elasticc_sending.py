"""How JSON leaves: compressed where the client takes that and it pays, off the event loop where it is much.

Level 1 halves our numbers at some 80 MB/s a core; higher levels gain a tenth and take thrice as long.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from datasette import Response
from datasette.utils.asgi import Request

JSON = "application/json; charset=utf-8"
LEVEL, GZIP = 1, 31
LEAST_BYTES = 1400  # fits into one packet anyway
MOST_BYTES_ON_LOOP = 16 * 1024  # 0.2 ms

# Whoever stores an answer asks again each time, with its ETag; what has none isn't stored.
VARY = "Cookie, Authorization, Accept-Encoding"
KEPT = {"cache-control": "private, no-cache", "vary": VARY}
UNKEPT = {"cache-control": "private, no-store", "vary": VARY}


class JsonPage(Response):  # type: ignore[misc]
    """A whole answer."""

    def __init__(self, body: str, request: Request, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status=200, content_type=JSON, headers=dict(headers or {}))
        self._json = body.encode()
        self._takes_gzip = takes_gzip(request)

    async def asgi_send(self, send: Any) -> None:
        body, headers = self._json, _headers(self)
        if self._takes_gzip and len(body) >= LEAST_BYTES:
            headers.append((b"content-encoding", b"gzip"))
            body = await compressed(body)
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class JsonStream(Response):  # type: ignore[misc]
    """JSON that is sent as it is made. A failure in the middle breaks the connection: nobody takes a part for all."""

    def __init__(self, chunks: AsyncGenerator[str, None], request: Request, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status=200, content_type=JSON, headers=dict(headers or {}))
        self._chunks = chunks
        self._request = request

    async def asgi_send(self, send: Any) -> None:
        headers = _headers(self)
        packer = zlib.compressobj(LEVEL, wbits=GZIP) if takes_gzip(self._request) else None
        if packer:
            headers.append((b"content-encoding", b"gzip"))
        gone = asyncio.create_task(_disconnected(self._request))
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            async for chunk in self._chunks:
                if gone.done():
                    return
                body = chunk.encode()
                await send({"type": "http.response.body", "body": await _packed(packer, body), "more_body": True})
        finally:
            gone.cancel()
            await self._chunks.aclose()
        await send({"type": "http.response.body", "body": packer.flush() if packer else b""})


def takes_gzip(request: Request) -> bool:
    """As Accept-Encoding says it: `gzip`, `gzip;q=0.5`, `*`, not `gzip;q=0`."""
    wanted: dict[str, bool] = {}
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        wanted[name] = not any(is_zero(parameter) for parameter in parameters)
    return wanted.get("gzip", wanted.get("*", False))


def is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().strip("0.") == ""


async def compressed(body: bytes) -> bytes:
    if len(body) <= MOST_BYTES_ON_LOOP:
        return zlib.compress(body, LEVEL, GZIP)
    return await asyncio.get_running_loop().run_in_executor(None, zlib.compress, body, LEVEL, GZIP)


async def _packed(packer: Any, body: bytes) -> bytes:
    if packer is None:
        return body
    packed: bytes = await asyncio.get_running_loop().run_in_executor(None, packer.compress, body)
    return packed


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", JSON.encode())]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    return headers + [(b"set-cookie", cookie.encode()) for cookie in response._set_cookie_headers]


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
