"""What was loaded, when and by whom. Private tables: their names keep them out of what the portal publishes."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import models
from django.db.models.functions import Now


class Run(models.Model):
    """outcome: running, done, refused (some files were), failed, interrupted, died, undone."""

    who = models.TextField(db_comment="Account or system user")
    kind = models.TextField(db_comment="What was loaded: alerts, broker, snana …")
    options = models.JSONField(db_default=models.Value({}, models.JSONField()), db_comment="Options of the load")
    started = models.DateTimeField(db_default=Now(), db_comment="When it began")
    finished = models.DateTimeField(null=True, db_comment="When it ended; null: it goes on")
    outcome = models.TextField(db_comment="running, done, refused, failed, interrupted, died or undone")
    error = models.TextField(null=True, db_comment="Why it failed; null: it didn't")
    undone = models.DateTimeField(null=True, db_comment="When it was taken back; null: it wasn't")
    undone_by = models.TextField(null=True, db_comment="Who took it back")

    class Meta:
        db_table = "ingest_run"
        db_table_comment = "Loads, one a command"
        permissions = (
            ("elasticc_admin", "May write everything at the loader's addresses"),
            ("elasticc_broker", "May write brokers' messages at the loader's addresses"),
        )

    def __str__(self) -> str:
        return f"run {self.pk}"


class RunFile(models.Model):
    """counts: table → new, known, kept, replaced, filled, and missing: column → pointers that lead nowhere yet."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="files", db_comment="Load that read it")
    name = models.TextField(db_comment="Path, or what it was read from")
    format = models.TextField(db_comment="Format")
    size = models.BigIntegerField(null=True, db_comment="Bytes; null: not read")
    sha256 = models.TextField(null=True, db_comment="SHA-256 of its bytes, as far as it was read")
    outcome = models.TextField(db_comment="loaded or refused")
    error = models.TextField(null=True, db_comment="Why it was refused; null: it wasn't")
    counts = models.JSONField(db_default=models.Value({}, models.JSONField()), db_comment="Rows by table and fate")
    loaded = models.DateTimeField(db_default=Now(), db_comment="When its transaction began")
    seconds = models.FloatField(null=True, db_comment="How long it took")

    class Meta:
        db_table = "ingest_file"
        db_table_comment = "Files of the loads"

    def __str__(self) -> str:
        return str(self.name)
