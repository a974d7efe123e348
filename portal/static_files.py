"""Static files, Datasette's, the portal's and the plugins': gzipped, with an ETag, kept for good by the hash in the address.

Only they are gzipped. A page has a CSRF token and repeats what its address says, and the length of both packed together would
tell the one from the other (BREACH).
"""

import asyncio
import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

VERSION = "v"
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
PACKED = ("text/", "application/json", "image/svg+xml")
LEAST_BYTES = 200  # below, gzip's own header eats what it spares
IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.[^"']+)["']""", re.MULTILINE)


@dataclass(frozen=True)
class StaticFile:
    """What is sent of a file as it was at `stamp`; `packed` is None where gzip gains nothing."""

    stamp: tuple[int, int]
    hash: str
    content_type: str
    body: bytes
    packed: bytes | None

    @classmethod
    def read(cls, path: Path, stamp: tuple[int, int]) -> "StaticFile":
        body = path.read_bytes()
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        is_text = kind.startswith(PACKED)
        packed = gzip.compress(body, mtime=0) if is_text and len(body) >= LEAST_BYTES else None
        return cls(
            stamp=stamp,
            hash=hashlib.sha256(body).hexdigest()[:10],
            content_type=f"{kind}; charset=utf-8" if is_text else kind,
            body=body,
            packed=packed if packed and len(packed) < len(body) else None,
        )


class StaticFiles:
    """`folders` are by the beginning of their addresses, as `/static/`."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = {prefix: folder.resolve() for prefix, folder in folders.items()}
        self._known: dict[Path, StaticFile] = {}

    def find(self, path: str) -> StaticFile | None:
        """The file at an address without its query, as it is on the disk now; None for what isn't there."""
        prefix = next((prefix for prefix in self._folders if path.startswith(prefix)), None)
        if prefix is None:
            return None
        folder = self._folders[prefix]
        try:
            file = (folder / path[len(prefix) :]).resolve()
            if not file.is_relative_to(folder) or not file.is_file():
                return None
            status = file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if (known := self._known.get(file)) is None or known.stamp != stamp:
                known = self._known[file] = StaticFile.read(file, stamp)
        except (OSError, ValueError):  # a name with a null byte is a ValueError
            return None
        return known

    def versioned(self, url: str) -> str:
        """With its file's hash, where it is a static file's address."""
        if "?" in url or not url.startswith(tuple(self._folders)):
            return url
        file = self.find(unquote(url))
        return f"{url}?{VERSION}={file.hash}" if file else url

    def import_map(self) -> dict[str, str]:
        """Each module that another imports, and what is in a folder `vendor`: plain address → versioned one."""
        found: set[str] = set()
        for prefix, folder in self._folders.items():
            for file in folder.rglob("*"):
                url = prefix + file.relative_to(folder).as_posix()
                if file.suffix == ".js":
                    found.update(self._imports(url))
                if file.parent.name == "vendor" and file.suffix in (".js", ".css"):
                    found.add(url)
        return {url: self.versioned(url) for url in sorted(found)}

    def preloads(self, urls: Iterable[str]) -> list[str]:
        """Versioned addresses of all that these modules import, and what that imports: no round trip for each step."""
        found: dict[str, None] = {}
        waiting = [url.partition("?")[0] for url in urls]
        while waiting:
            new = [url for url in self._imports(waiting.pop()) if url not in found]
            found.update(dict.fromkeys(new))
            waiting += new
        return [self.versioned(url) for url in found]

    def _imports(self, url: str) -> list[str]:
        file = self.find(url)
        if file is None:
            return []
        text = file.body.decode(errors="replace")
        targets = [posixpath.normpath(posixpath.join(posixpath.dirname(url), name)) for name in IMPORT.findall(text)]
        return [target for target in targets if self.find(target)]

    def serving(self, app: App) -> App:
        """`app`, but for GET and HEAD of a static file that is there."""

        async def served(scope: Scope, receive: Any, send: Send) -> None:
            is_ours = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
            if is_ours and scope["path"].startswith(tuple(self._folders)):
                file = await asyncio.to_thread(self.find, scope["path"])
                if file is not None:
                    await _answer(file, scope, send)
                    return
            await app(scope, receive, send)

        return served


async def _answer(file: StaticFile, scope: Scope, send: Send) -> None:
    asked = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    version = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(VERSION)
    etag = f'W/"{file.hash}"'
    headers = {
        "cache-control": FOR_GOOD if version == [file.hash] else ASK_AGAIN,
        "etag": etag,
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if _is_known(asked.get(b"if-none-match", ""), etag):
        await _send(send, 304, headers, b"")
        return
    packed = file.packed if _takes_gzip(asked.get(b"accept-encoding", "")) else None
    body = file.body if packed is None else packed
    headers |= {"content-type": file.content_type, "content-length": str(len(body))}
    if packed is not None:
        headers["content-encoding"] = "gzip"
    await _send(send, 200, headers, body if scope["method"] == "GET" else b"")


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def _is_known(none_match: str, etag: str) -> bool:
    """Weakly compared, as RFC 9110 has it for If-None-Match."""
    tags = [tag.strip().removeprefix("W/") for tag in none_match.split(",")]
    return tags == ["*"] or etag.removeprefix("W/") in tags


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, parameter = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", parameter)
    return False
