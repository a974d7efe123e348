"""Accounts: Django's own users, whom the portal asks for. No printing, no prompting; passwords come as arguments here."""

# mypy: disable-error-code="import-untyped"

from dataclasses import dataclass

from django.contrib.auth.models import Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, ProgrammingError

from loader.errors import AccountError, NotInitialised

ADMIN, BROKER = "elasticc_admin", "elasticc_broker"


@dataclass(frozen=True)
class Account:
    name: str
    is_active: bool
    is_admin: bool


def add(name: str, password: str) -> None:
    """Raises AccountError for a name that is taken or no name, and for a password that is too short."""
    user = User(username=name)
    _refuse_bad_password(password, user)
    user.set_password(password)
    try:
        user.clean_fields()
        user.save(force_insert=True)
    except ValidationError as error:
        raise AccountError(f"{name!r} can't be an account's name: {' '.join(error.messages)}") from error
    except IntegrityError as error:
        raise AccountError(f"The account {name} is there already; `user passwd {name}` changes its password.") from error
    except ProgrammingError as error:
        raise NotInitialised from error


def set_password(name: str, password: str) -> None:
    user = find(name)
    _refuse_bad_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def set_active(name: str, *, active: bool) -> None:
    """An account that is not active can't log in; nothing of it is lost."""
    user = find(name)
    user.is_active = active
    user.save(update_fields=["is_active"])


def grant(name: str, right: str) -> None:
    """`admin` is Django's superuser: the admin site and all that writes. `broker` may write brokers' messages alone."""
    user = find(name)
    if right == "admin":
        _set_admin(user, is_admin=True)
    else:
        user.user_permissions.add(_broker_permission())


def revoke(name: str, right: str) -> None:
    """Takes away what `grant` gave; taking it twice changes nothing."""
    user = find(name)
    if right == "admin":
        _set_admin(user, is_admin=False)
        # Who was admin before there was an admin site has this permission only.
        user.user_permissions.remove(*Permission.objects.filter(content_type__app_label="elasticc", codename=ADMIN))
    else:
        user.user_permissions.remove(_broker_permission())


def _set_admin(user: User, *, is_admin: bool) -> None:
    user.is_superuser = user.is_staff = is_admin
    user.save(update_fields=["is_superuser", "is_staff"])


def _broker_permission() -> Permission:
    try:
        return Permission.objects.get(content_type__app_label="elasticc", codename=BROKER)
    except Permission.DoesNotExist as error:
        raise NotInitialised from error


def all_accounts() -> list[Account]:
    try:
        return [Account(user.username, user.is_active, user.is_superuser) for user in User.objects.order_by("username")]
    except ProgrammingError as error:
        raise NotInitialised from error


def must_exist(name: str) -> None:
    """Before a password is asked for that nobody needs."""
    find(name)


def find(name: str) -> User:
    """Raises AccountError where there is none."""
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist as error:
        raise AccountError(f"There is no account {name}; `user list` shows them.") from error
    except ProgrammingError as error:
        raise NotInitialised from error


def _refuse_bad_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountError(" ".join(error.messages)) from error
