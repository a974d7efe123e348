"""The old system's guard against requests from other sites: cookie `csrftoken` against a header or a form field.

Scripts send neither Referer nor Origin, so neither is asked for. Who brings an API token needs no other: no browser adds it
by itself.
"""

import hmac
import re
from typing import Any

from datasette import Response
from datasette.utils.asgi import Request

from plugins.door import WAY_IN

CSRF_COOKIE = "csrftoken"
CSRF_SECONDS = 364 * 24 * 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
PREFIXES = ("/accounts/", "/db/")


def is_ours(path: str) -> bool:
    return path.startswith(PREFIXES)


def token(request: Request) -> str | None:
    found = request.cookies.get(CSRF_COOKIE, "")
    return found if TOKEN.fullmatch(found) else None


def set_token(response: Response, request: Request, value: str) -> None:
    response.set_cookie(CSRF_COOKIE, value, max_age=CSRF_SECONDS, secure=request.scheme == "https")


def matches(request: Request, in_form: str | None = None) -> bool:
    scope: dict[str, Any] = request.scope
    if scope.get(WAY_IN) == "token":
        return True
    ours, theirs = token(request), in_form or request.headers.get("x-csrftoken", "")
    return ours is not None and hmac.compare_digest(ours.encode(), theirs.encode())


def refused() -> Response:
    return Response.json({"detail": "CSRF Failed: CSRF token missing or incorrect."}, status=403)


def not_allowed(request: Request, allowed: str) -> Response:
    body = {"detail": f'Method "{request.method}" not allowed.'}
    return Response.json(body, status=405, headers={"allow": allowed})
