"""What the simulation put in: the truth of each photometry point and each object, and what gentypes are called."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import models

from loader.elasticc.models.fields import number
from loader.elasticc.models.objects import DiaObject


class DiaTruth(models.Model):
    """diaSourceId is no foreign key: a point that was not detected has a truth row and no source."""

    diaSourceId = models.BigIntegerField(primary_key=True, db_comment="Photometry point, detected or not")
    diaObjectId = models.BigIntegerField(null=True, db_index=True, db_comment="Object of the point")
    mjd = number("Middle of the exposure, MJD (TAI), days")
    detect = models.BooleanField(null=True, db_comment="Whether the point was detected, and so has a source and an alert")
    true_gentype = models.IntegerField(null=True, db_comment="Simulated class, as in elasticc_gentypeofclassid")
    true_genmag = number("Simulated AB magnitude without noise; 99 or more: no light")

    class Meta:
        db_table_comment = "Truth of each photometry point"

    def __str__(self) -> str:
        return f"truth of source {self.diaSourceId}"


class DiaObjectTruth(models.Model):
    diaObject = models.OneToOneField(
        DiaObject, models.PROTECT, primary_key=True, db_column="diaObjectId", db_comment="Object that was simulated"
    )
    libid = models.IntegerField(db_comment="Entry of SNANA's library of observing conditions")
    sim_searcheff_mask = models.IntegerField(db_comment="SNANA's bit mask: 1 found by the search, 2 a spectrum was taken")
    gentype = models.IntegerField(db_comment="Simulated class, as in elasticc_gentypeofclassid")
    sim_template_index = models.IntegerField(db_comment="Template of the simulated class, SNANA's NON1A_INDEX")
    zcmb = number("True redshift in the CMB frame", null=False)
    zhelio = number("True heliocentric redshift", null=False)
    zcmb_smear = number("Measured redshift in the CMB frame; -9: none", null=False)
    ra = number("True right ascension, degrees (ICRS)", null=False)
    dec = number("True declination, degrees (ICRS)", null=False)
    mwebv = number("True Milky Way reddening E(B-V), mag", null=False)
    galid = models.BigIntegerField(db_comment="Host galaxy in SNANA's library; -9: none")
    galzphot = number("Photometric redshift of the host galaxy; -9: none", null=False)
    galzphoterr = number("Error of galzphot; -9: none", null=False)
    galsnsep = number("Separation from the host galaxy, arcsec; -9: none", null=False)
    galsnddlr = number("Separation in units of the host galaxy's size in that direction; -9: none", null=False)
    rv = number("Host galaxy's ratio of extinction to reddening; -9: none", null=False)
    av = number("Host galaxy's extinction in V, mag; -9: none", null=False)
    mu = number("Distance modulus, mag", null=False)
    lensdmu = number("Change of the distance modulus by lensing, mag", null=False)
    peakmjd = number("Peak of the light curve, MJD (TAI), days", null=False)
    mjd_detect_first = number("First detection, MJD (TAI), days; -9 or 1e6: none", null=False)
    mjd_detect_last = number("Last detection, MJD (TAI), days; -9: none", null=False)
    dtseason_peak = number("Time from the peak to the nearest edge of an observing season, days", null=False)
    peakmag_u = number("u-band AB magnitude at the peak; 99 or 999: none", null=False)
    peakmag_g = number("g-band AB magnitude at the peak; 99 or 999: none", null=False)
    peakmag_r = number("r-band AB magnitude at the peak; 99 or 999: none", null=False)
    peakmag_i = number("i-band AB magnitude at the peak; 99 or 999: none", null=False)
    peakmag_z = number("z-band AB magnitude at the peak; 99 or 999: none", null=False)
    peakmag_Y = number("Y-band AB magnitude at the peak; 99 or 999: none", null=False)
    snrmax = number("Highest signal to noise of any point", null=False)
    snrmax2 = number("Highest signal to noise in a second band; -9: none", null=False)
    snrmax3 = number("Highest signal to noise in a third band; -9: none", null=False)
    nobs = models.IntegerField(db_comment="Number of observations")
    nobs_saturate = models.IntegerField(db_comment="Number of saturated observations")

    class Meta:
        db_table_comment = "Truth of each object: class, redshift, distance, peak"
        indexes = (
            models.Index(fields=["-snrmax", "diaObject"], name="elasticc_objecttruth_snrmax"),
            models.Index(fields=["gentype", "-snrmax", "diaObject"], name="elasticc_objecttruth_gentype"),
        )

    def __str__(self) -> str:
        return f"truth of object {self.diaObject_id}"


class GentypeOfClassId(models.Model):
    """A fixed list, filled by a migration: which simulated classes (gentype) a broker's class (classId) covers."""

    pk = models.CompositePrimaryKey("classId", "gentype")
    classId = models.IntegerField(db_comment="Class in the taxonomy that brokers classify by")
    gentype = models.IntegerField(db_comment="Class in the simulation")
    description = models.TextField(db_comment="Name of the classId")
    exactmatch = models.BooleanField(db_comment="Whether the classId is that very class: one such row a gentype")
    categorymatch = models.BooleanField(db_comment="Whether the classId is the class or its category")

    class Meta:
        db_table_comment = "Which simulated classes (gentype) each class of the brokers' taxonomy (classId) covers"

    def __str__(self) -> str:
        return f"class {self.classId} {self.description}, gentype {self.gentype}"
