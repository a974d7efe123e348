"""The room's own app, for its templates and static files."""

# mypy: disable-error-code="import-untyped, misc"

from django.apps import AppConfig


class AdminSiteConfig(AppConfig):
    name = "loader.admin_site"
    label = "admin_site"
