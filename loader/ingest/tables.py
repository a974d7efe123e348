"""What the writer must know of each table: its key, what its columns refer to, and what they point at without a promise.

Foreign keys are the database's own and always kept: a file that breaks one is refused. A pointer without a foreign key
(a truth of a point, a broker's answer to an alert) may come before what it points at: it is said, and `check` finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """`column` names a row of `table` by `target`. `where` is SQL over the row `i`: which rows promise it at all."""

    column: str
    table: str
    target: str
    where: str = "true"


@dataclass(frozen=True)
class Table:
    """`pk` is the one number that names a row; `key` the columns that a file knows a row by, where they differ from it."""

    name: str
    pk: str
    key: tuple[str, ...]
    foreign: tuple[Reference, ...] = ()
    pointers: tuple[Reference, ...] = ()


def _object(column: str = "diaObject_id") -> Reference:
    return Reference(column, "elasticc_diaobject", "diaObjectId")


def _source(column: str = "diaSource_id", where: str = "true") -> Reference:
    return Reference(column, "elasticc_diasource", "diaSourceId", where)


def _alert(column: str = "diaAlert_id") -> Reference:
    return Reference(column, "elasticc_diaalert", "alertId")


# In the order of the foreign keys: what is referred to comes first.
ALL = (
    Table("elasticc_diaobject", "diaObjectId", ("diaObjectId",)),
    Table("elasticc_diasource", "diaSourceId", ("diaSourceId",), (_object(),)),
    Table("elasticc_diaforcedsource", "diaForcedSourceId", ("diaForcedSourceId",), (_object(),)),
    Table("elasticc_diaalert", "alertId", ("alertId",), (_source(), _object())),
    Table("elasticc_diaalertprvsource", "id", ("diaAlert_id", "diaSource_id"), (_alert(), _source())),
    Table(
        "elasticc_diaalertprvforcedsource",
        "id",
        ("diaAlert_id", "diaForcedSource_id"),
        (_alert(), Reference("diaForcedSource_id", "elasticc_diaforcedsource", "diaForcedSourceId")),
    ),
    Table(
        "elasticc_diatruth", "diaSourceId", ("diaSourceId",), (),
        (_source("diaSourceId", "i.detect"), _object("diaObjectId")),
    ),
    Table("elasticc_diaobjecttruth", "diaObjectId", ("diaObjectId",), (_object("diaObjectId"),)),
    Table(
        "elasticc_brokermessage", "dbMessageIndex", ("dbMessageIndex",), (),
        (_alert("alertId"), _source("diaSourceId")),
    ),
    Table("elasticc_brokerclassifier", "dbClassifierIndex", ("dbClassifierIndex",)),
    Table(
        "elasticc_brokerclassification", "dbClassificationIndex", ("dbClassificationIndex",),
        (
            Reference("dbMessage_id", "elasticc_brokermessage", "dbMessageIndex"),
            Reference("dbClassifier_id", "elasticc_brokerclassifier", "dbClassifierIndex"),
        ),
    ),
)  # fmt: skip

BY_NAME: Mapping[str, Table] = {table.name: table for table in ALL}
SHORT_NAMES: Mapping[str, str] = {table.name.removeprefix("elasticc_"): table.name for table in ALL}
