"""What a load did, gathered over its files and printed at its end. Parses nothing, opens nothing."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from loader.ingest.errors import IngestError
from loader.ingest.outcome import Counts


@dataclass
class Summary:
    """Rows by table and fate, and the sentences of the refused files."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    missing: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: list[IngestError] = field(default_factory=list)

    def add(self, counts: Sequence[Counts]) -> None:
        for count in counts:
            fates = self.counts.setdefault(count.table, {})
            for fate in ("new", "known", "kept", "replaced", "filled"):
                fates[fate] = fates.get(fate, 0) + int(getattr(count, fate))
            for column, rows in count.missing.items():
                self.missing[count.table, column] = self.missing.get((count.table, column), 0) + rows

    @property
    def changed_tables(self) -> list[str]:
        return [table for table, fates in self.counts.items() if fates["new"] or fates["replaced"] or fates["filled"]]

    @property
    def outcome(self) -> str:
        return "refused" if self.refused else "done"

    @property
    def why(self) -> str | None:
        """The first refusal."""
        others = f" (and {len(self.refused) - 1} more)" if len(self.refused) > 1 else ""
        return f"{self.refused[0]}{others}" if self.refused else None

    def report(self, run: int | None) -> None:
        """Refusals to the standard error, the counts to the standard output. Exits with 1 if anything was refused."""
        for error in self.refused:
            click.echo(f"Refused: {error}", err=True)
        width = max([len(table) for table in self.counts], default=0)
        for table, fates in self.counts.items():
            rare = "".join(f"  {fates[fate]:>12,} {fate}" for fate in ("kept", "replaced", "filled") if fates[fate])
            click.echo(f"{table:<{width}}  {fates['new']:>12,} new  {fates['known']:>12,} known{rare}")
        for (table, column), rows in self.missing.items():
            click.echo(f"{rows:,} rows of {table} name a {column} that isn't loaded yet; `check references` shows them.")
        if not self.changed_tables:
            click.echo("Nothing new.")
        click.echo(f"Refused files: {len(self.refused)}")
        if run is not None:
            click.echo(f"Run: {run}")
        if self.refused:
            sys.exit(1)


@contextmanager
def progress(length: int | None, label: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing in a log."""
    if not sys.stderr.isatty() or length is None:
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda: bar.update(1)
