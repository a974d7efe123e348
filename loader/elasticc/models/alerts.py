"""What was sent out: one alert a detection, and the earlier photometry that each alert carried."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import models

from loader.elasticc.models.objects import DiaObject
from loader.elasticc.models.sources import DiaForcedSource, DiaSource


class DiaAlert(models.Model):
    alertId = models.BigIntegerField(primary_key=True, db_comment="Identifier of the alert; the same as that of its source")
    alertSentTimestamp = models.DateTimeField(null=True, db_comment="When the alert was sent to the brokers; null: not known")
    diaSource = models.ForeignKey(DiaSource, models.PROTECT, null=True, db_comment="Detection that raised the alert")
    diaObject = models.ForeignKey(DiaObject, models.PROTECT, null=True, db_comment="Object that was detected")

    class Meta:
        db_table_comment = "Alerts as they were sent to the brokers"

    def __str__(self) -> str:
        return f"alert {self.alertId}"


class DiaAlertPrvSource(models.Model):
    id = models.BigAutoField(primary_key=True, db_comment="Number of the link")
    # The unique index begins with this column and serves its lookups.
    diaAlert = models.ForeignKey(DiaAlert, models.PROTECT, db_index=False, db_comment="Alert that carried the source")
    diaSource = models.ForeignKey(DiaSource, models.PROTECT, db_comment="Earlier detection in the alert")

    class Meta:
        db_table_comment = "Earlier detections that an alert carried"
        constraints = (models.UniqueConstraint(fields=["diaAlert", "diaSource"], name="elasticc_diaalertprvsource_once"),)

    def __str__(self) -> str:
        return f"source {self.diaSource_id} in alert {self.diaAlert_id}"


class DiaAlertPrvForcedSource(models.Model):
    id = models.BigAutoField(primary_key=True, db_comment="Number of the link")
    # The unique index begins with this column and serves its lookups.
    diaAlert = models.ForeignKey(DiaAlert, models.PROTECT, db_index=False, db_comment="Alert that carried the point")
    diaForcedSource = models.ForeignKey(DiaForcedSource, models.PROTECT, db_comment="Forced photometry in the alert")

    class Meta:
        db_table_comment = "Forced photometry that an alert carried"
        constraints = (
            models.UniqueConstraint(fields=["diaAlert", "diaForcedSource"], name="elasticc_diaalertprvforcedsource_once"),
        )

    def __str__(self) -> str:
        return f"forced source {self.diaForcedSource_id} in alert {self.diaAlert_id}"
