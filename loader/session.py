"""A connection of the loader, as the tables' owner, and the name of whoever uses it."""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress

import psycopg2
from psycopg2.extensions import connection as Connection
from server.embedded import connect
from server.settings import Settings

from loader.errors import NotInitialised
from loader.interrupts import interruptible

# A loader that was killed isn't missed by its statement, which would go on to its end, and hold its locks as long.
LOOK_FOR_US = "set client_connection_check_interval = '2s'"

IS_INITIALISED = "select to_regclass('elasticc_brokerclassification') is not null and to_regclass('ingest_message') is not null"


@contextmanager
def session(*, ends_at_signals: bool = True) -> Iterator[Connection]:
    """Raises NotInitialised where `init` was never run, or not since the tables last changed."""
    with (
        connect(Settings.from_env()) as admin_url,
        closing(open_connection(admin_url)) as connection,
        interruptible(connection) if ends_at_signals else nullcontext(),
    ):
        yield connection


def open_connection(admin_url: str) -> Connection:
    try:
        connection = psycopg2.connect(admin_url, options="-c role=elasticc_owner")
    except psycopg2.OperationalError as error:
        raise NotInitialised from error
    with suppress(psycopg2.errors.InvalidParameterValue), connection, connection.cursor() as cursor:
        cursor.execute(LOOK_FOR_US)  # a server on Windows can't
    with connection, connection.cursor() as cursor:
        cursor.execute(IS_INITIALISED)
        if cursor.fetchone() != (True,):
            connection.close()
            raise NotInitialised
    return connection


def who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
