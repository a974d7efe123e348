"""The addresses that brokers and the old loading scripts write to, with the answers that these expect.

Who may: staff, and accounts with the permission `elasticc_admin`; for brokers' messages `elasticc_broker` too. By session
and CSRF token, by API token, as at the portal, or by HTTP Basic. Refuses everybody else with 403 before it reads anything.
"""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

import base64
import binascii
from collections.abc import Callable
from typing import Any

import psycopg2.extensions
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie

from loader import api_tokens, posted
from loader.ingest.errors import DatabaseFailed, IngestError

BAD_CREDENTIALS, BAD_TOKEN = "Invalid username/password.", "Invalid token."
ADMIN, BROKER = "elasticc.elasticc_admin", "elasticc.elasticc_broker"
View = Callable[[HttpRequest], HttpResponse]


def _may(method: str, *permissions: str) -> Callable[[View], View]:
    """Method and account, before anything else."""

    def decorate(view: View) -> View:
        def guarded(request: HttpRequest, info: str = "") -> HttpResponse:
            if request.method != method:
                return _refuse(405, f'Method "{request.method}" not allowed.')
            user = _user_by_header(request)
            if isinstance(user, str):
                return _refuse(403, user)
            if user is None:
                user = request.user
                refusal = CsrfViewMiddleware(lambda _: HttpResponse()).process_view(request, guarded, (), {})
                if user.is_authenticated and refusal is not None:
                    return _refuse(403, "CSRF Failed: send the cookie csrftoken as the header X-CSRFToken.")
            if not user or not user.is_authenticated:
                return _refuse(403, "Authentication credentials were not provided.")
            if not user.is_staff and not any(user.has_perm(permission) for permission in permissions):
                return _refuse(403, "You do not have permission to perform this action.")
            request.user = user
            return view(request)

        exempt: View = csrf_exempt(_door(ensure_csrf_cookie(guarded)))
        return exempt

    return decorate


def _door(view: View) -> View:
    """What is sent is JSON, whatever it is called: of a form the token would be looked for, and the body be gone."""

    def entered(request: HttpRequest) -> HttpResponse:
        request.content_type = "application/json"
        try:
            return view(request)
        except RequestDataTooBig:
            return _refuse(413, f"A request may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MB; send less at once.")
        except (DatabaseFailed, psycopg2.Error, DatabaseError):
            return _refuse(503, "The database failed; nothing was written. Try again later.")

    return entered


@_may("PUT", ADMIN, BROKER)
def put_message(request: HttpRequest) -> HttpResponse:
    """201 with the message's index; a message that is known keeps the one it has."""
    try:
        values = posted.parse(request.body)
        indexes = posted.add_messages(_connection(), _who(request), values)
    except IngestError as error:
        return JsonResponse({"status": "error", "message": str(error)}, status=400)
    if not indexes:
        return JsonResponse({"status": "error", "message": "the request: an empty list"}, status=400)
    answer = {"dbMessageIndex": indexes[0]} if len(indexes) == 1 else {"dbMessageIndex": indexes}
    url = request.build_absolute_uri(request.path).rstrip("/")
    return JsonResponse(answer, status=201, headers={"Location": f"{url}/{indexes[0]}"})


@_may("POST", ADMIN)
def add_alert(request: HttpRequest) -> HttpResponse:
    return _answer("AddAlert", lambda: _ok(posted.add_alerts(_connection(), _who(request), posted.parse(request.body))))


@_may("POST", ADMIN)
def add_truth(request: HttpRequest) -> HttpResponse:
    def add() -> dict[str, Any]:
        ids, missing = posted.add_truths(_connection(), _who(request), posted.parse(request.body))
        return {**_ok(ids), "missing": missing}

    return _answer("MaybeAddTruth", add)


@_may("POST", ADMIN)
def add_object_truth(request: HttpRequest) -> HttpResponse:
    return _answer(
        "MaybeAddObjectTruth",
        lambda: _ok(posted.add_object_truths(_connection(), _who(request), posted.parse(request.body))),
    )


def _ok(message: object) -> dict[str, Any]:
    return {"status": "ok", "message": message}


def _answer(name: str, add: Callable[[], dict[str, Any]]) -> HttpResponse:
    """An error's status is 200, as the scripts look into the answer; its old traceback is empty."""
    try:
        return JsonResponse(add())
    except IngestError as error:
        said = {"status": "error", "message": f"Exception in {name}", "exception": str(error), "traceback": ""}
        return JsonResponse(said)


def _refuse(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail}, status=status)


def _user_by_header(request: HttpRequest) -> Any:
    """By token or by name and password. None without such a header; the words of the refusal where it is wrong."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return api_tokens.account(coded.strip()) or BAD_TOKEN
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return BAD_CREDENTIALS
    return authenticate(request, username=name, password=password) or BAD_CREDENTIALS


def _connection() -> psycopg2.extensions.connection:
    """Django's own, as the owner of the tables."""
    connection.ensure_connection()
    raw: psycopg2.extensions.connection = connection.connection
    return raw


def _who(request: HttpRequest) -> str:
    return str(request.user.get_username())
