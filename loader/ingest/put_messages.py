"""Brokers' messages into their three tables. A message is known by what it says: its digest, kept beside the tables.

Neither topic and offset (a topic has several partitions, a file has none) nor alert and broker (a broker may think again)
name a message. What is known is left alone, its classifications too; under FILL it gets the topic and offset it lacked.
"""

from contextlib import nullcontext

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loader.ingest import foreign
from loader.ingest.compare import Policy
from loader.ingest.log import FileRecord, add_keys
from loader.ingest.outcome import Counts
from loader.ingest.rows import Messages
from loader.ingest.snana import FIRST_DEMO_OBJECT
from loader.ingest.staging import Staging, table_columns
from loader.ingest.tables import BY_NAME, Table

MESSAGE, CLASSIFIER, CLASSIFICATION = (
    "elasticc_brokermessage",
    "elasticc_brokerclassifier",
    "elasticc_brokerclassification",
)
TABLES = (MESSAGE, CLASSIFIER, CLASSIFICATION)
NAMES = ("brokerName", "brokerVersion", "classifierName", "classifierParams")
SAID = ("alertId", "diaSourceId", "elasticcPublishTimestamp", "brokerIngestTimestamp")
STREAM = ("streamMessageId", "topicName", "msgHdrTimestamp")

# Its first time in this load and not known before: numbered now, in the order of the file.
CREATE_NEW = """
create temporary table new_message on commit drop as
select nextval(pg_get_serial_sequence('elasticc_brokermessage', 'dbMessageIndex')) as id, fresh.*
from (
    select *
    from (
        select distinct on (digest) *
        from incoming_message
        order by digest, "#row"
    ) once
    where not exists (select from ingest_message k where k.digest = once.digest)
    order by "#row"
) fresh
"""

INDEX_NEW = "alter table new_message add primary key (digest)"

INSERT_MESSAGES = sql.SQL("""
insert into elasticc_brokermessage (
    "dbMessageIndex", "alertId", "diaSourceId", "elasticcPublishTimestamp", "brokerIngestTimestamp",
    "streamMessageId", "topicName", "msgHdrTimestamp"
)
select
    id, "alertId", "diaSourceId", "elasticcPublishTimestamp", "brokerIngestTimestamp",
    "streamMessageId", "topicName", "msgHdrTimestamp"
from new_message
order by id
returning "dbMessageIndex" as added
""")

INSERT_DIGESTS = """
insert into ingest_message (digest, "dbMessage_id")
select digest, id
from new_message
order by id
"""

# The load names a classifier once for each batch that it stands in; null equals null here.
INSERT_CLASSIFIERS = sql.SQL("""
insert into elasticc_brokerclassifier ("brokerName", "brokerVersion", "classifierName", "classifierParams")
select "brokerName", "brokerVersion", "classifierName", "classifierParams"
from (
    select distinct on ("brokerName", "brokerVersion", "classifierName", "classifierParams") *
    from incoming_classifier
    order by "brokerName", "brokerVersion", "classifierName", "classifierParams", number
) i
where not exists (
    select from elasticc_brokerclassifier t
    where t."brokerName" = i."brokerName"
      and t."brokerVersion" is not distinct from i."brokerVersion"
      and t."classifierName" = i."classifierName"
      and t."classifierParams" is not distinct from i."classifierParams"
)
order by number
returning "dbClassifierIndex" as added
""")

CREATE_NUMBERED = """
create temporary table numbered_classifier on commit drop as
select i.number, min(t."dbClassifierIndex") as id
from incoming_classifier i
join elasticc_brokerclassifier t
    on t."brokerName" = i."brokerName"
    and t."brokerVersion" is not distinct from i."brokerVersion"
    and t."classifierName" = i."classifierName"
    and t."classifierParams" is not distinct from i."classifierParams"
group by i.number
"""

# A message that the load says twice has its classifications twice: those of the first are the ones between its own
# `#row` and none other, as every classification carries the row of its message.
INSERT_CLASSIFICATIONS = sql.SQL("""
insert into elasticc_brokerclassification ("dbMessage_id", "dbClassifier_id", "classId", probability)
select m.id, n.id, c."classId", c.probability
from incoming_classification c
join new_message m on m."#row" = c."#row"
join numbered_classifier n on n.number = c.number
order by m.id, c.at
returning "dbClassificationIndex" as added
""")

FILL = """
update elasticc_brokermessage t
set "streamMessageId" = i."streamMessageId", "topicName" = i."topicName", "msgHdrTimestamp" = i."msgHdrTimestamp"
from incoming_message i
join ingest_message k on k.digest = i.digest
where t."dbMessageIndex" = k."dbMessage_id"
  and t."topicName" is null
  and i."topicName" is not null
"""

