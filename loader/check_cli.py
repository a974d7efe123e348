"""`python -m loader check …`: is what the database keeps true? Parses, calls, prints."""

import sys

import click

from loader.counts import mend, wrong_counts
from loader.ingest.references import dangling
from loader.session import session


@click.group()
def check() -> None:
    """Compare what the database keeps with what is true."""


@check.command("counts")
@click.option("--fix", is_flag=True, help="Right what is wrong; nobody can write to that table meanwhile.")
def check_counts(fix: bool) -> None:
    """Count the rows of every table and compare with the kept numbers. The exit status is 1 if any was wrong and is left so."""
    with session() as connection:
        found = list(wrong_counts(connection))
        for wrong in found:
            click.echo(str(wrong), err=True)
            if fix:
                click.echo(f"{wrong.table}: {mend(connection, wrong):,} rows are counted now.")
    if not found:
        click.echo("All counts are right.")
    elif not fix:
        sys.exit(1)


@check.command("references")
def check_references() -> None:
    """Find the rows that name what isn't loaded: truths without their source, answers to unknown alerts, and so on."""
    with session() as connection:
        found = list(dangling(connection))
    for each in found:
        click.echo(str(each), err=True)
    if found:
        sys.exit(1)
    click.echo("Every reference leads somewhere.")
