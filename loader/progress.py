"""How far a load is, for whoever looks at it from outside: a small file of JSON, written anew twice a second.

    {"run": 17, "files": 3, "files_done": 1, "bytes": 52000, "bytes_done": 31000}

`bytes` are those of all files as they lie there; a reader that doesn't count as it goes is seen when its file is done.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from loader.ingest.errors import IngestError
from loader.ingest.jobs import Job
from loader.ingest.log import Run
from loader.ingest.source import STDIN

EVERY_SECONDS = 0.5


class Progress:
    def __init__(self, path: Path, run: Run, found: Sequence[Job | IngestError]) -> None:
        self._path, self._run = path, run
        self._sizes = [_size(each) for each in found]
        self._done = 0
        self._draft = path.with_name(f".{path.name}.draft")

    def step(self) -> None:
        self._done += 1

    def write(self) -> None:
        finished, total = sum(self._sizes[: self._done]), sum(self._sizes)
        record = self._run.current
        going = sum(source.size for source in record.sources) if record and self._done < len(self._sizes) else 0
        said = {
            "run": self._run.id,
            "files": len(self._sizes),
            "files_done": self._done,
            "bytes": total,
            "bytes_done": min(total, finished + going),
        }
        with suppress(OSError):  # a load doesn't fail for it
            self._draft.write_text(json.dumps(said))
            os.replace(self._draft, self._path)


@contextmanager
def told(path: Path | None, run: Run, found: Sequence[Job | IngestError]) -> Iterator[Callable[[], None]]:
    """Yields what is to be called after each job."""
    if path is None:
        yield lambda: None
        return
    progress, over = Progress(path, run, found), threading.Event()

    def keep_telling() -> None:
        progress.write()
        while not over.wait(EVERY_SECONDS):
            progress.write()

    teller = threading.Thread(target=keep_telling, daemon=True)
    teller.start()
    try:
        yield progress.step
    finally:
        over.set()
        teller.join()
        progress.write()


def _size(job: Job | IngestError) -> int:
    if isinstance(job, IngestError):
        return 0
    with suppress(OSError):
        return sum(file.stat().st_size for file in job.files if file != STDIN)
    return 0
