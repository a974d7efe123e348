"""Brokers' messages from Kafka. Offsets are committed only after their rows are: killed at any instant, nothing is lost.

What was put in and not yet committed comes again at the next start, and its digest shows that it is known: no doubles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from psycopg2.extensions import connection as Connection

from loader.ingest.compare import Policy
from loader.ingest.errors import BadRow, IngestError, StreamFailed
from loader.ingest.log import FileRecord, Run
from loader.ingest.messages import Reader, Stream
from loader.ingest.outcome import Counts
from loader.ingest.packets import Packet, decode
from loader.ingest.put import put
from loader.ingest.schemas import Version

BATCH = 1000
WAIT_SECONDS = 1.0
FATAL_SECONDS = 30.0  # without any broker


@dataclass
class Consumption:
    """What was asked for. `on_batch` hears of each committed batch, `on_refused` of each message that is no good."""

    bootstrap: str
    topics: Sequence[str]
    group: str
    version: Version
    until_end: bool
    skip_bad: bool
    should_stop: Callable[[], bool]
    on_batch: Callable[[list[Counts]], None]
    on_refused: Callable[[IngestError], None]
    settings: dict[str, str] = field(default_factory=dict)


def consume(connection: Connection, run: Run, asked: Consumption) -> None:
    """Until the topics' end, or until asked to stop. Raises StreamFailed where Kafka can't be used, or a message is bad."""
    consumer = _consumer(asked)
    ends: set[tuple[str, int]] = set()
    silent_since = monotonic()
    try:
        consumer.subscribe(list(asked.topics))
        while not asked.should_stop():
            messages = consumer.consume(BATCH, WAIT_SECONDS)
            good = [message for message in messages if not _is_event(message, ends)]
            if good:
                _put(connection, run, asked, consumer, good)
            if messages:
                silent_since = monotonic()
            elif not consumer.assignment() and monotonic() - silent_since > FATAL_SECONDS:
                raise StreamFailed(f"No broker at {asked.bootstrap} has given us {', '.join(asked.topics)} to read.")
            if asked.until_end and _is_over(consumer, ends):
                return
    except KafkaException as error:
        raise StreamFailed(f"Kafka failed: {error.args[0].str() if error.args else error}") from error
    finally:
        consumer.close()


def _consumer(asked: Consumption) -> Consumer:
    try:
        return Consumer(
            {
                **asked.settings,
                "bootstrap.servers": asked.bootstrap,
                "group.id": asked.group,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "logger": None,
            }
        )
    except KafkaException as error:
        raise StreamFailed(f"Kafka can't be used so: {error}") from error


def _is_event(message: Message, ends: set[tuple[str, int]]) -> bool:
    """The end of a partition, noted in `ends`. Raises StreamFailed for what Kafka won't mend by itself."""
    error = message.error()
    if error is None:
        ends.discard(_partition(message))  # its end has moved on
        return False
    if error.code() == KafkaError._PARTITION_EOF:
        ends.add(_partition(message))
    elif error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
        raise StreamFailed(f"There is no topic {message.topic()}: {error.str()}")
    elif not error.retriable():
        raise StreamFailed(f"Kafka failed: {error.str()}")
    return True


def _is_over(consumer: Consumer, ends: set[tuple[str, int]]) -> bool:
    assigned = {(each.topic, each.partition) for each in consumer.assignment()}
    return bool(assigned) and assigned <= ends


def _put(connection: Connection, run: Run, asked: Consumption, consumer: Consumer, messages: Sequence[Message]) -> None:
    _put_good(connection, run, asked, messages)
    consumer.commit(offsets=_next_offsets(messages), asynchronous=False)


def _put_good(connection: Connection, run: Run, asked: Consumption, messages: Sequence[Message]) -> None:
    """All of them at once; where that is refused, half by half, down to the message that is to blame."""
    try:
        reader = Reader(_place(messages[0]) if len(messages) == 1 else f"Kafka at {asked.bootstrap}")
        for number, message in enumerate(messages, start=1):
            reader.add(_packet(message, number, asked.version), _stream(message))
        batch = reader.take()
        record = run.file([], f"Kafka {', '.join(sorted({str(message.topic()) for message in messages}))}")
        asked.on_batch(put(connection, [batch] if batch else [], policy=Policy.KEEP, record=record))
    except IngestError as error:
        if len(messages) > 1:
            middle = len(messages) // 2
            _put_good(connection, run, asked, messages[:middle])
            _put_good(connection, run, asked, messages[middle:])
        elif asked.skip_bad:
            asked.on_refused(error)
            run.refused(FileRecord(run.id, [], _place(messages[0])), error)
        else:
            raise


def _packet(message: Message, number: int, version: Version) -> Packet:
    place = _place(message)
    value = message.value()
    if not value:
        raise BadRow("a message without content", file=place)
    return Packet(decode(bytes(value), "broker", version, place), version, number, place)


def _partition(message: Message) -> tuple[str, int]:
    return str(message.topic()), int(message.partition() or 0)


def _place(message: Message) -> str:
    return f"topic {message.topic()}, partition {message.partition()}, offset {message.offset()}"


def _stream(message: Message) -> Stream:
    kind, milliseconds = message.timestamp()
    known = kind != confluent_kafka.TIMESTAMP_NOT_AVAILABLE and milliseconds >= 0
    return Stream(str(message.topic()), int(message.offset() or 0), milliseconds * 1000 if known else None)


def _next_offsets(messages: Sequence[Message]) -> list[TopicPartition]:
    last: dict[tuple[str, int], int] = {}
    for message in messages:
        at = _partition(message)
        last[at] = max(last.get(at, -1), int(message.offset() or 0))
    return [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()]
