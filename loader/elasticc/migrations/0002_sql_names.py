"""What SQL sees beyond the models: second names, the view, prompt foreign keys. Django's state knows none of it.

Virtual generated columns cost nothing, and the planner sees through them to the index of the physical column.
Django 5.2 refuses GeneratedField(db_persist=False) on PostgreSQL, so they are plain SQL.
"""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations

SECOND_NAMES = (
    ("elasticc_diasource", "diaObjectId", "diaObject_id"),
    ("elasticc_diaforcedsource", "diaObjectId", "diaObject_id"),
    ("elasticc_diaalert", "diaObjectId", "diaObject_id"),
    ("elasticc_diaalert", "diaSourceId", "diaSource_id"),
    ("elasticc_brokermessage", "brokerMessageId", "dbMessageIndex"),
    ("elasticc_brokerclassifier", "classifierId", "dbClassifierIndex"),
    ("elasticc_brokerclassification", "classificationId", "dbClassificationIndex"),
    ("elasticc_brokerclassification", "brokerMessageId", "dbMessage_id"),
    ("elasticc_brokerclassification", "classifierId", "dbClassifier_id"),
)

ADD_NAME = """
alter table {table}
add column "{second}" bigint generated always as ("{physical}") virtual;
comment on column {table}."{second}" is 'Second name of "{physical}", for SQL alone'
"""

DROP_NAME = 'alter table {table} drop column "{second}"'

# Django declares them initially deferred: a load would hear of a wrong reference only at its commit, not at its row.
CHECK_AT_ONCE = """
do $$
declare
    key record;
begin
    for key in
        select conrelid::regclass as tab, conname
        from pg_constraint
        where contype = 'f'
          and condeferred
          and conrelid::regclass::text like 'elasticc\\_%'
        order by 1, 2
    loop
        execute format('alter table %s alter constraint %I deferrable initially immediate', key.tab, key.conname);
    end loop;
end
$$
"""

CREATE_VIEW = """
create view elasticc_view_sourceclassifications as
select
    r."brokerName",
    r."brokerVersion",
    r."classifierName",
    r."classifierParams",
    r."dbClassifierIndex" as "classifierId",
    c."classId",
    c.probability,
    s."diaSourceId",
    s."diaObject_id" as "diaObjectId",
    a."alertId",
    t.gentype,
    g."classId" as "trueClassId",
    a."alertSentTimestamp",
    m."elasticcPublishTimestamp",
    m."brokerIngestTimestamp",
    m."msgHdrTimestamp",
    m."descIngestTimestamp"
from elasticc_brokermessage m
join elasticc_brokerclassification c on c."dbMessage_id" = m."dbMessageIndex"
join elasticc_brokerclassifier r on r."dbClassifierIndex" = c."dbClassifier_id"
join elasticc_diasource s on s."diaSourceId" = m."diaSourceId"
join elasticc_diaalert a on a."alertId" = m."alertId"
join elasticc_diaobjecttruth t on t."diaObjectId" = s."diaObject_id"
join elasticc_gentypeofclassid g on g.gentype = t.gentype and g.exactmatch
"""

DESCRIBE_VIEW = """
comment on view elasticc_view_sourceclassifications is
    'Each broker''s probability of each class of each source, beside the true class';
comment on column elasticc_view_sourceclassifications."brokerName" is 'Name of the broker';
comment on column elasticc_view_sourceclassifications."brokerVersion" is 'Version of the broker; null: it didn''t say';
comment on column elasticc_view_sourceclassifications."classifierName" is 'Name of the classifier';
comment on column elasticc_view_sourceclassifications."classifierParams" is
    'Parameters or version of the classifier; null: it didn''t say';
comment on column elasticc_view_sourceclassifications."classifierId" is 'Number of the classifier';
comment on column elasticc_view_sourceclassifications."classId" is
    'Class that the probability is of, in the brokers'' taxonomy';
comment on column elasticc_view_sourceclassifications.probability is 'Probability of the class, 0 to 1';
comment on column elasticc_view_sourceclassifications."diaSourceId" is 'Detection that was classified';
comment on column elasticc_view_sourceclassifications."diaObjectId" is 'Object that was detected';
comment on column elasticc_view_sourceclassifications."alertId" is 'Alert that was classified';
comment on column elasticc_view_sourceclassifications.gentype is 'Simulated class of the object';
comment on column elasticc_view_sourceclassifications."trueClassId" is
    'The simulated class in the brokers'' taxonomy, to compare with classId';
comment on column elasticc_view_sourceclassifications."alertSentTimestamp" is
    'When the alert was sent to the brokers; null: not known';
comment on column elasticc_view_sourceclassifications."elasticcPublishTimestamp" is
    'When the alert was sent to the broker, by the broker''s word';
comment on column elasticc_view_sourceclassifications."brokerIngestTimestamp" is
    'When the broker received the alert; null: it didn''t say';
comment on column elasticc_view_sourceclassifications."msgHdrTimestamp" is
    'Timestamp in the message''s header; null: from a file';
comment on column elasticc_view_sourceclassifications."descIngestTimestamp" is 'When the message was loaded'
"""

DROP_VIEW = "drop view elasticc_view_sourceclassifications"


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0001_tables"),)

    operations = (
        *(
            migrations.RunSQL(
                ADD_NAME.format(table=table, second=second, physical=physical),
                DROP_NAME.format(table=table, second=second),
            )
            for table, second, physical in SECOND_NAMES
        ),
        migrations.RunSQL(CHECK_AT_ONCE, migrations.RunSQL.noop),
        migrations.RunSQL([CREATE_VIEW, DESCRIBE_VIEW], DROP_VIEW),
    )
