"""`python -m datasette_postgresql check DSN`: what the DSN's role may do that it shouldn't, as SQL that takes it away.

The output can be given to psql as it is. Exits with 0 where there is nothing to do, 1 with findings, 2 for a DSN that can't be
used.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import psycopg2

from .errors import ConfigurationError
from .grants import Role, examine
from .settings import parsable

CONNECT_TIMEOUT_S = 10


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m datasette_postgresql", description=__doc__)
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="what the role of a DSN may do that it shouldn't, and the SQL against it")
    check.add_argument("dsn", metavar="DSN", help="libpq's connection string or URL, for the role that Datasette uses")
    check.add_argument("--temporary", action="store_true", help="temporary tables are wanted (for other plugins' statements)")
    given = parser.parse_args(arguments)
    try:
        role = _examined(given.dsn, temporary=given.temporary)
    except (ConfigurationError, psycopg2.Error) as error:
        print(f"The database can't be asked: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print("\n".join(_script(role)) if role.findings else f"There is nothing to do for the role {_on_a_line(role.name)}.")
    return 1 if role.findings else 0


def _examined(dsn: str, *, temporary: bool) -> Role:
    connection = psycopg2.connect(parsable("The DSN must be ", dsn), connect_timeout=CONNECT_TIMEOUT_S)
    try:
        connection.set_session(readonly=True)
        with connection.cursor() as cursor:

            def ask(sql: str) -> list[tuple[Any, ...]]:
                cursor.execute(sql)
                return cursor.fetchall()

            return examine(ask, temporary=temporary)
    finally:
        connection.close()


def _script(role: Role) -> Iterator[str]:
    yield f"-- For an administrator, in the database {_on_a_line(role.database)}: what the role {_on_a_line(role.name)} may do"
    yield "-- that a reader shouldn't. What comes from public, everybody loses but superusers and owners."
    for finding in role.findings:
        yield f"\n-- It {_on_a_line(finding.what)}."
        yield from (f"{statement};" for statement in finding.remedies)


def _on_a_line(text: str) -> str:
    """Names can have line breaks, and what follows one wouldn't be a comment any more."""
    return "".join(character if character.isprintable() else " " for character in text)


if __name__ == "__main__":
    sys.exit(main())
