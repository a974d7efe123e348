"""Tables, comments, keys and indexes, as the models say them."""

# mypy: disable-error-code="import-untyped, misc"

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="DiaObject",
            fields=[
                (
                    "diaObjectId",
                    models.BigIntegerField(
                        db_comment="Identifier of the object, SNANA's SNID", primary_key=True, serialize=False
                    ),
                ),
                (
                    "simVersion",
                    models.TextField(db_comment="Version of the simulation, as the load named it; null: not named", null=True),
                ),
                ("ra", models.FloatField(db_comment="Right ascension, degrees (ICRS)")),
                ("decl", models.FloatField(db_comment="Declination, degrees (ICRS)")),
                ("mwebv", models.FloatField(db_comment="Milky Way reddening E(B-V), mag", null=True)),
                ("mwebv_err", models.FloatField(db_comment="Error of mwebv, mag", null=True)),
                (
                    "z_final",
                    models.FloatField(
                        db_comment="Best redshift known, heliocentric: of the host galaxy or the object itself; -9: none",
                        null=True,
                    ),
                ),
                ("z_final_err", models.FloatField(db_comment="Error of z_final; -9: none", null=True)),
                ("hostgal_ellipticity", models.FloatField(db_comment="Ellipticity of the host galaxy; -9999: none", null=True)),
                (
                    "hostgal_sqradius",
                    models.FloatField(
                        db_comment="Size of the host galaxy (light moments), SNANA's SQRADIUS; -9999: none", null=True
                    ),
                ),
                (
                    "hostgal_zspec",
                    models.FloatField(db_comment="Spectroscopic redshift of the host galaxy; -9: none", null=True),
                ),
                ("hostgal_zspec_err", models.FloatField(db_comment="Error of hostgal_zspec; -9: none", null=True)),
                ("hostgal_zphot", models.FloatField(db_comment="Photometric redshift of the host galaxy; -9: none", null=True)),
                ("hostgal_zphot_err", models.FloatField(db_comment="Error of hostgal_zphot; -9: none", null=True)),
                (
                    "hostgal_zphot_q000",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 0th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q010",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 10th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q020",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 20th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q030",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 30th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q040",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 40th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q050",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 50th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q060",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 60th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q070",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 70th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q080",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 80th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q090",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 90th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_q100",
                    models.FloatField(
                        db_comment="Photometric redshift of the host galaxy, 100th percentile; -9: none", null=True
                    ),
                ),
                (
                    "hostgal_zphot_p50",
                    models.FloatField(db_comment="Photometric redshift of the host galaxy: median; -9: none", null=True),
                ),
                ("hostgal_mag_u", models.FloatField(db_comment="u-band AB magnitude of the host galaxy; 999: none", null=True)),
                ("hostgal_mag_g", models.FloatField(db_comment="g-band AB magnitude of the host galaxy; 999: none", null=True)),
                ("hostgal_mag_r", models.FloatField(db_comment="r-band AB magnitude of the host galaxy; 999: none", null=True)),
                ("hostgal_mag_i", models.FloatField(db_comment="i-band AB magnitude of the host galaxy; 999: none", null=True)),
                ("hostgal_mag_z", models.FloatField(db_comment="z-band AB magnitude of the host galaxy; 999: none", null=True)),
                ("hostgal_mag_Y", models.FloatField(db_comment="Y-band AB magnitude of the host galaxy; 999: none", null=True)),
                (
                    "hostgal_ra",
                    models.FloatField(db_comment="Right ascension of the host galaxy, degrees (ICRS); -999: none", null=True),
                ),
                (
                    "hostgal_dec",
                    models.FloatField(db_comment="Declination of the host galaxy, degrees (ICRS); -999: none", null=True),
                ),
                (
                    "hostgal_snsep",
                    models.FloatField(db_comment="Separation of the host galaxy from the object, arcsec; -9: none", null=True),
                ),
                ("hostgal_magerr_u", models.FloatField(db_comment="Error of hostgal_mag_u, mag; 999: none", null=True)),
                ("hostgal_magerr_g", models.FloatField(db_comment="Error of hostgal_mag_g, mag; 999: none", null=True)),
                ("hostgal_magerr_r", models.FloatField(db_comment="Error of hostgal_mag_r, mag; 999: none", null=True)),
                ("hostgal_magerr_i", models.FloatField(db_comment="Error of hostgal_mag_i, mag; 999: none", null=True)),
                ("hostgal_magerr_z", models.FloatField(db_comment="Error of hostgal_mag_z, mag; 999: none", null=True)),
                ("hostgal_magerr_Y", models.FloatField(db_comment="Error of hostgal_mag_Y, mag; 999: none", null=True)),
                (
                    "hostgal2_ellipticity",
                    models.FloatField(db_comment="Ellipticity of the second host galaxy candidate; -9999: none", null=True),
                ),
                (
                    "hostgal2_sqradius",
                    models.FloatField(
                        db_comment="Size of the second host galaxy candidate (light moments), SNANA's SQRADIUS; -9999: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zspec",
                    models.FloatField(
                        db_comment="Spectroscopic redshift of the second host galaxy candidate; -9: none", null=True
                    ),
                ),
                ("hostgal2_zspec_err", models.FloatField(db_comment="Error of hostgal2_zspec; -9: none", null=True)),
                (
                    "hostgal2_zphot",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate; -9: none", null=True
                    ),
                ),
                ("hostgal2_zphot_err", models.FloatField(db_comment="Error of hostgal2_zphot; -9: none", null=True)),
                (
                    "hostgal2_zphot_q000",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 0th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q010",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 10th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q020",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 20th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q030",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 30th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q040",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 40th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q050",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 50th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q060",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 60th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q070",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 70th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q080",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 80th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q090",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 90th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_zphot_q100",
                    models.FloatField(
                        db_comment="Photometric redshift of the second host galaxy candidate, 100th percentile; -9: none",
                        null=True,
                    ),
                ),
                (
                    "hostgal2_mag_u",
                    models.FloatField(
                        db_comment="u-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_mag_g",
                    models.FloatField(
                        db_comment="g-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_mag_r",
                    models.FloatField(
                        db_comment="r-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_mag_i",
                    models.FloatField(
                        db_comment="i-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_mag_z",
                    models.FloatField(
                        db_comment="z-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_mag_Y",
                    models.FloatField(
                        db_comment="Y-band AB magnitude of the second host galaxy candidate; 999: none", null=True
                    ),
                ),
                (
                    "hostgal2_ra",
                    models.FloatField(
                        db_comment="Right ascension of the second host galaxy candidate, degrees (ICRS); -999: none", null=True
                    ),
                ),
                (
                    "hostgal2_dec",
                    models.FloatField(
                        db_comment="Declination of the second host galaxy candidate, degrees (ICRS); -999: none", null=True
                    ),
                ),
                (
                    "hostgal2_snsep",
                    models.FloatField(
                        db_comment="Separation of the second host galaxy candidate from the object, arcsec; -9: none", null=True
                    ),
                ),
                ("hostgal2_magerr_u", models.FloatField(db_comment="Error of hostgal2_mag_u, mag; 999: none", null=True)),
                ("hostgal2_magerr_g", models.FloatField(db_comment="Error of hostgal2_mag_g, mag; 999: none", null=True)),
                ("hostgal2_magerr_r", models.FloatField(db_comment="Error of hostgal2_mag_r, mag; 999: none", null=True)),
                ("hostgal2_magerr_i", models.FloatField(db_comment="Error of hostgal2_mag_i, mag; 999: none", null=True)),
                ("hostgal2_magerr_z", models.FloatField(db_comment="Error of hostgal2_mag_z, mag; 999: none", null=True)),
                ("hostgal2_magerr_Y", models.FloatField(db_comment="Error of hostgal2_mag_Y, mag; 999: none", null=True)),
            ],
            options={
                "db_table_comment": "Objects of the simulated sky: position, reddening, redshift, host galaxies",
                "indexes": [models.Index(fields=["ra", "decl"], name="elasticc_diaobject_position")],
            },
        ),
        migrations.CreateModel(
            name="DiaSource",
            fields=[
                (
                    "diaSourceId",
                    models.BigIntegerField(
                        db_comment="Identifier of the detection; the same as that of its forced photometry",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "ccdVisitId",
                    models.BigIntegerField(db_comment="Identifier of the exposure; null: not in the files", null=True),
                ),
                (
                    "parentDiaSourceId",
                    models.BigIntegerField(
                        db_comment="Source that this one was deblended from; null: none, or not in the files", null=True
                    ),
                ),
                ("midPointTai", models.FloatField(db_comment="Middle of the exposure, MJD (TAI), days")),
                ("filterName", models.TextField(db_comment="Band: u, g, r, i, z or Y")),
                ("ra", models.FloatField(db_comment="Right ascension, degrees (ICRS)")),
                ("decl", models.FloatField(db_comment="Declination, degrees (ICRS)")),
                ("psFlux", models.FloatField(db_comment="Point-source flux in the difference image, nJy (AB zero point 31.4)")),
                ("psFluxErr", models.FloatField(db_comment="Error of psFlux, nJy")),
                ("snr", models.FloatField(db_comment="Signal to noise, psFlux / psFluxErr")),
                (
                    "nobs",
                    models.FloatField(
                        db_comment="Number of observations of the object so far; null: not in the files", null=True
                    ),
                ),
                (
                    "diaObject",
                    models.ForeignKey(
                        db_comment="Object that was detected",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaobject",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Detections: photometry points that raised an alert",
            },
        ),
        migrations.CreateModel(
            name="DiaForcedSource",
            fields=[
                (
                    "diaForcedSourceId",
                    models.BigIntegerField(
                        db_comment="Identifier of the point: object * 100000 + its number in the light curve",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "ccdVisitId",
                    models.BigIntegerField(db_comment="Identifier of the exposure; null: not in the files", null=True),
                ),
                ("midPointTai", models.FloatField(db_comment="Middle of the exposure, MJD (TAI), days")),
                ("filterName", models.TextField(db_comment="Band: u, g, r, i, z or Y")),
                ("psFlux", models.FloatField(db_comment="Point-source flux in the difference image, nJy (AB zero point 31.4)")),
                ("psFluxErr", models.FloatField(db_comment="Error of psFlux, nJy")),
                (
                    "totFlux",
                    models.FloatField(
                        db_comment="Point-source flux in the direct image, nJy (AB zero point 31.4); null: not in the files",
                        null=True,
                    ),
                ),
                ("totFluxErr", models.FloatField(db_comment="Error of totFlux, nJy; null: not in the files", null=True)),
                (
                    "diaObject",
                    models.ForeignKey(
                        db_comment="Object whose position was measured",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaobject",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Forced photometry: the whole light curve, detected or not",
            },
        ),
        migrations.CreateModel(
            name="DiaAlert",
            fields=[
                (
                    "alertId",
                    models.BigIntegerField(
                        db_comment="Identifier of the alert; the same as that of its source", primary_key=True, serialize=False
                    ),
                ),
                (
                    "alertSentTimestamp",
                    models.DateTimeField(db_comment="When the alert was sent to the brokers; null: not known", null=True),
                ),
                (
                    "diaSource",
                    models.ForeignKey(
                        db_comment="Detection that raised the alert",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diasource",
                    ),
                ),
                (
                    "diaObject",
                    models.ForeignKey(
                        db_comment="Object that was detected",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaobject",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Alerts as they were sent to the brokers",
            },
        ),
        migrations.CreateModel(
            name="DiaAlertPrvSource",
            fields=[
                ("id", models.BigAutoField(db_comment="Number of the link", primary_key=True, serialize=False)),
                (
                    "diaAlert",
                    models.ForeignKey(
                        db_comment="Alert that carried the source",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaalert",
                    ),
                ),
                (
                    "diaSource",
                    models.ForeignKey(
                        db_comment="Earlier detection in the alert",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diasource",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Earlier detections that an alert carried",
                "constraints": [
                    models.UniqueConstraint(fields=("diaAlert", "diaSource"), name="elasticc_diaalertprvsource_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DiaAlertPrvForcedSource",
            fields=[
                ("id", models.BigAutoField(db_comment="Number of the link", primary_key=True, serialize=False)),
                (
                    "diaAlert",
                    models.ForeignKey(
                        db_comment="Alert that carried the point",
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaalert",
                    ),
                ),
                (
                    "diaForcedSource",
                    models.ForeignKey(
                        db_comment="Forced photometry in the alert",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.diaforcedsource",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Forced photometry that an alert carried",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("diaAlert", "diaForcedSource"), name="elasticc_diaalertprvforcedsource_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DiaTruth",
            fields=[
                (
                    "diaSourceId",
                    models.BigIntegerField(db_comment="Photometry point, detected or not", primary_key=True, serialize=False),
                ),
                ("diaObjectId", models.BigIntegerField(db_comment="Object of the point", db_index=True, null=True)),
                ("mjd", models.FloatField(db_comment="Middle of the exposure, MJD (TAI), days", null=True)),
                (
                    "detect",
                    models.BooleanField(
                        db_comment="Whether the point was detected, and so has a source and an alert", null=True
                    ),
                ),
                ("true_gentype", models.IntegerField(db_comment="Simulated class, as in elasticc_gentypeofclassid", null=True)),
                (
                    "true_genmag",
                    models.FloatField(db_comment="Simulated AB magnitude without noise; 99 or more: no light", null=True),
                ),
            ],
            options={
                "db_table_comment": "Truth of each photometry point",
            },
        ),
        migrations.CreateModel(
            name="DiaObjectTruth",
            fields=[
                (
                    "diaObject",
                    models.OneToOneField(
                        db_column="diaObjectId",
                        db_comment="Object that was simulated",
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="elasticc.diaobject",
                    ),
                ),
                ("libid", models.IntegerField(db_comment="Entry of SNANA's library of observing conditions")),
                (
                    "sim_searcheff_mask",
                    models.IntegerField(db_comment="SNANA's bit mask: 1 found by the search, 2 a spectrum was taken"),
                ),
                ("gentype", models.IntegerField(db_comment="Simulated class, as in elasticc_gentypeofclassid")),
                ("sim_template_index", models.IntegerField(db_comment="Template of the simulated class, SNANA's NON1A_INDEX")),
                ("zcmb", models.FloatField(db_comment="True redshift in the CMB frame")),
                ("zhelio", models.FloatField(db_comment="True heliocentric redshift")),
                ("zcmb_smear", models.FloatField(db_comment="Measured redshift in the CMB frame; -9: none")),
                ("ra", models.FloatField(db_comment="True right ascension, degrees (ICRS)")),
                ("dec", models.FloatField(db_comment="True declination, degrees (ICRS)")),
                ("mwebv", models.FloatField(db_comment="True Milky Way reddening E(B-V), mag")),
                ("galid", models.BigIntegerField(db_comment="Host galaxy in SNANA's library; -9: none")),
                ("galzphot", models.FloatField(db_comment="Photometric redshift of the host galaxy; -9: none")),
                ("galzphoterr", models.FloatField(db_comment="Error of galzphot; -9: none")),
                ("galsnsep", models.FloatField(db_comment="Separation from the host galaxy, arcsec; -9: none")),
                (
                    "galsnddlr",
                    models.FloatField(db_comment="Separation in units of the host galaxy's size in that direction; -9: none"),
                ),
                ("rv", models.FloatField(db_comment="Host galaxy's ratio of extinction to reddening; -9: none")),
                ("av", models.FloatField(db_comment="Host galaxy's extinction in V, mag; -9: none")),
                ("mu", models.FloatField(db_comment="Distance modulus, mag")),
                ("lensdmu", models.FloatField(db_comment="Change of the distance modulus by lensing, mag")),
                ("peakmjd", models.FloatField(db_comment="Peak of the light curve, MJD (TAI), days")),
                ("mjd_detect_first", models.FloatField(db_comment="First detection, MJD (TAI), days; -9 or 1e6: none")),
                ("mjd_detect_last", models.FloatField(db_comment="Last detection, MJD (TAI), days; -9: none")),
                (
                    "dtseason_peak",
                    models.FloatField(db_comment="Time from the peak to the nearest edge of an observing season, days"),
                ),
                ("peakmag_u", models.FloatField(db_comment="u-band AB magnitude at the peak; 99 or 999: none")),
                ("peakmag_g", models.FloatField(db_comment="g-band AB magnitude at the peak; 99 or 999: none")),
                ("peakmag_r", models.FloatField(db_comment="r-band AB magnitude at the peak; 99 or 999: none")),
                ("peakmag_i", models.FloatField(db_comment="i-band AB magnitude at the peak; 99 or 999: none")),
                ("peakmag_z", models.FloatField(db_comment="z-band AB magnitude at the peak; 99 or 999: none")),
                ("peakmag_Y", models.FloatField(db_comment="Y-band AB magnitude at the peak; 99 or 999: none")),
                ("snrmax", models.FloatField(db_comment="Highest signal to noise of any point")),
                ("snrmax2", models.FloatField(db_comment="Highest signal to noise in a second band; -9: none")),
                ("snrmax3", models.FloatField(db_comment="Highest signal to noise in a third band; -9: none")),
                ("nobs", models.IntegerField(db_comment="Number of observations")),
                ("nobs_saturate", models.IntegerField(db_comment="Number of saturated observations")),
            ],
            options={
                "db_table_comment": "Truth of each object: class, redshift, distance, peak",
            },
        ),
        migrations.CreateModel(
            name="GentypeOfClassId",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "classId", "gentype", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("classId", models.IntegerField(db_comment="Class in the taxonomy that brokers classify by")),
                ("gentype", models.IntegerField(db_comment="Class in the simulation")),
                ("description", models.TextField(db_comment="Name of the classId")),
                (
                    "exactmatch",
                    models.BooleanField(db_comment="Whether the classId is that very class: one such row a gentype"),
                ),
                ("categorymatch", models.BooleanField(db_comment="Whether the classId is the class or its category")),
            ],
            options={
                "db_table_comment": "Which simulated classes (gentype) each class of the brokers' taxonomy (classId) covers",
            },
        ),
        migrations.CreateModel(
            name="BrokerMessage",
            fields=[
                ("dbMessageIndex", models.BigAutoField(db_comment="Number of the message", primary_key=True, serialize=False)),
                (
                    "streamMessageId",
                    models.BigIntegerField(db_comment="Offset of the message in its topic; null: from a file", null=True),
                ),
                (
                    "topicName",
                    models.CharField(db_comment="Kafka topic of the message; null: from a file", max_length=200, null=True),
                ),
                ("alertId", models.BigIntegerField(db_comment="Alert that was classified", db_index=True)),
                ("diaSourceId", models.BigIntegerField(db_comment="Detection that was classified", db_index=True)),
                (
                    "msgHdrTimestamp",
                    models.DateTimeField(db_comment="Timestamp in the message's header; null: from a file", null=True),
                ),
                (
                    "descIngestTimestamp",
                    models.DateTimeField(
                        db_comment="When the message was loaded", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "elasticcPublishTimestamp",
                    models.DateTimeField(db_comment="When the alert was sent to the broker", null=True),
                ),
                (
                    "brokerIngestTimestamp",
                    models.DateTimeField(db_comment="When the broker received the alert; null: it didn't say", null=True),
                ),
                (
                    "modified",
                    models.DateTimeField(
                        db_comment="When this row was last changed", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table_comment": "Classification messages from the brokers, one an alert and classification",
                "indexes": [models.Index(fields=["topicName", "streamMessageId"], name="elasticc_brokermessage_stream")],
            },
        ),
        migrations.CreateModel(
            name="BrokerClassifier",
            fields=[
                (
                    "dbClassifierIndex",
                    models.BigAutoField(db_comment="Number of the classifier", primary_key=True, serialize=False),
                ),
                ("brokerName", models.CharField(db_comment="Name of the broker", max_length=100)),
                ("brokerVersion", models.TextField(db_comment="Version of the broker; null: it didn't say", null=True)),
                (
                    "classifierName",
                    models.CharField(db_comment="Name of the classifier, unique within its broker", max_length=200),
                ),
                (
                    "classifierParams",
                    models.TextField(db_comment="Parameters or version of the classifier; null: it didn't say", null=True),
                ),
                (
                    "modified",
                    models.DateTimeField(
                        db_comment="When this row was last changed", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
            ],
            options={
                "db_table_comment": "Classifiers that brokers ran",
            },
        ),
        migrations.CreateModel(
            name="BrokerClassification",
            fields=[
                (
                    "dbClassificationIndex",
                    models.BigAutoField(db_comment="Number of the classification", primary_key=True, serialize=False),
                ),
                ("classId", models.IntegerField(db_comment="Class in the brokers' taxonomy, as in elasticc_gentypeofclassid")),
                ("probability", models.FloatField(db_comment="Probability of the class, 0 to 1")),
                (
                    "modified",
                    models.DateTimeField(
                        db_comment="When this row was last changed", db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "dbMessage",
                    models.ForeignKey(
                        db_comment="Message that the classification came in",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.brokermessage",
                    ),
                ),
                (
                    "dbClassifier",
                    models.ForeignKey(
                        db_comment="Classifier that it is from",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="elasticc.brokerclassifier",
                    ),
                ),
            ],
            options={
                "db_table_comment": "Probability of one class for one alert, from one classifier",
            },
        ),
    )
