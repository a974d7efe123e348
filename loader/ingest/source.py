"""A file as a stream of bytes that are hashed as they pass, decompressed where they are gzip, and never read whole.

Refuses what is cut short, what fails gzip's own checks, and what swells so much that it can only be a trap.
"""

import contextlib
import hashlib
import io
import os
import select
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from loader.ingest.errors import UnreadableFile, printable

CHUNK = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"
STDIN = Path("-")
STDIN_NUMBER = 0
LOOK_SECONDS = 0.2
# The tables of simulations shrink 10 to 30-fold; deflate itself can 1,032-fold.
MOST_SWELLING = 200
SWELLING_COUNTS_FROM = 64 << 20


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass
class Source:
    """One file that is read once, from start to end. `size` and `sha256` are whole after `finish`."""

    name: str
    raw: "Readable"
    size: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = CHUNK) -> bytes:
        try:
            data = self.raw.read(size)
        except OSError as error:
            raise UnreadableFile(f"can't be read at byte {self.size}: {error.strerror}", file=self.name) from error
        self.size += len(data)
        self._digest.update(data)
        return data

    def finish(self) -> None:
        """Read the rest, so that size and digest are the whole file's."""
        while self.read():
            pass

    def stream(self) -> io.BufferedReader:
        """The content, decompressed where it is gzip."""
        start = b""
        while len(start) < len(GZIP_MAGIC) and (more := self.read(len(GZIP_MAGIC) - len(start))):
            start += more
        if not start:
            raise UnreadableFile("the file is empty", file=self.name)
        plain = _Plain(self, start)
        return io.BufferedReader(_Gunzipped(self, plain) if start == GZIP_MAGIC else plain, CHUNK)


class _Plain(io.RawIOBase):
    def __init__(self, source: Source, start: bytes) -> None:
        self._source = source
        self._start = start

    def readable(self) -> bool:
        return True

    def take(self, size: int) -> bytes:
        start, self._start = self._start[:size], self._start[size:]
        return start + self._source.read(size - len(start)) if len(start) < size else start

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.take(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Gunzipped(io.RawIOBase):
    """Gzip, of several members too; every check of the format, and the one against swelling."""

    def __init__(self, source: Source, plain: _Plain) -> None:
        self._source = source
        self._plain = plain
        self._member = zlib.decompressobj(31)
        self._pending = b""
        self._written = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            if not self._pending:
                self._pending = self._plain.take(CHUNK)
                if not self._pending:
                    if not self._member.eof:
                        self._refuse("truncated: its gzip stream has no end")
                    return 0
            if self._member.eof:
                self._pending = self._pending.lstrip(b"\0")
                if not self._pending:
                    continue
                self._member = zlib.decompressobj(31)
            try:
                data = self._member.decompress(self._pending, len(buffer))
            except zlib.error as error:
                self._refuse(f"corrupt gzip near byte {self._source.size}: {error}", error)
            self._pending = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            self._written += len(data)
            if self._written > SWELLING_COUNTS_FROM and self._written > MOST_SWELLING * self._source.size:
                self._refuse(f"swells more than {MOST_SWELLING}-fold: {self._written:,} bytes from {self._source.size:,}")
            if data:
                buffer[: len(data)] = data
                return len(data)

    def _refuse(self, reason: str, cause: Exception | None = None) -> None:
        raise UnreadableFile(reason, file=self._source.name) from cause


class _StandardInput:
    """Who waits for a pipe in `read` can't be called away, and Python waits for its threads at its end: we only look."""

    def __init__(self) -> None:
        self.is_over = False

    def read(self, size: int) -> bytes:
        while not self.is_over:
            if select.select([STDIN_NUMBER], [], [], LOOK_SECONDS)[0]:
                return os.read(STDIN_NUMBER, size)
        return b""


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """`-` is standard input. Raises UnreadableFile where there is no such file, or it isn't ours to read."""
    if path == STDIN:
        given = _StandardInput()
        try:
            yield Source("standard input", given)
        finally:
            given.is_over = True
        return
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"can't be opened: {error.strerror}", file=path) from error
    with raw:
        yield Source(printable(str(path)), raw)
