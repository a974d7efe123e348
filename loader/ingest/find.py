"""Which files a load means: what is named, and in folders, however deep, what has the right ending."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from loader.ingest.errors import IngestError, NoFiles, UnreadableFile
from loader.ingest.source import STDIN

AVRO = (".avro", ".avro.gz", ".tar", ".tar.gz", ".tgz")
CSV = (".csv", ".csv.gz")
DUMP = (".dump", ".dump.gz")
PARQUET = (".parquet",)


def find_files(paths: Sequence[Path], endings: Sequence[str]) -> Iterator[Path | IngestError]:
    """Files in the order of their names, each once; an error for a path that isn't there, or a folder with nothing in it."""
    seen: set[Path] = set()
    for path in paths:
        for found in _of(path, endings):
            if isinstance(found, IngestError) or found == STDIN:
                yield found
            elif found.resolve() not in seen:
                seen.add(found.resolve())
                yield found


def _of(path: Path, endings: Sequence[str]) -> Iterator[Path | IngestError]:
    if path == STDIN:
        yield path
    elif path.is_dir():
        errors: list[OSError] = []
        n_found = 0
        for folder, folders, names in os.walk(path, onerror=errors.append):
            folders.sort()
            for name in sorted(names):
                if name.lower().endswith(tuple(endings)):
                    n_found += 1
                    yield _file(Path(folder) / name)
        for error in errors:
            yield UnreadableFile(f"can't be looked into: {error.strerror}", file=str(error.filename))
        if not n_found and not errors:
            yield NoFiles(f"no file that ends with {', '.join(endings)}", file=path)
    else:
        yield _file(path)


def _file(path: Path) -> Path | IngestError:
    """A pipe would be waited for, and a link may lead nowhere."""
    if path.is_file():
        return path
    return UnreadableFile("neither a file nor a folder" if path.exists() else "no such file", file=path)
