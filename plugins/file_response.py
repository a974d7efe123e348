"""A file as an answer, read a piece at a time, its length told beforehand; the file is closed at the end, however it ends."""

import asyncio
import os
from typing import Any, BinaryIO

from datasette import Response
from datasette.utils.asgi import Request

CHUNK_BYTES = 256 * 1024


class FileResponse(Response):  # type: ignore[misc]
    """From where the file stands to its end."""

    def __init__(self, file: BinaryIO, request: Request, content_type: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status=200, content_type=content_type, headers=headers)
        start = file.tell()
        self.headers["content-length"] = str(file.seek(0, os.SEEK_END) - start)
        file.seek(start)
        self._file = file
        self._request = request

    async def asgi_send(self, send: Any) -> None:
        pairs = {**self.headers, "content-type": self.content_type}
        headers = [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()]
        headers += [(b"set-cookie", cookie.encode()) for cookie in self._set_cookie_headers]
        with self._file:
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            gone = asyncio.create_task(_disconnected(self._request))
            try:
                while not gone.done() and (chunk := await asyncio.to_thread(self._file.read, CHUNK_BYTES)):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                gone.cancel()
            await send({"type": "http.response.body", "body": b""})


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
