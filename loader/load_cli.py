"""`python -m loader load …`: files or the demo sample into the database, then a summary. Parses, calls, prints."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import click
from psycopg2.extensions import connection as Connection

from loader.ingest import demo, jobs, log, undemo
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError, NoFiles
from loader.ingest.put import analyze, put
from loader.ingest.schemas import VERSIONS, Version
from loader.ingest.source import STDIN
from loader.ingest.staging import table_columns
from loader.ingest.tables import SHORT_NAMES
from loader.progress import told
from loader.session import session, who
from loader.summary import Summary, progress

Decorated = Callable[..., Any]


def _files(function: Decorated) -> Decorated:
    paths = click.argument("paths", metavar="PATH…", nargs=-1, required=True, type=click.Path(path_type=Path))
    on_conflict = click.option(
        "--on-conflict",
        type=click.Choice([policy.value for policy in Policy]),
        default=Policy.REFUSE.value,
        show_default=True,
        help="What to do with a known key that has other values: refuse the file, keep the old values, replace them, "
        "or fill nulls only.",
    )
    return paths(on_conflict(function))


def _schema(function: Decorated) -> Decorated:
    option = click.option(
        "--schema",
        type=click.Choice(VERSIONS),
        default="v0_9",
        show_default=True,
        help="Version of packets that don't bring their schema.",
    )
    return option(function)


@click.group()
@click.option("--progress", "progress_file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="Keep FILE telling how far it is, as JSON: run, files, files_done, bytes, bytes_done.")  # fmt: skip
@click.pass_context
def load(context: click.Context, progress_file: Path | None) -> None:
    """Put files into the database; loading a file twice changes nothing.

    A file is loaded whole or not at all; a refused file doesn't keep the others out, but makes the exit status 1.
    """
    context.obj = progress_file


@load.command("snana")
@_files
@click.option("--sim-version", default=None, help="diaobject's simVersion; the files don't say it.")
def load_snana(paths: tuple[Path, ...], on_conflict: str, sim_version: str | None) -> None:
    """Load SNANA simulations: the HEAD and PHOT pairs and the DUMP files of each folder PATH and its folders."""
    folders = [path for path in paths if path.is_dir()]
    wrong: list[jobs.Job | IngestError] = [NoFiles("no folder", file=path) for path in paths if not path.is_dir()]
    found = list(jobs.snana_jobs(folders, sim_version)) if folders else []
    if folders and not found:
        wrong.append(NoFiles("no SNANA files (*_HEAD.FITS.gz, *_PHOT.FITS.gz, *.DUMP)", file=folders[0]))
    _load("snana", [*wrong, *found], on_conflict, {"sim_version": sim_version})


@load.command("alerts")
@_files
@_schema
def load_alerts(paths: tuple[Path, ...], on_conflict: str, schema: str) -> None:
    """Load alerts: Avro containers or packets without a schema, gzipped or not, in tars or folders; - is standard input."""
    found = list(jobs.packet_jobs(paths, "alert", cast(Version, schema)))
    _load("alerts", found, on_conflict, {"schema": schema})


@load.command("broker")
@_files
@_schema
def load_broker(paths: tuple[Path, ...], on_conflict: str, schema: str) -> None:
    """Load brokers' classification messages; read as alerts are. A message that is known already changes nothing."""
    found = list(jobs.packet_jobs(paths, "broker", cast(Version, schema)))
    _load("broker", found, on_conflict, {"schema": schema})


@load.command("object-truth")
@_files
def load_object_truth(paths: tuple[Path, ...], on_conflict: str) -> None:
    """Load the truth of objects: SNANA's DUMP, or CSV with the same columns, gzipped or not; - is a DUMP."""
    _load("object-truth", list(jobs.object_truth_jobs(paths)), on_conflict, {})


@load.command("source-truth")
@_files
def load_source_truth(paths: tuple[Path, ...], on_conflict: str) -> None:
    """Load the truth of photometry points: CSV, gzipped or not; - is standard input."""
    _load("source-truth", list(jobs.source_truth_jobs(paths)), on_conflict, {})


@load.command("table")
@click.argument("name", type=click.Choice(sorted(SHORT_NAMES)))
@_files
def load_table(name: str, paths: tuple[Path, ...], on_conflict: str) -> None:
    """Load CSV (gzipped or not) or Parquet whose columns are those of the table NAME; - is CSV from standard input."""
    table = SHORT_NAMES[name]
    with session() as connection:
        with connection, connection.cursor() as cursor:
            types = {column: kind for column, (kind, _) in table_columns(cursor, table).items()}
        found = list(jobs.table_jobs(paths, table, types))
        _load_jobs(connection, f"table {name}", found, on_conflict, {})


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
        options: dict[str, object] = {"objects": n_objects, "seed": seed}
        with (
            log.run(connection, who(), "demo", options) as run,
            progress(demo.count_batches(n_objects), "Groups") as step,
        ):
            for batch in demo.batches(n_objects=n_objects, seed=seed):
                summary.add(put(connection, batch, record=run.file([], "demo sample")))
                step()
            run.end(summary.outcome)
        analyze(connection, summary.changed_tables)
    summary.report(run.id)


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


def _load(kind: str, found: Iterable[jobs.Job | IngestError], on_conflict: str, options: dict[str, object]) -> None:
    with session() as connection:
        _load_jobs(connection, kind, list(found), on_conflict, options)


def _load_jobs(
    connection: Connection, kind: str, found: list[jobs.Job | IngestError], on_conflict: str, options: dict[str, object]
) -> None:
    if sum(isinstance(job, jobs.Job) and STDIN in job.files for job in found) > 1:
        raise click.UsageError("Standard input can be read once.")
    summary = Summary()
    options = {**options, "on_conflict": on_conflict}
    with (
        log.run(connection, who(), kind, options) as run,
        progress(len(found), "Files") as step,
        told(click.get_current_context().obj, run, found) as tell,
    ):
        for job in found:
            for came in jobs.load(connection, run, job, Policy(on_conflict)) if isinstance(job, jobs.Job) else [job]:
                if isinstance(came, IngestError):
                    summary.refused.append(came)
                else:
                    summary.add(came)
            step()
            tell()
        run.end(summary.outcome, summary.why)
    analyze(connection, summary.changed_tables)
    summary.report(run.id)
