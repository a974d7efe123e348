"""Accounts and groups, by Django's forms, under the loader's rules.

An account is never deleted or renamed: runs, long queries and their results know it by its name, and the next one of that
name would inherit them. Nobody closes the site behind the last administrator: one's own rights are not one's own to take.
"""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from typing import Any

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Permission, User
from django.db.models import ManyToManyField, QuerySet
from django.forms import CheckboxSelectMultiple, ModelForm
from django.http import HttpRequest

from loader.accounts import ADMIN, BROKER

LABELS = {"is_active": "Active", "is_superuser": "Administrator", "user_permissions": "Rights"}
HELP = {
    "is_active": "Whoever isn't can't log in anywhere, and tokens don't work. Nothing of the account is lost.",
    "is_superuser": "May use this site and write everything at the loader's addresses.",
    "groups": "Each gives its members the rights that it has.",
    "user_permissions": "",
}


def rights() -> QuerySet[Permission]:
    """The two that something asks for."""
    return Permission.objects.filter(content_type__app_label="elasticc", codename__in=(ADMIN, BROKER))


class _Rights:
    """Only permissions that mean something, by what they say."""

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest | None = None, **options: Any) -> Any:
        if db_field.name in ("permissions", "user_permissions"):
            options["queryset"] = rights()
        options["widget"] = CheckboxSelectMultiple()
        field = super().formfield_for_manytomany(db_field, request, **options)
        if field is not None and db_field.name in ("permissions", "user_permissions"):
            field.label_from_instance = lambda permission: permission.name
        return field


class AccountAdmin(_Rights, UserAdmin):
    list_display = ("username", "administrator", "active", "last_login", "date_joined")
    list_filter = ("is_active", "is_superuser", "groups")
    search_fields = ("username",)
    ordering = ("username",)
    filter_horizontal = ()
    actions = None
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("What it may do", {"fields": ("is_active", "is_superuser", "groups", "user_permissions")}),
        ("Dates (UTC)", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def administrator(self, user: User) -> bool:
        return bool(user.is_superuser)

    administrator.boolean = True  # type: ignore[attr-defined]

    def active(self, user: User) -> bool:
        return bool(user.is_active)

    active.boolean = True  # type: ignore[attr-defined]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields: tuple[str, ...] = self.readonly_fields
        if obj is not None:
            fields = ("username", *fields)
        if obj is not None and obj.pk == request.user.pk:
            fields = ("is_active", "is_superuser", *fields)
        return fields

    def get_form(self, request: HttpRequest, obj: User | None = None, **options: Any) -> type[ModelForm]:
        form: type[ModelForm] = super().get_form(request, obj, labels=LABELS, help_texts=HELP, **options)
        return form

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        obj.is_staff = obj.is_superuser
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class RightsGroupAdmin(_Rights, GroupAdmin):
    filter_horizontal = ()
