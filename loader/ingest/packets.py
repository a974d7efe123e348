"""Avro records one by one out of whatever holds them: a container file, a single packet, gzip, tar, a tar in a tar.

Refuses a schema that is none of ours, a block or packet that is cut short or has bytes left over, blocks that swell
beyond reason, and archives with anything but plain files at plain paths. Nothing is ever unpacked to the disk.
"""

import bz2
import io
import json
import lzma
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

import fastavro

from loader.ingest import schemas
from loader.ingest.errors import UnreadableFile
from loader.ingest.schemas import Kind, Version
from loader.ingest.source import Source

MAGIC = b"Obj\x01"
MOST_PACKET = 32 << 20  # bytes; the largest real alert has 100 kB
MOST_BLOCK = 64 << 20
MOST_HEADER = 4 << 20
DEEPEST = 3  # tars within tars
TAR_END = bytes(512)
DECODE_ERRORS = (
    EOFError, ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, StopIteration, struct.error,
    AttributeError, ZeroDivisionError, AssertionError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True)
class Packet:
    """`record` as fastavro gives it. `number` counts from 1 over the whole file, `place` is the archive's member."""

    record: dict[str, Any]
    version: Version
    number: int
    place: str


def packets(source: Source, kind: Kind, version: Version) -> Iterator[Packet]:
    """Every record of `source`. `version` is that of packets without a schema."""
    found = _open(source.stream(), source.name, kind, version, depth=0)
    for number, (record, its_version, place) in enumerate(found, start=1):
        yield Packet(record, its_version, number, place)


def decode(content: bytes, kind: Kind, version: Version, place: str) -> dict[str, Any]:
    """One packet without its schema. Raises UnreadableFile; bytes left over mean another schema or version."""
    stream = io.BytesIO(content)
    record = _decode(stream, kind, version, place)
    left = len(content) - stream.tell()
    if left:
        raise UnreadableFile(f"{left} bytes are left over after a {kind} packet of {version}: another version?", file=place)
    return record


def _open(
    stream: io.BufferedReader, place: str, kind: Kind, version: Version, *, depth: int
) -> Iterator[tuple[dict[str, Any], Version, str]]:
    start = stream.peek(512)
    if start.startswith(MAGIC):
        yield from _container(stream, place, kind)
    elif start[257:262] == b"ustar" or (place.lower().removesuffix(".gz").endswith((".tar", ".tgz"))):
        yield from _archive(stream, place, kind, version, depth=depth)
    else:
        content = stream.read(MOST_PACKET + 1)
        if len(content) > MOST_PACKET:
            raise UnreadableFile(f"more than {MOST_PACKET:,} bytes, and no container file: not one packet", file=place)
        yield decode(content, kind, version, place), version, place


def _decode(stream: BinaryIO, kind: Kind, version: Version, place: str) -> dict[str, Any]:
    try:
        record = fastavro.schemaless_reader(stream, schemas.PARSED[kind, version], None)
    except DECODE_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableFile(f"truncated, corrupt, or no {kind} packet of {version}: {reason}", file=place) from error
    assert isinstance(record, dict)  # the schemas are records
    return record


def _archive(
    stream: io.BufferedReader, place: str, kind: Kind, version: Version, *, depth: int
) -> Iterator[tuple[dict[str, Any], Version, str]]:
    if depth == DEEPEST:
        raise UnreadableFile(f"archives within archives, more than {DEEPEST} deep", file=place)
    tail = _Tail(stream)
    n_members = 0
    try:
        with tarfile.open(fileobj=tail, mode="r|") as archive:
            for member in archive:
                if member.isdir():
                    continue
                name = f"{place}: {member.name!r}"
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    raise UnreadableFile("its path leaves the archive", file=name)
                if not member.isreg():
                    raise UnreadableFile("neither a file nor a folder", file=name)
                n_members += 1
                content = archive.extractfile(member)
                assert content is not None  # regular files have one
                yield from _member(Source(f"{place}: {member.name}", content), kind, version, depth=depth)
    except (tarfile.TarError, EOFError, struct.error, UnicodeDecodeError) as error:
        raise UnreadableFile(f"truncated or corrupt archive: {' '.join(str(error).split())}", file=place) from error
    tail.finish(place)
    if not n_members:
        raise UnreadableFile("an archive without a file", file=place)


def _member(source: Source, kind: Kind, version: Version, *, depth: int) -> Iterator[tuple[dict[str, Any], Version, str]]:
    yield from _open(source.stream(), source.name, kind, version, depth=depth + 1)


