"""A step of `init`: a question to the database, and the statements that make its answer yes. Done steps are left alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection

from loader.errors import InitFailed


@dataclass(frozen=True)
class Step:
    """`what` is said when it was done; `is_done` is an SQL condition. Only a needed step stops `init` when refused."""

    what: str
    is_done: sql.Composable
    statements: tuple[sql.Composable, ...]
    is_needed: bool = True


@dataclass(frozen=True)
class Outcome:
    """`refused` is the server's word where the step could not be done, and `statements` what an administrator would run."""

    what: str
    refused: str | None = None
    statements: tuple[str, ...] = ()


def connect(url: str) -> Connection:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    return connection


def do(connection: Connection, step: Step) -> Iterator[Outcome]:
    if holds(connection, step.is_done):
        return
    refused = None
    try:
        with connection.cursor() as cursor:
            for statement in step.statements:
                cursor.execute(statement)
    except errors.InsufficientPrivilege as error:
        refused = words(error)
    except psycopg2.Error as error:
        raise InitFailed(step.what, words(error)) from error
    if refused is None and not holds(connection, step.is_done):
        refused = "the administrator's role may not"  # REVOKE without the right to it only warns
    if refused and step.is_needed:
        raise InitFailed(step.what, refused)
    yield Outcome(step.what, refused, tuple(statement.as_string(connection) for statement in step.statements))


def holds(connection: Connection, question: sql.Composable) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select {}").format(question))
        row = cursor.fetchone()
    return bool(row and row[0])


def first_column(connection: Connection, query: str, parameters: Mapping[str, object] | None = None) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [row[0] for row in cursor.fetchall()]


def condition(text: str, **values: str | int) -> sql.Composed:
    return sql.SQL(text).format(**{name: sql.Literal(value) for name, value in values.items()})


def words(error: psycopg2.Error) -> str:
    return " ".join(str(error).split())
