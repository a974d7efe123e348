"""The app's label, from which every published table has its elasticc_ name."""

# mypy: disable-error-code="import-untyped, misc"

from django.apps import AppConfig


class ElasticcConfig(AppConfig):
    name = "loader.elasticc"
    label = "elasticc"
    verbose_name = "ELAsTiCC"
    default_auto_field = "django.db.models.BigAutoField"
