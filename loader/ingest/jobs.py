"""A job is what one transaction loads: a file, a pair, or many single packets of a folder; and how each is put in.

Packets in files of their own go in by hundreds, as a transaction each would take longer than its rows; where one of
them is refused they are tried one by one, so that it keeps nobody else out.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from psycopg2.extensions import connection as Connection

from loader.ingest import find, snana
from loader.ingest.alerts import read_alerts
from loader.ingest.compare import Policy
from loader.ingest.errors import IngestError, printable
from loader.ingest.log import Run
from loader.ingest.messages import read_messages
from loader.ingest.outcome import Counts
from loader.ingest.packets import MAGIC, Packet, packets
from loader.ingest.put import put
from loader.ingest.rows import Batch
from loader.ingest.schemas import Kind, Version
from loader.ingest.source import Source, open_source
from loader.ingest.tabular import read_csv, read_parquet
from loader.ingest.truth import read_object_truth, read_source_truth

GROUP = 500
SMALL = 1 << 20

Reader = Callable[[Sequence[Source]], Iterable[Batch]]


@dataclass(frozen=True)
class Job:
    """`read` gets a source for each of `files`, unread."""

    files: tuple[Path, ...]
    format: str
    read: Reader
    can_split: bool = False


Jobs = Iterator[Job | IngestError]


def load(connection: Connection, run: Run, job: Job, policy: Policy) -> Iterator[list[Counts] | IngestError]:
    """Put the job's rows in and say what came of it; a refusal is kept in the run."""
    with ExitStack() as stack:
        record = run.file([], job.format)
        try:
            record.sources = [stack.enter_context(open_source(file)) for file in job.files]
            yield put(connection, job.read(record.sources), policy=policy, record=record)
            return
        except IngestError as error:
            if not (job.can_split and len(job.files) > 1):
                record.sources = record.sources or [Source(printable(str(file)), io.BytesIO()) for file in job.files]
                run.refused(record, error)
                yield error
                return
    for file in job.files:
        yield from load(connection, run, Job((file,), job.format, job.read), policy)


def packet_jobs(paths: Sequence[Path], kind: Kind, version: Version) -> Jobs:
    """Alerts or brokers' messages."""

    def read(sources: Sequence[Source]) -> Iterable[Batch]:
        records = _packets(sources, kind, version)
        return read_alerts(records, sources[0].name) if kind == "alert" else read_messages(records, sources[0].name)

    group: list[Path] = []
    for found in find.find_files(paths, find.AVRO):
        if isinstance(found, IngestError):
            yield found
        elif _is_single(found):
            group.append(found)
            if len(group) == GROUP:
                yield Job(tuple(group), f"{kind} packets {version}", read, can_split=True)
                group = []
        else:
            yield Job((found,), f"{kind} Avro", read)
    if group:
        yield Job(tuple(group), f"{kind} packets {version}", read, can_split=True)


def source_truth_jobs(paths: Sequence[Path]) -> Jobs:
    yield from _each(paths, find.CSV, "source truth CSV", lambda sources, file: read_source_truth(sources[0]))


def object_truth_jobs(paths: Sequence[Path]) -> Jobs:
    endings = (*find.DUMP, *find.CSV)
    yield from _each(paths, endings, "object truth", lambda sources, file: read_object_truth(sources[0], file))


def table_jobs(paths: Sequence[Path], table: str, types: dict[str, str]) -> Jobs:
    def read(sources: Sequence[Source], file: Path) -> Iterable[Batch]:
        if file.name.lower().endswith(find.PARQUET):
            return read_parquet(file, table, types)
        return read_csv(sources[0], table, types)

    yield from _each(paths, (*find.CSV, *find.PARQUET), f"table {table}", read)


def snana_jobs(folders: Sequence[Path], sim_version: str | None) -> Jobs:
    """Pairs first: the truths of the DUMP files refer to their objects."""
    found = snana.find(folders)
    yield from found.halves
    for pair in found.pairs:
        yield Job((pair.head, pair.phot), "SNANA FITS", _pair_reader(pair, sim_version))
    yield from _each(found.dumps, (), "SNANA DUMP", lambda sources, file: read_object_truth(sources[0], file))


def _pair_reader(pair: snana.Pair, sim_version: str | None) -> Reader:
    return lambda sources: snana.read_pair(*sources, sim_version=sim_version)


def _each(
    paths: Sequence[Path], endings: Sequence[str], said: str, read: Callable[[Sequence[Source], Path], Iterable[Batch]]
) -> Jobs:
    for found in find.find_files(paths, endings):
        if isinstance(found, IngestError):
            yield found
        else:
            yield Job((found,), said, _bound(read, found))


def _bound(read: Callable[[Sequence[Source], Path], Iterable[Batch]], file: Path) -> Reader:
    return lambda sources: read(sources, file)


def _packets(sources: Sequence[Source], kind: Kind, version: Version) -> Iterator[Packet]:
    """Numbered on over all sources."""
    number = count(1)
    for source in sources:
        for packet in packets(source, kind, version):
            yield Packet(packet.record, packet.version, next(number), packet.place)


def _is_single(path: Path) -> bool:
    """A small file that is no container: what its start says, since both end with .avro."""
    if not path.name.lower().endswith((".avro", ".avro.gz")) or path.stat().st_size > SMALL:
        return False
    try:
        with path.open("rb") as file:
            return path.name.lower().endswith(".gz") or file.read(len(MAGIC)) != MAGIC
    except OSError:
        return False  # the load says why
