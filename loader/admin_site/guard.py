"""Who may try to log in how often, and what every answer says to browsers.

One throttle for the login form, the old scripts' login and HTTP Basic: they all ask Django's backend. It counts as the
portal's does, in this process.
"""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

from collections.abc import Callable
from threading import Lock
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from psycopg2.errors import QueryCanceled
from server.throttle import Throttle, TooManyLogins

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
TOO_SLOW = "The database took too long to answer, so the question was ended. Nothing was changed."

_throttle = Throttle()
_lock = Lock()


class ThrottledBackend(ModelBackend):
    """Raises TooManyLogins, before the password is looked at."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Any:
        if username is None or password is None:
            return None
        address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
        with _lock:
            _throttle.admit(username, address)
        if "\0" in username:
            return None  # the database would rather not be asked
        user = super().authenticate(request, username=username, password=password)
        if user is not None:
            with _lock:
                _throttle.forgive(username, address)
        return user


class Guard:
    """Middleware: two errors as sentences, and the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooManyLogins):
            answer = _say(request, str(error), 429)
            answer.headers["Retry-After"] = str(error.wait_s)
            return answer
        if isinstance(error, OperationalError) and isinstance(error.__cause__, QueryCanceled):
            return _say(request, TOO_SLOW, 503)
        return None


def _say(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    if request.path.startswith("/elasticc/"):
        return JsonResponse({"detail": sentence}, status=status)
    return render(request, "loader_admin/sentence.html", {"title": "Not now", "sentence": sentence}, status=status)
