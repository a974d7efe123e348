"""What the role may do besides reading, on each server: too much stops the start, something is a warning."""

from datasette.database import QueryInterrupted

from .database import PostgresDatabase
from .errors import ConfigurationError, PostgresError
from .grants import STOPS, WARNS, Role, examine_over
from .settings import PLUGIN

LIMIT_MS = 10_000


async def check(database: PostgresDatabase) -> list[str]:
    """Raises ConfigurationError; returns warnings, one sentence each."""
    try:
        role = await database.run(examine_over, time_limit_ms=LIMIT_MS)
    except (PostgresError, QueryInterrupted) as error:
        raise ConfigurationError(f"{PLUGIN}: the database {database.name!r} doesn't answer: {_reason(error)}") from error
    told, silent = _judged(role, repr(database.name)), []
    for name, found in await database.examine_replicas():
        if isinstance(found, PostgresError):
            silent.append(f"{PLUGIN}: {name} doesn't answer: {_reason(found)}.")
        else:
            told += [warning for warning in _judged(found, name) if found != role]
    if told:
        told.append(f"{PLUGIN}: `python -m datasette_postgresql check DSN` prints the SQL against that.")
    return [*silent, *told]


def _judged(role: Role, where: str) -> list[str]:
    for what in role.of(STOPS):
        raise ConfigurationError(
            f"{PLUGIN}: the role {role.name!r} of {where} {what}: the database must be read as a role that may only SELECT."
        )
    return [f"{PLUGIN}: the role {role.name!r} of {where} {what}." for what in role.of(WARNS)]


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "detail", error)).split())
