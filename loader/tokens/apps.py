"""The app's label, from which the table has its name, accounts_apitoken."""

# mypy: disable-error-code="import-untyped, misc"

from django.apps import AppConfig


class TokensConfig(AppConfig):
    name = "loader.tokens"
    label = "accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"
