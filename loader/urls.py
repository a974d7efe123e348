"""The admin site and the addresses that write: readers use the portal."""

# mypy: disable-error-code="import-untyped"

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import path, re_path

from loader import write_api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(template_name="admin/login.html", next_page="/admin/"), name="login"),
    re_path(r"^elasticc/brokermessage/?$", write_api.put_message),
    re_path(r"^elasticc/addelasticcalert/?$", write_api.add_alert),
    re_path(r"^elasticc/addtruth/?$", write_api.add_truth),
    re_path(r"^elasticc/addobjecttruth/?$", write_api.add_object_truth),
]
