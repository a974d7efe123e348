"""The tables in the admin site, to look at: rows come from files only."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from django.apps import apps
from django.contrib import admin
from django.db.models import CompositePrimaryKey, Model
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):
    """No counts of the whole table: on hundreds of millions of rows each page would wait for one."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


for model in apps.get_app_config("elasticc").get_models():
    if not isinstance(model._meta.pk, CompositePrimaryKey):  # which the admin site can't show
        admin.site.register(model, ReadOnlyAdmin)
