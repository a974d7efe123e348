"""Sources by their time, for `midPointTai__gte=…` at /elasticc/diasource/ and for SQL."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0005_tally"),)

    operations = (
        migrations.AddIndex("diasource", models.Index(fields=["midPointTai"], name="elasticc_diasource_midpointtai")),
    )
