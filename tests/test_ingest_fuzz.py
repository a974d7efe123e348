"""Whatever bytes a reader gets, it gives rows or an IngestError: no other exception, no endless loop, no flood of memory.

Real files, mutated at random places: bits turned, bytes cut out, doubled, or written over; and texts of hypothesis.
"""

import gzip
import io
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import fastavro
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loads import SHARED
from test_ingest_formats import GOOD, alert, container, message, packet, tar

from loader.ingest import dump, snana, values
from loader.ingest.alerts import read_alerts
from loader.ingest.errors import IngestError
from loader.ingest.jsonrecord import to_record
from loader.ingest.messages import read_messages
from loader.ingest.packets import packets
from loader.ingest.rows import Batch, Messages
from loader.ingest.source import Source
from loader.ingest.truth import OBJECT_TYPES, POINT_TYPES, read_source_truth

ROUNDS = 400
ALERTS = [alert(1), alert(2), alert(3)]


def mutated(content: bytes, chance: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
        at, size = chance.randrange(len(data) or 1), chance.randrange(1, 40)
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)]) if data else b"x"
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size]
            case 3:
                data[at : at + size] = chance.randbytes(size)
            case 4:
                del data[at:]
            case _:
                data[at : at + size] = b"\xff" * size
    return bytes(data)


def real(path: str) -> bytes:
    file = SHARED / path
    return file.read_bytes() if file.exists() else container(ALERTS, "alert")


def some_messages() -> bytes:
    with io.BytesIO(real("broker/broker_classifications_v0_9_ocf.avro")) as stream:
        reader = fastavro.reader(stream)
        records = [record for record, _ in zip(reader, range(20), strict=False)]
        out = io.BytesIO()
        fastavro.writer(out, reader.writer_schema, records, codec="deflate", sync_interval=400)
    return out.getvalue()


def source(content: bytes) -> Source:
    return Source("fuzzed", io.BytesIO(content))


def alerts(content: bytes) -> Iterator[Batch]:
    return read_alerts(packets(source(content), "alert", "v0_9"), "fuzzed")


def messages(content: bytes) -> Iterator[Batch]:
    return read_messages(packets(source(content), "broker", "v0_9"), "fuzzed")


def truths(content: bytes) -> Iterator[Batch]:
    return read_source_truth(source(content))


def dumps(content: bytes) -> Iterator[Batch]:
    return dump.parse("fuzzed", source(content).stream())


def dump_text() -> bytes:
    file = next((SHARED / "elasticc2_snana").rglob("*.DUMP"), None)
    return b"".join(file.read_bytes().splitlines(keepends=True)[:15]) if file else b"VARNAMES: CID\n"


FUZZED: dict[str, tuple[Callable[[], bytes], Callable[[bytes], Iterator[Batch]]]] = {
    "alert container": (lambda: container(ALERTS, "alert"), alerts),
    "alert container, plain": (lambda: container(ALERTS, "alert", codec="null"), alerts),
    "alert packet": (lambda: packet(alert(3), "alert"), alerts),
    "tar.gz of packets": (lambda: tar({f"{each['alertId']}.avro": packet(each, "alert") for each in ALERTS}, "w:gz"), alerts),
    "tar of packets": (lambda: tar({f"{each['alertId']}.avro": packet(each, "alert") for each in ALERTS}), alerts),
    "message container": (some_messages, messages),
    "message packet": (lambda: packet(message(3), "broker"), messages),
    "truth CSV": (lambda: GOOD.encode() * 1 + b"101,1,60001.5,1,10,20.5\n" * 5, truths),
    "DUMP": (dump_text, dumps),
}


def check(batch: Batch) -> None:
    """As the writer does before anything goes to the database."""
    if isinstance(batch, Messages):
        types = {"digest": "uuid", "topicName": "text", "msgHdrTimestamp": "timestamp with time zone", "probability":
                 "double precision", "elasticcPublishTimestamp": "timestamp with time zone",
                 "brokerIngestTimestamp": "timestamp with time zone"}  # fmt: skip
        for columns in (batch.messages, batch.classifications):
            known = {name: types.get(name, "bigint") for name in columns}
            values.check(columns, known, frozenset(), file=None, numbers=None)
        return
    types = {**POINT_TYPES, **OBJECT_TYPES}
    guessed = {"i": "bigint", "f": "double precision", "U": "text", "b": "boolean"}
    known = {name: types.get(name, guessed[column.dtype.kind]) for name, column in batch.columns.items()}
    values.check(batch.columns, known, frozenset(), file=batch.file, numbers=batch.numbers)


@pytest.mark.parametrize("name", FUZZED)
def test_mutated_files_give_rows_or_one_error(name: str) -> None:
    make, read = FUZZED[name]
    content, chance = make(), random.Random(name)
    for batch in read(content):
        check(batch)
    came: Counter[str] = Counter()
    for _ in range(ROUNDS):
        try:
            for batch in read(mutated(content, chance)):
                check(batch)
            came["read"] += 1
        except IngestError as error:
            assert "\n" not in str(error) and len(str(error)) < 2000, error
            came["refused"] += 1
    print(f"\n{name}: {dict(came)}", file=sys.stderr)
    assert came["refused"] > ROUNDS // 10


def test_mutated_fits_give_rows_or_one_error() -> None:
    pair = next(each for each in snana.find([SHARED / "elasticc2_snana"]).pairs if each.phot.stat().st_size < 9000)
    chance = random.Random(3)
    head, phot = "HEAD", "PHOT"
    plain = {new: gzip.decompress(old.read_bytes()) for new, old in ((head, pair.head), (phot, pair.phot))}
    came: Counter[str] = Counter()
    made: dict[str, bytes] = {}
    for _ in range(2000):
        for file, content in plain.items():
            made[file] = mutated(content, chance) if chance.random() < 0.7 else content
        try:
            for batch in snana.read_pair(source(made[head]), source(made[phot])):
                check(batch)
            came["read"] += 1
        except IngestError as error:
            assert "\n" not in str(error)
            came["refused"] += 1
    print(f"\nFITS: {dict(came)}", file=sys.stderr)
    assert came["refused"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=300), st.booleans())
def test_any_text_as_truth(text: str, has_names: bool) -> None:
    content = ((GOOD if has_names else "") + text).encode("utf-8", errors="surrogatepass")
    try:
        for batch in truths(content):
            check(batch)
    except IngestError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*message(1), *alert(1)]), inner, max_size=5),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON, st.sampled_from(["alert", "broker"]))
def test_any_json_as_a_record(value: object, kind: str) -> None:
    try:
        to_record(value, kind, 1)  # type: ignore[arg-type]
    except IngestError as error:
        assert "\n" not in str(error)
