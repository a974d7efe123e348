"""The loads' own tables: runs and their files; which keys a file added, what it changed; which messages are known.

None of these is published. Keys are ranges of int8, 5,000 ranges a row: the points of a light curve, which are numbered on,
are one range of 17 bytes before compression, whatever their number; keys that stand alone are one each.
"""

# mypy: disable-error-code="import-untyped, misc"

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

ADDITION = """
create table ingest_addition (
    id bigint generated always as identity primary key,
    file_id bigint not null references ingest_file on delete cascade,
    tab text not null,
    n_rows bigint not null,
    keys int8multirange not null
);
create index ingest_addition_file on ingest_addition (file_id);
comment on table ingest_addition is 'Keys of the rows that a file added'
"""

CHANGE = """
create table ingest_change (
    file_id bigint not null references ingest_file on delete cascade,
    tab text not null,
    key bigint not null,
    old jsonb not null
);
create index ingest_change_key on ingest_change (tab, key);
create index ingest_change_file on ingest_change (file_id);
comment on table ingest_change is 'What a row said before a file replaced or completed its values'
"""

# The digest is of what a message says, see loader.ingest.messages. A message that is deleted is forgotten.
MESSAGE = """
create table ingest_message (
    digest uuid primary key,
    "dbMessage_id" bigint not null references elasticc_brokermessage on delete cascade
);
create index ingest_message_message on ingest_message ("dbMessage_id");
comment on table ingest_message is 'Messages that are known, by a digest of what they say'
"""


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0007_bins"),)

    operations = (
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.TextField(db_comment="Account or system user")),
                ("kind", models.TextField(db_comment="What was loaded: alerts, broker, snana …")),
                (
                    "options",
                    models.JSONField(db_comment="Options of the load", db_default=models.Value({}, models.JSONField())),
                ),
                (
                    "started",
                    models.DateTimeField(db_comment="When it began", db_default=django.db.models.functions.datetime.Now()),
                ),
                ("finished", models.DateTimeField(db_comment="When it ended; null: it goes on", null=True)),
                ("outcome", models.TextField(db_comment="running, done, refused, failed, interrupted, died or undone")),
                ("error", models.TextField(db_comment="Why it failed; null: it didn't", null=True)),
                ("undone", models.DateTimeField(db_comment="When it was taken back; null: it wasn't", null=True)),
                ("undone_by", models.TextField(db_comment="Who took it back", null=True)),
            ],
            options={
                "db_table": "ingest_run",
                "db_table_comment": "Loads, one a command",
            },
        ),
        migrations.CreateModel(
            name="RunFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.TextField(db_comment="Path, or what it was read from")),
                ("format", models.TextField(db_comment="Format")),
                ("size", models.BigIntegerField(db_comment="Bytes; null: not read", null=True)),
                ("sha256", models.TextField(db_comment="SHA-256 of its bytes, as far as it was read", null=True)),
                ("outcome", models.TextField(db_comment="loaded or refused")),
                ("error", models.TextField(db_comment="Why it was refused; null: it wasn't", null=True)),
                (
                    "counts",
                    models.JSONField(db_comment="Rows by table and fate", db_default=models.Value({}, models.JSONField())),
                ),
                (
                    "loaded",
                    models.DateTimeField(
                        db_comment="When its transaction began", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                ("seconds", models.FloatField(db_comment="How long it took", null=True)),
                (
                    "run",
                    models.ForeignKey(
                        db_comment="Load that read it",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="elasticc.run",
                    ),
                ),
            ],
            options={
                "db_table": "ingest_file",
                "db_table_comment": "Files of the loads",
            },
        ),
        migrations.RunSQL(ADDITION, "drop table ingest_addition"),
        migrations.RunSQL(CHANGE, "drop table ingest_change"),
        migrations.RunSQL(MESSAGE, "drop table ingest_message"),
    )
