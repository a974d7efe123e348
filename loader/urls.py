"""The admin site and nothing else: readers use the portal."""

# mypy: disable-error-code="import-untyped"

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
