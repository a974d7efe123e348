"""What the questions of metadata.yml and the pages of truths need, to answer as soon among millions of objects as among few."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations, models

# So that the planner knows that there are few nights: then it counts in parallel.
NIGHTS = 'create statistics elasticc_diasource_nights on (floor("midPointTai" - 0.5)) from elasticc_diasource'


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0011_cones"),)

    operations = (
        migrations.AddIndex(
            "diaobjecttruth", models.Index(fields=["-snrmax", "diaObject"], name="elasticc_objecttruth_snrmax")
        ),
        migrations.AddIndex(
            "diaobjecttruth", models.Index(fields=["gentype", "-snrmax", "diaObject"], name="elasticc_objecttruth_gentype")
        ),
        migrations.RunSQL(NIGHTS, "drop statistics elasticc_diasource_nights"),
        migrations.RunSQL("analyze elasticc_diasource, elasticc_diaobjecttruth", migrations.RunSQL.noop),
    )