KEEP_OLD = """
insert into ingest_change (file_id, tab, key, old)
select distinct %s::bigint, 'elasticc_brokermessage', t."dbMessageIndex",
    jsonb '{"streamMessageId": null, "topicName": null, "msgHdrTimestamp": null}'
from incoming_message i
join ingest_message k on k.digest = i.digest
join elasticc_brokermessage t on t."dbMessageIndex" = k."dbMessage_id"
where t."topicName" is null
  and i."topicName" is not null
"""

# A file may bring its own numbers; the database goes on behind them, but for the sample's, which are far off.
NUMBER_ON = sql.SQL("""
select setval(counted.by, counted.highest)
from (
    select pg_get_serial_sequence({name}, {column})::regclass as by, max({pk}) as highest
    from {table}
    where {pk} < {first_of_sample}
) counted
where counted.highest > coalesce(pg_sequence_last_value(counted.by), 0)
""")

COUNT_POINTERS = sql.SQL("""
select count(*)
from new_message i
where not exists (select from {table} t where t.{target} = i.{column})
""")


class Waiting:
    """The three temporary tables. Rows are numbered over the whole load, whatever the file numbers them."""

    def __init__(self, cursor: Cursor) -> None:
        message = {name: kind for name, (kind, _) in table_columns(cursor, MESSAGE).items() if name in (*SAID, *STREAM)}
        classifier = {name: kind for name, (kind, _) in table_columns(cursor, CLASSIFIER).items() if name in NAMES}
        self.messages = Staging(cursor, "message", {"digest": "uuid", **message}, needed=frozenset({"alertId", "diaSourceId"}))
        self.classifiers = Staging(
            cursor, "classifier", {"number": "bigint", **classifier}, needed=frozenset({"brokerName", "classifierName"})
        )
        self.classifications = Staging(
            cursor,
            "classification",
            {"number": "bigint", "at": "bigint", "classId": "integer", "probability": "double precision"},
            needed=frozenset({"classId", "probability"}),
        )

    @property
    def rows(self) -> int:
        return self.messages.rows + self.classifications.rows

    def stage(self, cursor: Cursor, batch: Messages) -> None:
        columns, numbers = dict(batch.classifications), batch.numbers
        rows = columns.pop("row")
        self.messages.copy(cursor, batch.messages, batch.file, numbers)
        if len(batch.classifiers["number"]):
            self.classifiers.copy(cursor, batch.classifiers, batch.file, batch.classifiers["number"])
        if len(rows):
            self.classifications.copy(cursor, columns, batch.file, rows)


def finish(
    cursor: Cursor, waiting: Waiting, policy: Policy, record: FileRecord | None, *, keeps_references: bool
) -> list[Counts]:
    """Every reference is to a row that was joined with or made here, and that the locks keep: no need to check it again."""
    for staging in (waiting.messages, waiting.classifiers, waiting.classifications):
        cursor.execute(sql.SQL("analyze {}").format(staging.staged))
    filled = _fill(cursor, record) if policy is Policy.FILL else 0
    cursor.execute(CREATE_NEW)
    cursor.execute(INDEX_NEW)
    cursor.execute("analyze new_message")
    with foreign.unchecked(cursor) if keeps_references else nullcontext():
        messages = add_keys(cursor, INSERT_MESSAGES, MESSAGE, record)
        cursor.execute(INSERT_DIGESTS)
        classifiers = add_keys(cursor, INSERT_CLASSIFIERS, CLASSIFIER, record)
        cursor.execute(CREATE_NUMBERED)
        said = cursor.rowcount
        classifications = add_keys(cursor, INSERT_CLASSIFICATIONS, CLASSIFICATION, record)
    return [
        Counts(MESSAGE, messages, waiting.messages.rows - messages - filled, filled=filled, missing=_missing(cursor)),
        Counts(CLASSIFIER, classifiers, said - classifiers),
        Counts(CLASSIFICATION, classifications, waiting.classifications.rows - classifications),
    ]


def number_on(cursor: Cursor, table: Table) -> None:
    """After rows with numbers of their own; `table` is locked, so nobody takes a number meanwhile."""
    cursor.execute(
        NUMBER_ON.format(
            name=sql.Literal(table.name),
            column=sql.Literal(table.pk),
            pk=sql.Identifier(table.pk),
            table=sql.Identifier(table.name),
            first_of_sample=sql.Literal(FIRST_DEMO_OBJECT),
        )
    )


def _fill(cursor: Cursor, record: FileRecord | None) -> int:
    if record:
        cursor.execute(KEEP_OLD, [record.id])
    cursor.execute(FILL)
    return int(cursor.rowcount)


def _missing(cursor: Cursor) -> dict[str, int]:
    missing: dict[str, int] = {}
    for reference in BY_NAME[MESSAGE].pointers:
        cursor.execute(
            COUNT_POINTERS.format(
                table=sql.Identifier(reference.table),
                target=sql.Identifier(reference.target),
                column=sql.Identifier(reference.column),
            )
        )
        row = cursor.fetchone()
        if row and row[0]:
            missing[reference.column] = row[0]
    return missing
