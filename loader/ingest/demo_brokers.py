"""What two invented brokers say of the demo sample's alerts: messages, classifiers, classifications."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loader.ingest.demo_classes import CLASSES
from loader.ingest.rows import Column, Rows
from loader.ingest.snana import FIRST_DEMO_OBJECT

BROKERS = ("DemoBroker", "SampleBroker")
CLASSIFIERS = ("AllClasses", "Categories")
TOPICS = ("demo-classifications", "sample-classifications")
CATEGORIES = (11, 12, 13)  # a class's category is 11 for 111-115, 12 for 121-124, 13 for 131-135
MESSAGES_PER_ALERT = len(BROKERS)
MOST_PER_ALERT = 50  # classifications; the ids of an alert's are alertId * 50 and on
FIRST_MODIFIED_US = 1_704_067_200_000_000  # 2024-01-01
DELAY_US = np.array([30_000_000, 95_000_000])  # from the alert to each broker's answer
TRANSPORT_US = 2_000_000

Array = NDArray[Any]


def classifier_rows() -> Rows:
    """One classifier a broker; the same whatever the seed."""
    columns: dict[str, Column] = {
        "dbClassifierIndex": _classifier_ids(),
        "brokerName": np.array(BROKERS),
        "brokerVersion": np.array(["1.0", "2.1"]),
        "classifierName": np.array(CLASSIFIERS),
        "classifierParams": np.array(["demo", "demo"]),
        "modified": np.full(len(BROKERS), FIRST_MODIFIED_US),
    }
    return Rows("elasticc_brokerclassifier", columns)


def classification_rows(
    random: np.random.Generator,
    *,
    alert_ids: NDArray[np.int64],
    object_ids: NDArray[np.int64],
    kind: NDArray[np.int64],
    sent_us: NDArray[np.int64],
) -> list[tuple[Rows, NDArray[np.int64]]]:
    """Messages and classifications of alerts (in the order of their objects), each with its rows' objects.

    The first broker answers an object's 1st, 2nd, 4th, 8th … alert, the second every fourth. They know more as
    alerts go by: the true class's share of the probability grows with the logarithm of their number.
    """
    number = np.arange(len(object_ids)) - np.searchsorted(object_ids, object_ids) + 1
    answers = (number & (number - 1) == 0, number % 4 == 1)
    certainty = 1.0 + np.log2(number)
    shares = _class_shares(random, kind, certainty)
    category = np.array([one.class_id // 10 for one in CLASSES])
    by_broker = (
        (np.array([one.class_id for one in CLASSES]), shares),
        (np.array(CATEGORIES), np.stack([shares[:, category == one].sum(axis=1) for one in CATEGORIES], axis=1)),
    )
    messages: list[tuple[Rows, NDArray[np.int64]]] = []
    classifications: list[tuple[Rows, NDArray[np.int64]]] = []
    for broker, (class_ids, probability) in enumerate(by_broker):
        at = np.flatnonzero(answers[broker])
        message = _messages(broker, alert_ids[at], sent_us[at])
        messages.append((message, object_ids[at]))
        said = _classifications(broker, alert_ids[at], class_ids, probability[at], message.columns["modified"])
        classifications.append((said, np.repeat(object_ids[at], len(class_ids))))
    return [_joined(messages), _joined(classifications)]


def _joined(parts: Sequence[tuple[Rows, NDArray[np.int64]]]) -> tuple[Rows, NDArray[np.int64]]:
    """One table's rows at once, so that the loader can put them in the order of their keys."""
    columns = {name: np.concatenate([rows.columns[name] for rows, _ in parts]) for name in parts[0][0].columns}
    return Rows(parts[0][0].table, columns), np.concatenate([owner for _, owner in parts])


def _classifier_ids() -> NDArray[np.int64]:
    return FIRST_DEMO_OBJECT + np.arange(len(BROKERS))


def _class_shares(random: np.random.Generator, kind: NDArray[np.int64], certainty: Array) -> Array:
    """Probabilities over CLASSES, one row an alert, that sum to 1 (but for the rounding)."""
    score = random.normal(0.0, 1.0, (len(kind), len(CLASSES)))
    score[np.arange(len(kind)), kind] += certainty
    share = np.exp(score)
    rounded: Array = np.round(share / share.sum(axis=1, keepdims=True), 6)
    return rounded


def _messages(broker: int, alert_ids: NDArray[np.int64], sent_us: NDArray[np.int64]) -> Rows:
    answered = sent_us + DELAY_US[broker]
    columns: dict[str, Column] = {
        "dbMessageIndex": alert_ids * MESSAGES_PER_ALERT + broker,
        "streamMessageId": alert_ids * MESSAGES_PER_ALERT + broker,
        "topicName": np.full(len(alert_ids), TOPICS[broker]),
        "alertId": alert_ids,
        "diaSourceId": alert_ids,
        "msgHdrTimestamp": answered,
        "descIngestTimestamp": answered + TRANSPORT_US,
        "elasticcPublishTimestamp": sent_us,
        "brokerIngestTimestamp": sent_us + TRANSPORT_US,
        "modified": answered + TRANSPORT_US,
    }
    return Rows("elasticc_brokermessage", columns)


def _classifications(
    broker: int, alert_ids: NDArray[np.int64], class_ids: NDArray[np.int64], probability: Array, modified: Column
) -> Rows:
    per_alert = len(class_ids)
    offset = broker * MOST_PER_ALERT // 2 + np.tile(np.arange(per_alert), len(alert_ids))
    columns: dict[str, Column] = {
        "dbClassificationIndex": np.repeat(alert_ids * MOST_PER_ALERT, per_alert) + offset,
        "dbMessage_id": np.repeat(alert_ids * MESSAGES_PER_ALERT + broker, per_alert),
        "dbClassifier_id": np.full(len(offset), _classifier_ids()[broker]),
        "classId": np.tile(class_ids, len(alert_ids)),
        "probability": np.round(probability.reshape(-1), 6),
        "modified": np.repeat(modified, per_alert),
    }
    return Rows("elasticc_brokerclassification", columns)
