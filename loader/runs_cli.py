"""`python -m loader runs`, `run N`, `undo N`: what was loaded, and back. Parses, calls, prints."""

from typing import Any

import click
from psycopg2.extensions import connection as Connection

from loader.ingest.errors import NotUndone
from loader.ingest.log import mark_dead
from loader.ingest.put import analyze
from loader.ingest.undo import undo
from loader.session import session, who

LIST = """
select id, started, coalesce(extract(epoch from finished - started), 0), who, kind, outcome, coalesce(error, ''),
    (select count(*) from ingest_file where run_id = ingest_run.id)
from ingest_run
order by id desc
limit %s
"""
ONE = """
select who, kind, options, started, finished, outcome, error, undone, undone_by
from ingest_run
where id = %s
"""
FILES = """
select name, format, size, sha256, outcome, error, counts, seconds
from ingest_file
where run_id = %s
order by id
"""


@click.command("runs")
@click.option("--last", type=click.IntRange(1, 1_000_000), default=30, show_default=True, help="How many to show.")
def list_runs(last: int) -> None:
    """One load a line, the newest first."""
    with session() as connection:
        mark_dead(connection)
        rows = _rows(connection, LIST, [last])
    for run, started, seconds, name, kind, outcome, error, files in rows:
        click.echo(
            f"{run:>6}  {started:%Y-%m-%d %H:%M:%S}  {seconds:>8.1f} s  {outcome:<11}  {kind:<12}  {files:>5} files  {name}"
            + (f"  {error}" if error else "")
        )
    if not rows:
        click.echo("Nothing was ever loaded.")


@click.command("run")
@click.argument("number", type=int)
def show_run(number: int) -> None:
    """All of one load: its files with size and SHA-256, and what came of their rows."""
    with session() as connection:
        mark_dead(connection)
        found = _rows(connection, ONE, [number])
        files = _rows(connection, FILES, [number])
    if not found:
        raise NotUndone(f"There is no run {number}; `runs` shows them.")
    name, kind, options, started, finished, outcome, error, undone, undone_by = found[0]
    click.echo(f"Run {number}: {kind} by {name}, {outcome}" + (f" ({error})" if error else ""))
    took = f", took {(finished - started).total_seconds():.1f} s" if finished else ""
    click.echo(f"Started {started:%Y-%m-%d %H:%M:%S}{took}")
    if undone:
        click.echo(f"Undone {undone:%Y-%m-%d %H:%M:%S} by {undone_by}")
    click.echo("Options: " + (", ".join(f"{key} = {value}" for key, value in options.items() if value is not None) or "none"))
    for path, file_format, size, sha256, came, why, counts, seconds in files:
        click.echo(f"\n{path}\n  {file_format}, {size if size is not None else '?'} bytes, {came}, {seconds or 0:.2f} s")
        if sha256:
            click.echo(f"  sha256 {sha256}")
        if why:
            click.echo(f"  {why}")
        for table, fates in counts.items():
            said = ", ".join(f"{rows:,} {fate}" for fate, rows in fates.items() if fate != "missing") or "nothing"
            click.echo(f"  {table}: {said}")


@click.command("undo")
@click.argument("number", type=int)
def undo_run(number: int) -> None:
    """Take back exactly what run NUMBER added and changed, if nothing later builds on it."""
    with session() as connection:
        mark_dead(connection)
        undone = undo(connection, number, who())
        analyze(connection, [table for table, rows in undone.removed.items() if rows])
    for table, rows in undone.removed.items():
        click.echo(f"{table}  {rows:,} removed")
    for table, rows in undone.restored.items():
        click.echo(f"{table}  {rows:,} restored")
    click.echo(f"Run {number} is undone.")


def _rows(connection: Connection, question: str, parameters: list[int]) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return cursor.fetchall()
