"""Messages from a broker of the Kafka protocol: each goes in once, however often the loader is killed on its way."""

import io
import random
import signal
import subprocess
import sys
import time
from typing import Any

import fastavro
import pytest
from kafka_broker import kafka, make_topic, produce
from scratch import PROJECT, Scratch, scratch, scratch_server

from loader.ingest.schemas import PARSED

__all__ = ["kafka", "scratch", "scratch_server"]

N_MESSAGES = 3000


def message(number: int) -> dict[str, Any]:
    return {
        "alertId": number,
        "diaSourceId": number,
        "elasticcPublishTimestamp": 1_700_000_000_000_000 + number,
        "brokerIngestTimestamp": None if number % 3 else 1_700_000_001_000_000,
        "brokerName": f"broker {number % 2}",
        "brokerVersion": "1",
        "classifications": [
            {"classifierName": "a", "classifierParams": "", "classId": 111, "probability": 0.25},
            {"classifierName": "b", "classifierParams": "x", "classId": 112, "probability": 0.75},
        ],
    }


def encoded(record: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, PARSED["broker", "v0_9"], record)
    return stream.getvalue()


def consume(scratch: Scratch, address: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return scratch.loader("consume", "broker", "--bootstrap", address, *arguments)


def test_messages_of_several_topics_go_in_with_their_place(scratch: Scratch, kafka: str) -> None:
    for topic, numbers in (("first", range(10)), ("second", range(10, 30))):
        make_topic(kafka, topic, 2)
        produce(kafka, topic, [encoded(message(number)) for number in numbers], partitions=2)
    done = consume(scratch, kafka, "--topic", "first", "--topic", "second", "--group", "one", "--until-end")
    assert (done.returncode, scratch.counts()["elasticc_brokermessage"]) == (0, 30), done.stderr
    rows = scratch.rows(
        'select "topicName", "streamMessageId", "alertId", "msgHdrTimestamp" is not null from elasticc_brokermessage'
    )
    expected = [("first", n // 2, n, True) for n in range(10)] + [("second", (n - 10) // 2, n, True) for n in range(10, 30)]
    assert sorted(rows) == sorted(expected)
    assert scratch.counts()["elasticc_brokerclassification"] == 60
    assert scratch.counts()["elasticc_brokerclassifier"] == 4
    again = consume(scratch, kafka, "--topic", "first", "--topic", "second", "--group", "one", "--until-end")
    assert "Nothing new." in again.stdout
    other_group = consume(scratch, kafka, "--topic", "first", "--topic", "second", "--group", "two", "--until-end")
    assert "30 known" in other_group.stdout and scratch.counts()["elasticc_brokermessage"] == 30


def test_kill_at_any_moment_and_nothing_is_lost_or_doubled(scratch: Scratch, kafka: str) -> None:
    make_topic(kafka, "killed")
    produce(kafka, "killed", [encoded(message(number)) for number in range(N_MESSAGES)])
    command = [
        *(sys.executable, "-m", "loader", "consume", "broker", "--bootstrap", kafka, "--topic", "killed"),
        *("--group", "killed", "--setting", "session.timeout.ms=6000"),
    ]
    chance = random.Random(1)
    kills = 0
    for _ in range(6):
        process = subprocess.Popen(command, cwd=PROJECT, env=scratch.environment, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(1.0, 5.0))
        process.kill()
        process.wait()
        kills += 1
    done = scratch.loader(*command[3:], "--until-end")
    assert done.returncode == 0, done.stderr
    print(f"\nkilled {kills} times", file=sys.stderr)
    numbers = scratch.rows('select "alertId" from elasticc_brokermessage order by 1')
    assert numbers == [(number,) for number in range(N_MESSAGES)]
    assert scratch.counts()["elasticc_brokerclassification"] == 2 * N_MESSAGES


def test_interrupt_ends_it_after_the_batch(scratch: Scratch, kafka: str) -> None:
    make_topic(kafka, "endless")
    produce(kafka, "endless", [encoded(message(number)) for number in range(5)])
    command = [sys.executable, "-m", "loader", "consume", "broker", "--bootstrap", kafka, "--topic", "endless"]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=scratch.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert "5 new messages" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Refused files: 0" in said
    assert scratch.rows("select outcome from ingest_run order by id desc limit 1") == [("done",)]


def test_a_bad_message_stops_it_or_is_skipped(scratch: Scratch, kafka: str) -> None:
    make_topic(kafka, "bad")
    wrong = {**message(2), "classifications": [{**message(2)["classifications"][0], "probability": 7.0}]}
    produce(kafka, "bad", [encoded(message(1)), b"\x03not Avro", encoded(wrong), encoded(message(3))])
    stopped = consume(scratch, kafka, "--topic", "bad", "--group", "stops", "--until-end")
    assert stopped.returncode == 1 and "Traceback" not in stopped.stderr
    assert "topic bad, partition 0, offset 1: truncated, corrupt" in stopped.stderr
    skipped = consume(scratch, kafka, "--topic", "bad", "--group", "skips", "--until-end", "--skip-bad")
    assert skipped.returncode == 1 and "offset 1" in skipped.stderr and "offset 2" in skipped.stderr
    assert scratch.rows('select "alertId" from elasticc_brokermessage order by 1') == [(1,), (3,)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bootstrap", "127.0.0.1:1", "--topic", "a", "--setting", "security.protocol=none"), "Kafka can't be used so"),
        (("--bootstrap", "127.0.0.1:1", "--topic", "a", "--setting", "x"), "NAME=VALUE"),
    ],
)
def test_what_cant_be_is_said_in_a_sentence(scratch: Scratch, arguments: tuple[str, ...], words: str) -> None:
    done = scratch.loader("consume", "broker", *arguments)
    assert done.returncode != 0 and words in done.stderr and "Traceback" not in done.stderr
