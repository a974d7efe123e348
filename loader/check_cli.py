"""`python -m loader check …`: is what the database keeps true? Parses, calls, prints."""

import sys

import click

from loader import histograms
from loader.counts import mend, wrong_counts
from loader.ingest.references import dangling
from loader.session import session


@click.group()
def check() -> None:
    """Compare what the database keeps with what is true."""


@check.command("counts")
@click.option("--fix", is_flag=True, help="Right what is wrong; nobody can write to that table meanwhile.")
def check_counts(fix: bool) -> None:
    """Count every table's rows again, and the home page's histograms, and compare with what is kept.

    The exit status is 1 if anything was wrong and is left so.
    """
    with session() as connection:
        counts = list(wrong_counts(connection))
        for wrong in counts:
            click.echo(str(wrong), err=True)
            if fix:
                click.echo(f"{wrong.table}: {mend(connection, wrong):,} rows are counted now.")
        bins = list(histograms.wrong_histograms(connection))
        for wrong_bins in bins:
            click.echo(str(wrong_bins), err=True)
            if fix:
                n_bins = histograms.mend(connection, wrong_bins.histogram)
                click.echo(f"{wrong_bins.histogram.name}: {n_bins:,} bins are kept now.")
    if not (counts or bins):
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
