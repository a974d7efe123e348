"""API tokens of accounts. Of a token only its digest is kept: it is random and long, so that SHA-256 hides it well enough."""

# mypy: disable-error-code="import-untyped, misc"

from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now


class ApiToken(models.Model):
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", db_comment="Account that the token speaks for")
    name = models.CharField(max_length=100, db_comment="What its owner calls it")
    digest = models.CharField(max_length=64, unique=True, db_comment="SHA-256 of the token, in hexadecimal")
    made_at = models.DateTimeField(db_default=Now(), db_comment="When it was made")
    expires_at = models.DateTimeField(db_comment="When it ends by itself")
    revoked_at = models.DateTimeField(null=True, db_comment="When it was revoked; null: it wasn't")

    class Meta:
        db_table_comment = "API tokens of the portal, as digests"

    def __str__(self) -> str:
        return f"token {self.pk} of {self.user}"
