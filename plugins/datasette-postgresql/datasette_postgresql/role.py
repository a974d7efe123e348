"""What the role may do besides reading: too much stops the start, something is a warning."""

from typing import Any

from datasette.database import QueryInterrupted

from .database import PostgresDatabase
from .errors import ConfigurationError, PostgresError
from .grants import STOPS, WARNS, Role, examine
from .settings import PLUGIN

LIMIT_MS = 10_000


async def check(database: PostgresDatabase) -> list[str]:
    """Raises ConfigurationError; returns warnings, one sentence each."""
    try:
        role = await database.run(_examined, time_limit_ms=LIMIT_MS)
    except (PostgresError, QueryInterrupted) as error:
        reason = " ".join(str(getattr(error, "detail", error)).split())
        raise ConfigurationError(f"{PLUGIN}: the database {database.name!r} doesn't answer: {reason}") from error
    for finding in role.findings:
        if finding.weight == STOPS:
            raise ConfigurationError(
                f"{PLUGIN}: the role {role.name!r} of {database.name!r} {finding.what}: "
                "the database must be read as a role that may only SELECT."
            )
    found = [finding.what for finding in role.findings if finding.weight == WARNS]
    told = [f"{PLUGIN}: the role {role.name!r} of {database.name!r} {what}." for what in found]
    return [*told, f"{PLUGIN}: `python -m datasette_postgresql check DSN` prints the SQL against that."] if told else []


def _examined(connection: Any) -> Role:
    with connection.cursor() as cursor:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        return examine(ask)
