"""The rights to write at the loader's addresses, kept with the runs that they make."""

# mypy: disable-error-code="import-untyped, misc"

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("elasticc", "0008_runs"),)

    operations = (
        migrations.AlterModelOptions(
            name="run",
            options={
                "permissions": (
                    ("elasticc_admin", "May write everything at the loader's addresses"),
                    ("elasticc_broker", "May write brokers' messages at the loader's addresses"),
                )
            },
        ),
    )
