"""`python -m loader load …`: files or the demo sample into the database, then a summary. Parses, calls, prints."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click
import psycopg2
from psycopg2.extensions import connection as Connection
from server.embedded import connect
from server.settings import Settings

from loader.errors import NotInitialised
from loader.ingest import demo, snana, undemo
from loader.ingest.dump import read_dump
from loader.ingest.errors import IngestError, NoFiles
from loader.ingest.put import Counts, analyze, put
from loader.ingest.rows import Rows


@dataclass
class Summary:
    """What happened: rows by table, and the sentences of the refused files."""

    new: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    refused: list[IngestError] = field(default_factory=list)

    def add(self, counts: Sequence[Counts]) -> None:
        for count in counts:
            self.new[count.table] = self.new.get(count.table, 0) + count.new
            self.known[count.table] = self.known.get(count.table, 0) + count.known

    @property
    def changed_tables(self) -> list[str]:
        return [table for table, rows in self.new.items() if rows]


@click.group()
def load() -> None:
    """Put files into the database; loading a file twice changes nothing."""


@load.command("snana")
@click.argument(
    "folders", metavar="DIR…", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--sim-version", default=None, help="diaobject's simVersion; the files don't say it.")
def load_snana(folders: tuple[Path, ...], sim_version: str | None) -> None:
    """Load SNANA simulations: the HEAD and PHOT pairs and the DUMP files of each DIR and its folders.

    A pair is loaded whole or not at all; a refused file doesn't keep the others out, but makes the exit status 1.
    """
    summary = Summary()
    found = snana.find(folders)
    summary.refused.extend(found.halves)
    if not (found.pairs or found.dumps or found.halves):
        summary.refused.append(NoFiles("no SNANA files (*_HEAD.FITS.gz, *_PHOT.FITS.gz, *.DUMP)", file=folders[0]))
    with session() as connection:
        with _progress(len(found.pairs) + len(found.dumps), "Files") as step:
            for pair in found.pairs:
                _load_file(connection, summary, partial(snana.read_pair, pair, sim_version=sim_version))
                step()
            for file in found.dumps:  # after every pair: truths refer to objects
                _load_file(connection, summary, partial(_read_dump, file))
                step()
        analyze(connection, summary.changed_tables)
    _report(summary)


@load.command("demo")
@click.option("--objects", "n_objects", type=click.IntRange(1, demo.MOST_OBJECTS), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(0, demo.MOST_SEED), default=1, show_default=True)
@click.option("--unless-others", is_flag=True, help="Load nothing where there are objects that no sample brought.")
def load_demo(n_objects: int, seed: int, unless_others: bool) -> None:
    """Load a synthetic sample: the same rows for the same seed, in a range of ids that no simulation has."""
    summary = Summary()
    with session() as connection:
        if unless_others and undemo.has_other_objects(connection):
            click.echo("There are objects of other origin: the sample stays out.")
            return
        with _progress(demo.count_batches(n_objects), "Groups") as step:
            for batch in demo.batches(n_objects=n_objects, seed=seed):
                _load_file(connection, summary, partial(list, batch))
                step()
        analyze(connection, summary.changed_tables)
    _report(summary)


@click.command("unload-demo")
def unload_demo() -> None:
    """Take every row of every demo sample out again; nothing else changes."""
    with session() as connection:
        removed = undemo.remove(connection)
        analyze(connection, [table for table, rows in removed.items() if rows])
    if not any(removed.values()):
        click.echo("No sample was loaded.")
        return
    for table, rows in removed.items():
        click.echo(f"{table:<{max(map(len, removed))}}  {rows:>12,} removed")


def _read_dump(file: Path) -> list[Rows]:
    return [read_dump(file)]


def _load_file(connection: Connection, summary: Summary, read: Callable[[], Sequence[Rows]]) -> None:
    try:
        summary.add(put(connection, read()))
    except IngestError as error:
        summary.refused.append(error)


@contextmanager
def session() -> Iterator[Connection]:
    """A connection as the tables' owner. Raises NotInitialised where `init` was never run."""
    with connect(Settings.from_env()) as admin_url:
        try:
            connection = psycopg2.connect(admin_url, options="-c role=elasticc_owner")
        except psycopg2.OperationalError as error:
            raise NotInitialised from error
        with closing(connection):
            with connection, connection.cursor() as cursor:
                cursor.execute("select to_regclass('elasticc_brokerclassification')")
                if cursor.fetchone() == (None,):
                    raise NotInitialised
            yield connection


@contextmanager
def _progress(length: int, label: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda: bar.update(1)


def _report(summary: Summary) -> None:
    """Refusals to the standard error, the counts to the standard output. Exits with 1 if anything was refused."""
    for error in summary.refused:
        click.echo(f"Refused: {error}", err=True)
    width = max([len(table) for table in summary.new], default=0)
    for table, new in summary.new.items():
        click.echo(f"{table:<{width}}  {new:>12,} new  {summary.known[table]:>12,} known")
    if not summary.changed_tables:
        click.echo("Nothing new.")
    click.echo(f"Refused files: {len(summary.refused)}")
    if summary.refused:
        sys.exit(1)
