"""Brokers' classification messages to rows: one message, its classifiers, its probabilities.

The digest is of what a message says, whichever version of the schema said it: 128 bits of BLAKE2b over its values, in
microseconds and float32.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from loader.ingest.errors import BadRow
from loader.ingest.packets import Packet
from loader.ingest.rows import Column, Messages, column
from loader.ingest.schemas import TICKS_US
from loader.ingest.values import LAST_US, check_texts

BATCH_ROWS = 30_000
MOST_CLASSIFIERS = 5_000  # in a load; those of one name are compared each with each
NAMES = ("brokerName", "brokerVersion", "classifierName", "classifierParams")


@dataclass(frozen=True)
class Stream:
    """Where in Kafka a message stood."""

    topic: str
    offset: int
    timestamp_us: int | None


@dataclass
class Reader:
    """Keeps the classifiers' numbers over the batches of one load."""

    file: Path | str
    classifiers: dict[tuple[str | None, ...], int] = field(default_factory=dict)
    _messages: list[tuple[Any, ...]] = field(default_factory=list)
    _said: list[tuple[int, int, int, int, float]] = field(default_factory=list)
    _new: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, packet: Packet, stream: Stream | None = None) -> bytes:
        """Returns the message's digest."""
        record, ticks_us = packet.record, TICKS_US[packet.version]
        published = _times("elasticcPublishTimestamp", packet, ticks_us)
        received = _times("brokerIngestTimestamp", packet, ticks_us)
        said = [(*_classifier(record, each), each["classId"], each["probability"]) for each in record["classifications"]]
        exact = [(*names, class_id, float(np.float32(probability))) for *names, class_id, probability in said]
        digest = _digest([record["alertId"], record["diaSourceId"], published, received,
                          record["brokerName"], record["brokerVersion"], exact])  # fmt: skip
        at = (stream.offset, stream.topic, stream.timestamp_us) if stream else (None, None, None)
        self._messages.append((digest, record["alertId"], record["diaSourceId"], published, received, *at, packet.number))
        for place, (*names, class_id, probability) in enumerate(said):
            classifier = self._number((record["brokerName"], record["brokerVersion"], *names), packet)
            self._said.append((classifier, place, class_id, packet.number, probability))
        return digest

    @property
    def is_full(self) -> bool:
        return len(self._messages) + len(self._said) > BATCH_ROWS

    def take(self) -> Messages | None:
        """What was added since the last time."""
        if not self._messages:
            return None
        digests, alerts, sources, published, received, offsets, topics, stamps, numbers = zip(*self._messages, strict=True)
        messages: dict[str, Column] = {
            "digest": np.frombuffer(b"".join(digests), dtype="V16"),
            "alertId": column(alerts, np.int64),
            "diaSourceId": column(sources, np.int64),
            "elasticcPublishTimestamp": column(published, np.int64),
            "brokerIngestTimestamp": column(received, np.int64),
            "streamMessageId": column(offsets, np.int64),
            "topicName": column(topics, np.str_),
            "msgHdrTimestamp": column(stamps, np.int64),
        }
        whole = np.array([row[:4] for row in self._said], dtype=np.int64).reshape(-1, 4)
        classifications: dict[str, Column] = {
            "number": whole[:, 0],
            "at": whole[:, 1],
            "classId": whole[:, 2],
            "row": whole[:, 3],
            "probability": np.array([row[4] for row in self._said], dtype=np.float64),
        }
        classifiers: dict[str, Column] = {
            "number": np.array([row[0] for row in self._new], dtype=np.int64),
            **{name: column([row[at] for row in self._new], np.str_) for at, name in enumerate(NAMES, start=1)},
        }
        self._messages, self._said, self._new = [], [], []
        return Messages(messages, classifiers, classifications, self.file, np.array(numbers, dtype=np.int64))

    def _number(self, names: tuple[str | None, ...], packet: Packet) -> int:
        number = self.classifiers.get(names)
        if number is None:
            if len(self.classifiers) == MOST_CLASSIFIERS:
                raise BadRow(f"more than {MOST_CLASSIFIERS:,} classifiers", file=packet.place, row=packet.number)
            for name, text in zip(NAMES, names, strict=True):
                check_texts(name, [text], file=packet.place, numbers=[packet.number])
            number = self.classifiers[names] = len(self.classifiers) + 1
            self._new.append((number, *names))
        return number


def read_messages(packets: Iterable[Packet], file: Path | str) -> Iterator[Messages]:
    """Messages in batches of bounded size."""
    reader = Reader(file)
    for packet in packets:
        reader.add(packet)
        if reader.is_full and (batch := reader.take()):
            yield batch
    if batch := reader.take():
        yield batch


def _times(name: str, packet: Packet, ticks_us: int) -> int | None:
    value: int | None = packet.record[name]
    if value is None:
        return None
    if not 0 <= value * ticks_us <= LAST_US:
        raise BadRow(f"{name} is {value}: not between 1970 and 2100", file=packet.place, row=packet.number)
    return value * ticks_us


def _classifier(record: dict[str, Any], said: dict[str, Any]) -> tuple[str | None, str | None]:
    holder = said if "classifierName" in said else record
    return holder["classifierName"], holder["classifierParams"]


def _digest(values: list[Any]) -> bytes:
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"), allow_nan=True)
    return blake2b(text.encode("ascii"), digest_size=16).digest()