class _Tail(io.RawIOBase):
    """A stream that remembers its end: a tar that was cut between two members has no block of zeros there."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if data:
            self._last = (self._last + data[-1024:])[-1024:]
        return data

    def finish(self, place: str) -> None:
        while self.read(1 << 16):
            pass
        if not self._last.endswith(TAR_END):
            raise UnreadableFile("truncated archive: it has no end", file=place)


def _container(stream: io.BufferedReader, place: str, kind: Kind) -> Iterator[tuple[dict[str, Any], Version, str]]:
    """A container file: header with schema and codec, then blocks, each closed by the header's marker."""
    reader = _Blocks(stream, place)
    metadata, marker = reader.header()
    version = _version(metadata, kind, place)
    codec = metadata.get("avro.codec", b"null")
    number = 0
    while reader.has_more():
        number += 1
        at = f"{place}, block {number}"
        count, data = reader.block(marker, at)
        content = io.BytesIO(_decompress(codec, data, at))
        for _ in range(count):
            yield _decode(content, kind, version, at), version, place
        if content.read(1):
            raise UnreadableFile(f"bytes are left over after its {count} records", file=at)


def _version(metadata: dict[str, bytes], kind: Kind, place: str) -> Version:
    try:
        schema = json.loads(metadata["avro.schema"])
        version = schemas.version_of(kind, schema)
        if version is None:
            raise UnreadableFile(f"its schema is no {kind}'s: {schemas.first_difference(kind, schema)}", file=place)
    except KeyError as error:
        raise UnreadableFile(f"a container file whose schema can't be read: no {error}", file=place) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableFile(f"a container file whose schema can't be read: {str(error)[:200]}", file=place) from error
    return version


class _Blocks:
    """The outer layer of a container file. https://avro.apache.org/docs/1.12.0/specification/#object-container-files"""

    def __init__(self, stream: io.BufferedReader, place: str) -> None:
        self._stream = stream
        self._place = place

    def header(self) -> tuple[dict[str, bytes], bytes]:
        self._exactly(4, "header")
        metadata: dict[str, bytes] = {}
        room = MOST_HEADER
        while count := self._long("header"):
            if count < 0:
                count = -count
                self._long("header")
            for _ in range(count):
                key = self._bytes(room, "header")
                value = self._bytes(room - len(key), "header")
                room -= len(key) + len(value) + 1
                metadata[key.decode("utf-8", errors="replace")] = value
        return metadata, self._exactly(16, "header")

    def has_more(self) -> bool:
        return bool(self._stream.peek(1))

    def block(self, marker: bytes, place: str) -> tuple[int, bytes]:
        count = self._long(place)
        data = self._bytes(MOST_BLOCK, place)
        if count < 0 or count > MOST_BLOCK:
            self._refuse(f"a block of {count} records", place)
        if self._exactly(16, place) != marker:
            self._refuse("corrupt: the marker after the block is not the file's", place)
        return count, data

    def _bytes(self, most: int, what: str) -> bytes:
        size = self._long(what)
        if not 0 <= size <= most:
            self._refuse(f"corrupt: a length of {size} bytes", what)
        return self._exactly(size, what)

    def _exactly(self, size: int, what: str) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            self._refuse(f"truncated: {size - len(data)} bytes are missing", what)
        return data

    def _long(self, what: str) -> int:
        number = shift = 0
        while shift < 64:
            byte = self._exactly(1, what)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (number >> 1) ^ -(number & 1)
        self._refuse("corrupt: a number without end", what)

    def _refuse(self, reason: str, what: str) -> NoReturn:
        raise UnreadableFile(reason, file=self._place if what == "header" else what)


def _decompress(codec: bytes, data: bytes, place: str) -> bytes:
    try:
        if codec == b"null":
            return data
        if codec == b"deflate":
            inflater = zlib.decompressobj(-15)
            content = inflater.decompress(data, MOST_BLOCK)
            if inflater.unconsumed_tail:
                raise UnreadableFile(f"a block that swells to more than {MOST_BLOCK:,} bytes", file=place)
            if not inflater.eof:
                raise UnreadableFile("corrupt block: its compressed data have no end", file=place)
            return content
        if codec in (b"bzip2", b"xz"):
            other = bz2.BZ2Decompressor() if codec == b"bzip2" else lzma.LZMADecompressor()
            content = other.decompress(data, MOST_BLOCK)
            if not other.eof:
                raise UnreadableFile(f"a block that is cut short or swells to more than {MOST_BLOCK:,} bytes", file=place)
            return content
    except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise UnreadableFile(f"corrupt block: {error}", file=place) from error
    name = codec.decode("ascii", errors="replace")
    raise UnreadableFile(f"compressed with {name!r}: null, deflate, bzip2 and xz can be read", file=place)
