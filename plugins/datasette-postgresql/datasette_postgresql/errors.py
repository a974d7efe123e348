"""What can go wrong between Datasette and PostgreSQL, in the words Datasette's core catches.

PostgresError(sqlite3.OperationalError)    the server, or this plugin, refused a statement
    Unavailable                            not now: a page says so with status 503
        ConnectionLost                     the server went away, or can't be reached; nothing was received
            Unreached                      and nothing was asked either
        Busy                               too many questions wait, or too much is held in memory
    Gone                                   whoever asked has left; nobody sees it
    ResultTooLarge                         the result passed max_bytes
    TimeLimitReached                       the time limit passed; callers of the database see QueryInterrupted instead
    WriteRefused                           somebody asked for execute_write
ConfigurationError(StartupError)           a setting, or the role, stops the start
"""

import sqlite3

import click
import psycopg2
from datasette.utils import StartupError

CANCELLED = "57014"
LOST = ("08", "57P")  # classes of SQLSTATE after which the connection is of no use
STALE_NAMES = ("42P01", "42703", "42501")  # undefined table, undefined column, no privilege: the catalogue may be old
EXCERPT = 60  # libpq's DISPLAY_SIZE: how much of the offending line is shown
RIGHT = 10  # libpq's MIN_RIGHT_CUT


class PostgresError(sqlite3.OperationalError):
    """`message` is PostgreSQL's full text with its LINE and caret; `sqlstate` is None for what never reached the server."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate


class Unavailable(PostgresError):
    """It may work in a moment, and nothing was wrong with the question."""


class ConnectionLost(Unavailable):
    """The server closed the connection, or can't be reached; `detail` is for the log: it has addresses in it."""

    def __init__(self, detail: str, sqlstate: str | None = None) -> None:
        super().__init__("The database can't be reached at the moment.", sqlstate)
        self.detail = detail


class Unreached(ConnectionLost):
    """There was no connection to ask over."""


class Busy(Unavailable):
    """There is no room for the question, or none for its answer."""

    def __init__(self, message: str = "Too many questions are waiting for the database. Please try again later.") -> None:
        super().__init__(message, "53300")


class Gone(PostgresError):
    """Whoever asked has left."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for the answer any more.", CANCELLED)


class ResultTooLarge(PostgresError):
    """More bytes arrived than max_bytes allows."""


class TimeLimitReached(PostgresError):
    """statement_timeout on the server, or our own deadline a little later."""


class WriteRefused(PostgresError):
    """PostgreSQL databases are read only here."""

    def __init__(self) -> None:
        super().__init__("This PostgreSQL database is read-only: Datasette can't write to it.")


class ConfigurationError(StartupError, click.ClickException):  # type: ignore[misc]  # datasette has no types
    """One sentence that says what to change. It is click's, too, so that Datasette's command shows it without a traceback."""


def translate(error: psycopg2.Error, *, offset: int = 0) -> PostgresError:
    """`offset` is how many characters of the message stand before the caller's SQL."""
    sqlstate = error.pgcode
    message = _full_text(error, offset)
    if sqlstate == CANCELLED:
        return TimeLimitReached(message, sqlstate)
    if is_lost(error):
        return ConnectionLost(message, sqlstate)
    return PostgresError(message, sqlstate)


def is_lost(error: psycopg2.Error) -> bool:
    """A lost connection has an SQLSTATE only where the server could still say good-bye."""
    if error.pgcode is None:
        return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
    return error.pgcode != CANCELLED and error.pgcode.startswith(LOST)


def _full_text(error: psycopg2.Error, offset: int) -> str:
    """As libpq writes it, but with positions counted from the start of the caller's SQL."""
    diagnosis = error.diag
    if diagnosis.message_primary is None:
        return str(error).strip() or type(error).__name__
    lines = [diagnosis.message_primary]
    if diagnosis.internal_position and diagnosis.internal_query:
        lines += _excerpt(diagnosis.internal_query, int(diagnosis.internal_position) - 1)
    elif diagnosis.statement_position and error.cursor is not None and isinstance(error.cursor.query, bytes):
        sql = error.cursor.query.decode("utf-8", "replace")[offset:]
        lines += _excerpt(sql, int(diagnosis.statement_position) - 1 - offset)
    lines += [f"DETAIL:  {diagnosis.message_detail}"] if diagnosis.message_detail else []
    lines += [f"HINT:  {diagnosis.message_hint}"] if diagnosis.message_hint else []
    return "\n".join(lines)


def _excerpt(sql: str, position: int) -> list[str]:
    """The line at `position` and a caret under it, cut as libpq cuts long lines."""
    if not 0 <= position <= len(sql):
        return []
    before = sql[:position].splitlines() or [""]
    if sql[:position].endswith("\n"):
        before.append("")
    number, column = len(before), len(before[-1])
    line = (sql.splitlines() or [""])[number - 1] if number <= len(sql.splitlines()) else ""
    start, end = 0, len(line)
    if len(line) > EXCERPT:
        end = min(len(line), max(EXCERPT, column + RIGHT))
        start = max(0, end - EXCERPT)
    label = f"LINE {number}: " + ("..." if start else "")
    text = line[start:end].replace("\t", " ")
    return [f"{label}{text}{'...' if end < len(line) else ''}", " " * (len(label) + column - start) + "^"]
