"""The two kinds of column that repeat: a measured number, and the moment when a row was last changed."""

# mypy: disable-error-code="import-untyped"

from typing import Any

from django.db import models
from django.db.models.functions import Now


def number(comment: str, *, null: bool = True) -> Any:
    """A double precision column."""
    return models.FloatField(null=null, db_comment=comment)


def modified() -> Any:
    """The server fills it, so that COPY needn't."""
    return models.DateTimeField(db_default=Now(), db_comment="When this row was last changed")
