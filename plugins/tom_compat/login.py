"""/accounts/login/ and /accounts/logout/: the dance that every script of old does, and a page for people."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from datasette import Response
from datasette.utils.asgi import Request
from server.throttle import TooManyLogins

from plugins import accounts, forms
from plugins.door import refused_for_now
from plugins.tom_compat import csrf

if TYPE_CHECKING:  # Datasette loads its plugins while it is itself half loaded
    from datasette.app import Datasette

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
WRONG_LOGIN = "Please enter a correct username and password. Note that both fields may be case-sensitive."


async def to_login(request: Request) -> Response:
    query = f"?{request.query_string}" if request.query_string else ""
    return Response.redirect(LOGIN + query, status=301)


async def login(request: Request, datasette: Datasette) -> Response:
    """The page, and what scripts post to it. A wrong password is told with status 200."""
    if request.method in ("GET", "HEAD"):
        return await _page(request, datasette, None, forms.local_path(request.args.get("next")))
    if request.method != "POST":
        return csrf.not_allowed(request, "GET, HEAD, POST")
    form = forms.read_form(await forms.read_body(request.receive))
    if form is None:
        return Response.text("The form is too large or not UTF-8.", status=400)
    if not csrf.matches(request, form.get("csrfmiddlewaretoken")):
        return csrf.refused()
    onward = forms.local_path(form.get("next") or request.args.get("next"))
    known = accounts.of(datasette)
    name, password = form.get("username", ""), form.get("password", "")
    try:
        account = await known.verify(name, password, forms.address_of(request.scope)) if name and password else None
    except TooManyLogins as error:
        return refused_for_now(error, await _page(request, datasette, str(error), onward))
    if account is None:
        return await _page(request, datasette, WRONG_LOGIN, onward)
    response = Response.redirect(onward or "/")
    accounts.set_session_cookie(response, known.session(account), request)
    csrf.set_token(response, request, secrets.token_hex(32))
    return response


async def logout(request: Request, datasette: Datasette) -> Response:
    """By GET, as it was. Cookies are SameSite=Lax: an image on another site logs nobody out."""
    if cookie := request.cookies.get(accounts.SESSION_COOKIE):
        accounts.of(datasette).end_session(cookie)
    response = Response.redirect("/")
    accounts.set_session_cookie(response, "", request)
    return response


async def _page(request: Request, datasette: Datasette, error: str | None, onward: str | None) -> Response:
    token = csrf.token(request) or secrets.token_hex(32)
    context = {"error": error, "login_url": LOGIN, "next": onward or "", "old_token": token}
    response = Response.html(await datasette.render_template("password_login.html", context, request=request))
    csrf.set_token(response, request, token)
    return response
