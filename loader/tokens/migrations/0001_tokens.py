"""The table of API tokens."""

# mypy: disable-error-code="import-untyped, misc"

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    initial = True

    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)

    operations = (
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(db_comment="What its owner calls it", max_length=100)),
                ("digest", models.CharField(db_comment="SHA-256 of the token, in hexadecimal", max_length=64, unique=True)),
                ("made_at", models.DateTimeField(db_comment="When it was made", db_default=Now())),
                ("expires_at", models.DateTimeField(db_comment="When it ends by itself")),
                ("revoked_at", models.DateTimeField(db_comment="When it was revoked; null: it wasn't", null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_comment="Account that the token speaks for",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table_comment": "API tokens of the portal, as digests"},
        ),
    )
