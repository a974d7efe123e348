"""Django's admin app with our site in place of its own, and its accounts under the name that they have here."""

# mypy: disable-error-code="import-untyped, misc"

from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig


class LoaderAdminConfig(AdminConfig):
    default_site = "loader.admin_site.site.LoaderSite"


class AccountsConfig(AuthConfig):
    verbose_name = "Accounts"
