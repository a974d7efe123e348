"""API tokens: made, shown once, revoked. Nothing else of them can change, and they stay in the list when they have ended."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported, untyped-decorator"

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from loader import api_tokens
from loader.token_cli import MOST_DAYS
from loader.tokens.models import ApiToken


class NewToken(forms.Form):
    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("username"),
        label="Account",
        help_text="Whoever has the token may read and write what this account may.",
    )
    name = forms.CharField(max_length=100, required=False, label="What for", help_text="Shown in the list.")
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, initial=365, label="Valid for days")


class TokenAdmin(admin.ModelAdmin):
    list_display = ("number", "user", "name", "state", "made_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "name")
    ordering = ("-id",)
    actions = None
    fields = ("number", "user", "name", "state", "made_at", "expires_at", "revoked_at")
    change_form_template = "loader_admin/token.html"

    @admin.display(ordering="id")
    def number(self, token: ApiToken) -> int:
        return int(token.pk)

    def state(self, token: ApiToken) -> str:
        return api_tokens.state(token)

    def get_urls(self) -> list[Any]:
        revoke = path("<int:number>/revoke/", self.admin_site.admin_view(self.revoke), name="accounts_apitoken_revoke")
        return [revoke, *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The token is in the answer to the form and nowhere else; reloading it makes another one."""
        form = NewToken(request.POST or None)
        context = {**self.admin_site.each_context(request), "title": "New API token", "form": form}
        if form.is_valid():
            user = form.cleaned_data["user"]
            number, token, expires_at = api_tokens.add(
                user.username, name=form.cleaned_data["name"], days=form.cleaned_data["days"]
            )
            self.log_addition(request, ApiToken.objects.get(pk=number), "Made.")
            shown = {"title": f"Token {number} of {user.username}", "token": token, "expires_at": expires_at}
            return TemplateResponse(request, "loader_admin/token_made.html", context | shown)
        return TemplateResponse(request, "loader_admin/token_new.html", context)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        token = self.get_object(request, object_id)
        ended = token is None or api_tokens.state(token) in ("revoked", "expired")
        return super().change_view(request, object_id, form_url, {"can_revoke": not ended, **(extra_context or {})})

    def revoke(self, request: HttpRequest, number: int) -> HttpResponse:
        token = self.get_object(request, str(number))
        if token is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, str(number))
        if request.method == "POST":
            user = api_tokens.revoke(number)
            self.log_change(request, token, "Revoked.")
            messages.success(request, f"Token {number} of {user} is revoked.")
            return redirect("admin:accounts_apitoken_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Revoke token {number}?",
            "question": f"Scripts that bring this token of {token.user} ({token.name or 'no name'}) are refused at once.",
            "yes": "Revoke it",
            "back": reverse("admin:accounts_apitoken_change", args=[number]),
        }
        return TemplateResponse(request, "loader_admin/confirm.html", context)
