"""What can be wrong with a file. Each error refuses the whole file and says which row and why.

LoaderError (loader.errors)
├── IngestError             file, row, reason
│   ├── UnreadableFile      truncated, corrupt, not the format its name says
│   ├── MissingPartner      a PHOT without its HEAD, or the reverse
│   ├── UnknownColumn       a column that nobody told us the meaning of
│   ├── MissingColumn       a column that a table needs
│   ├── BadRow              values that break a rule of the format
│   ├── RepeatedKey         a key that stands twice in one file
│   ├── UnknownReference    a row that points to an object that is not in the database
│   ├── ConflictingValue    a known key with another value: table, key, column, old, new
│   ├── RefusedByDatabase   PostgreSQL's own words
│   └── NoFiles             a folder with nothing to load
├── StreamFailed            Kafka can't be used
├── NotUndone               a run that can't be taken back, and why
└── DatabaseFailed          no file is to blame: the load stops
"""

from pathlib import Path

from loader.errors import LoaderError

MOST_REASON = 2000  # characters


class IngestError(LoaderError):
    """A refused file. `row` counts from 1 in the file's own table, None when no single row is to blame."""

    def __init__(self, reason: str, *, file: Path | str | None = None, row: int | None = None) -> None:
        self.file = file
        self.row = row
        self.reason = reason = printable(" ".join(reason.split())[:MOST_REASON])  # what a file says may be in it
        place = printable(str(file)) if file is not None else "the demo sample"
        super().__init__(f"{place}, row {row}: {reason}" if row is not None else f"{place}: {reason}")


def printable(text: str) -> str:
    """Without what a terminal obeys or the database can't keep: a name on disk is bytes, and a file may hold anything."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class UnreadableFile(IngestError):
    pass


class MissingPartner(IngestError):
    pass


class UnknownColumn(IngestError):
    pass


class MissingColumn(IngestError):
    pass


class BadRow(IngestError):
    pass


class RepeatedKey(IngestError):
    pass


class UnknownReference(IngestError):
    pass


class RefusedByDatabase(IngestError):
    pass


class NoFiles(IngestError):
    pass


class ConflictingValue(IngestError):
    """The database holds another value for a known key."""

    def __init__(
        self, *, table: str, key: str, column: str, old: object, new: object, file: Path | str | None, row: int | None
    ) -> None:
        self.table = table
        self.key = key
        self.column = column
        self.old = old
        self.new = new
        super().__init__(
            f"{table} {key} is known with {column} = {_show(old)}, and the file says {_show(new)}", file=file, row=row
        )


def _show(value: object) -> str:
    return "null" if value is None else str(value)


class StreamFailed(LoaderError):
    pass


class NotUndone(LoaderError):
    """A run that isn't there, isn't over, or that something later builds on."""


class DatabaseFailed(LoaderError):
    """The server went away, refused us, or ran out of something."""
