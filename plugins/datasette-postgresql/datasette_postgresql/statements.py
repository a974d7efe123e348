"""How a statement is sent: as a cursor over one statement for SQL a person typed, or directly for SQL the plugin made.

A typed statement arrives as a literal inside `do`, which opens a cursor for it: the server itself refuses a second statement,
`commit` and everything without rows. Rows past the limit are never made. Cursors never use parallel workers, though: what
isn't typed goes directly. Both are READ ONLY and rolled back.
"""

from collections.abc import Sequence
from typing import Any

import psycopg2

from .errors import PostgresError
from .lexer import checked, quoted
from .session import Answer, Session

CURSOR = "datasette_rows"


def ask_directly(session: Session, sql: str, *, time_limit_ms: int, max_bytes: int) -> Answer:
    """Only for SQL of the plugin's or of another plugin's own."""
    begin = f"begin transaction read only; set local statement_timeout = {int(time_limit_ms)}; "
    return session.ask(begin + checked(sql), time_limit_ms=time_limit_ms, max_bytes=max_bytes, offset=len(begin))


def ask_as_cursor(session: Session, sqls: Sequence[str], *, time_limit_ms: int, max_bytes: int, max_rows: int | None) -> Answer:
    """Each statement but the last by `execute`, the last one's rows. Several may fill temporary tables: not READ ONLY then."""
    *before, last = [checked(sql) for sql in sqls]
    mode = "read write" if before else "read only"
    fetch = "all" if max_rows is None else f"forward {int(max_rows)}"
    message = "; ".join(
        [
            f"begin transaction {mode}",
            f"set local statement_timeout = {int(time_limit_ms)}",
            *(_do(f"begin execute {quoted(sql)}; end") for sql in before),
            _do(f"declare c refcursor := '{CURSOR}'; begin open c no scroll for execute {quoted(last)}; end"),
            f"fetch {fetch} from {CURSOR}",
        ]
    )
    return session.ask(message, time_limit_ms=time_limit_ms, max_bytes=max_bytes)


def opened(sql: str, *, time_limit_ms: int) -> str:
    """The beginning of a message: CURSOR is open over one statement in a READ ONLY transaction; a `fetch` follows."""
    open_ = _do(f"declare c refcursor := '{CURSOR}'; begin open c no scroll for execute {quoted(checked(sql))}; end")
    return f"begin transaction read only; set local statement_timeout = {int(time_limit_ms)}; {open_}; "


def interpolated(session: Session, query: str, params: Any) -> str:
    """psycopg2's placeholders; a bare % is fine where there are no parameters."""
    if not params:
        return query
    try:
        return session.mogrify(query, params)
    except (psycopg2.Error, KeyError, IndexError, TypeError, ValueError) as error:
        raise PostgresError(f"The parameters don't fit the statement: {error}") from error


def _do(body: str) -> str:
    return f"do {quoted(body)}"
