"""API tokens, with which scripts ask the portal: made, listed, revoked. A token is known once, to whoever made it."""

# mypy: disable-error-code="import-untyped, misc, no-any-unimported"

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.db import ProgrammingError

from loader.accounts import find
from loader.errors import AccountError, NotInitialised
from loader.tokens.models import ApiToken

PREFIX = "elasticc_"  # by which a token is known for one where it shouldn't be
RANDOM_BYTES = 32


@dataclass(frozen=True)
class Token:
    """A token as it can be shown: not the token itself."""

    number: int
    user: str
    name: str
    made_at: datetime
    expires_at: datetime
    state: str


def add(user: str, *, name: str, days: int) -> tuple[int, str, datetime]:
    """Its number, the token itself, and when it ends. Raises AccountError where there is no such account."""
    token = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    expires_at = datetime.now(UTC) + timedelta(days=days)
    with _initialised():
        made = ApiToken.objects.create(user=find(user), name=name, digest=digest(token), expires_at=expires_at)
    return made.pk, token, expires_at


def digest(token: str) -> str:
    """As the portal computes it, too."""
    return hashlib.sha256(token.encode()).hexdigest()


def all_tokens(user: str | None) -> list[Token]:
    """Those that ended, too; of one account or of all."""
    with _initialised():
        found = ApiToken.objects.select_related("user").order_by("pk")
        if user is not None:
            found = found.filter(user=find(user))
        return [
            Token(token.pk, token.user.username, token.name, token.made_at, token.expires_at, state(token)) for token in found
        ]


def revoke(number: int) -> str:
    """The name of the account that it was for. Revoking twice changes nothing."""
    with _initialised():
        try:
            token = ApiToken.objects.select_related("user").get(pk=number)
        except ApiToken.DoesNotExist as error:
            raise AccountError(f"There is no token {number}; `token list` shows them.") from error
        if token.revoked_at is None:
            token.revoked_at = datetime.now(UTC)
            token.save(update_fields=["revoked_at"])
    return str(token.user.username)


def account(token: str) -> User | None:
    """The active account whose token this is, if the token is neither revoked nor over."""
    with _initialised():
        found = ApiToken.objects.select_related("user").filter(digest=digest(token)).first()
    return found.user if found is not None and state(found) == "valid" else None


def state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= datetime.now(UTC):
        return "expired"
    return "valid" if token.user.is_active else "account disabled"


@contextmanager
def _initialised() -> Iterator[None]:
    try:
        yield
    except ProgrammingError as error:
        raise NotInitialised from error
