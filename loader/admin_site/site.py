"""The site: whom it lets in, what it is called, its menu, and the addresses of the pages that aren't Django's own."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

NOT_AN_ADMIN = "This account is no administrator's. `python -m loader user grant NAME admin` makes it one."
# What is in the menu beside accounts, groups and tokens: section → name, page.
MENU = {
    "Loads": (("Runs", "runs"), ("Upload files", "upload")),
    "Database": (
        ("Tables", "tables"),
        ("Sizes and counters", "sizes"),
        ("Indexes", "indexes"),
        ("Roles and grants", "roles"),
        ("Migrations", "migrations"),
    ),
}


class AdminsForm(AdminAuthenticationForm):
    def confirm_login_allowed(self, user: User) -> None:
        super(AdminAuthenticationForm, self).confirm_login_allowed(user)
        if not user.is_superuser:
            raise ValidationError(NOT_AN_ADMIN, code="invalid_login")


class LoaderSite(admin.AdminSite):
    site_title = "ELAsTiCC loader"
    site_header = "ELAsTiCC loader"
    index_title = "Administration"
    site_url = None
    login_form = AdminsForm

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def get_urls(self) -> list[Any]:
        from loader.admin_site import migration_pages, run_pages, schema_pages, table_pages, upload_pages

        pages: tuple[tuple[str, Any, str], ...] = (
            ("runs/", run_pages.runs, "runs"),
            ("runs/<int:number>/", run_pages.run, "run"),
            ("runs/<int:number>/undo/", run_pages.undo_run, "undo"),
            ("upload/", upload_pages.upload, "upload"),
            ("upload/<slug:name>/", upload_pages.uploaded, "uploaded"),
            ("upload/<slug:name>/progress/", upload_pages.progress, "progress"),
            ("tables/", table_pages.tables, "tables"),
            ("tables/<str:name>/", table_pages.table, "table"),
            ("tables/<str:name>/row/", table_pages.row, "row"),
            ("schema/sizes/", schema_pages.sizes, "sizes"),
            ("schema/sizes/check/", schema_pages.check_count, "check_count"),
            ("schema/indexes/", schema_pages.indexes, "indexes"),
            ("schema/roles/", schema_pages.roles_and_grants, "roles"),
            ("schema/migrations/", migration_pages.migrations, "migrations"),
            ("schema/migrations/<str:app>/<str:name>/", migration_pages.migration, "migration"),
        )
        ours = [path(route, self.admin_view(page), name=name) for route, page, name in pages]
        return [*ours, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Accounts, groups and tokens in one section, then our pages."""
        known = super().get_app_list(request)
        accounts = [model for app in known for model in app["models"]]
        accounts.sort(key=lambda model: ("User", "Group", "ApiToken").index(model["object_name"]))
        names = {"ApiToken": "API tokens"}
        for model in accounts:
            model["name"] = names.get(model["object_name"], model["name"])
        sections = [_section("Accounts", "auth", reverse("admin:auth_user_changelist"), accounts)] if accounts else []
        if app_label is None:
            sections = [*(_section_of_pages(name) for name in MENU), *sections]
        return sections

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        from loader.admin_site.run_pages import latest_runs
        from loader.admin_site.table_pages import published

        shown = {"latest_runs": latest_runs(8), "tables": published()}
        return super().index(request, {**shown, **(extra_context or {})})


def _section(name: str, label: str, url: str, models: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "app_label": label, "app_url": url, "has_module_perms": True, "models": models}


def _section_of_pages(section: str) -> dict[str, Any]:
    pages = [
        {
            "name": name,
            "object_name": page,
            "admin_url": reverse(f"admin:{page}"),
            "add_url": None,
            "view_only": True,
            "perms": {"view": True},
        }
        for name, page in MENU[section]
    ]
    return _section(section, section.lower(), str(pages[0]["admin_url"]), pages)
