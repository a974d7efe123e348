"""What the survey measured: detections (sources) and forced photometry of an object, in difference images."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import models

from loader.elasticc.models.fields import number
from loader.elasticc.models.objects import DiaObject


class DiaSource(models.Model):
    diaSourceId = models.BigIntegerField(
        primary_key=True, db_comment="Identifier of the detection; the same as that of its forced photometry"
    )
    ccdVisitId = models.BigIntegerField(null=True, db_comment="Identifier of the exposure; null: not in the files")
    parentDiaSourceId = models.BigIntegerField(
        null=True, db_comment="Source that this one was deblended from; null: none, or not in the files"
    )
    midPointTai = number("Middle of the exposure, MJD (TAI), days", null=False)
    filterName = models.TextField(db_comment="Band: u, g, r, i, z or Y")
    ra = number("Right ascension, degrees (ICRS)", null=False)
    decl = number("Declination, degrees (ICRS)", null=False)
    psFlux = number("Point-source flux in the difference image, nJy (AB zero point 31.4)", null=False)
    psFluxErr = number("Error of psFlux, nJy", null=False)
    snr = number("Signal to noise, psFlux / psFluxErr", null=False)
    nobs = number("Number of observations of the object so far; null: not in the files")
    diaObject = models.ForeignKey(DiaObject, models.PROTECT, null=True, db_comment="Object that was detected")

    class Meta:
        db_table_comment = "Detections: photometry points that raised an alert"
        indexes = (models.Index(fields=["midPointTai"], name="elasticc_diasource_midpointtai"),)

    def __str__(self) -> str:
        return f"source {self.diaSourceId}"


class DiaForcedSource(models.Model):
    diaForcedSourceId = models.BigIntegerField(
        primary_key=True, db_comment="Identifier of the point: object * 100000 + its number in the light curve"
    )
    ccdVisitId = models.BigIntegerField(null=True, db_comment="Identifier of the exposure; null: not in the files")
    midPointTai = number("Middle of the exposure, MJD (TAI), days", null=False)
    filterName = models.TextField(db_comment="Band: u, g, r, i, z or Y")
    psFlux = number("Point-source flux in the difference image, nJy (AB zero point 31.4)", null=False)
    psFluxErr = number("Error of psFlux, nJy", null=False)
    totFlux = number("Point-source flux in the direct image, nJy (AB zero point 31.4); null: not in the files")
    totFluxErr = number("Error of totFlux, nJy; null: not in the files")
    diaObject = models.ForeignKey(DiaObject, models.PROTECT, db_comment="Object whose position was measured")

    class Meta:
        db_table_comment = "Forced photometry: the whole light curve, detected or not"

    def __str__(self) -> str:
        return f"forced source {self.diaForcedSourceId}"
