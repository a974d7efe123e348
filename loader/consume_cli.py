"""`python -m loader consume broker`: messages from Kafka until Ctrl-C. Parses, calls, prints."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

import click

from loader.ingest import log
from loader.ingest.kafka import Consumption, consume
from loader.ingest.outcome import Counts
from loader.ingest.put import analyze
from loader.ingest.schemas import VERSIONS, Version
from loader.session import session, who
from loader.summary import Summary


@click.group("consume")
def consume_group() -> None:
    """Read a stream for as long as it lasts."""


@consume_group.command("broker")
@click.option("--bootstrap", required=True, metavar="HOST:PORT,…", help="Kafka's brokers.")
@click.option("--topic", "topics", required=True, multiple=True, help="A topic; may be given several times.")
@click.option("--group", default="elasticc-loader", show_default=True, help="Consumer group: who remembers how far it is.")
@click.option("--schema", type=click.Choice(VERSIONS), default="v0_9", show_default=True, help="Version of the messages.")
@click.option("--until-end", is_flag=True, help="Stop where the topics end, instead of waiting for more.")
@click.option("--skip-bad", is_flag=True, help="Note a message that can't be read and go on; without it, stop there.")
@click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of librdkafka, such as security.protocol."
)
def consume_broker(
    bootstrap: str,
    topics: tuple[str, ...],
    group: str,
    schema: str,
    until_end: bool,
    skip_bad: bool,
    settings: tuple[str, ...],
) -> None:
    """Put brokers' classification messages into the database as they come.

    Offsets are committed after the rows: it can be stopped at any time, and goes on where it was. Ctrl-C ends it after
    the batch at hand.
    """
    wrong = [setting for setting in settings if "=" not in setting]
    if wrong:
        raise click.UsageError(f"--setting {wrong[0]}: NAME=VALUE is expected.")
    summary = Summary()
    options: dict[str, object] = {"bootstrap": bootstrap, "topics": list(topics), "group": group, "schema": schema}

    def tell(counts: list[Counts]) -> None:
        summary.add(counts)
        click.echo(", ".join(f"{count.new:,} new {count.table.removeprefix('elasticc_broker')}s" for count in counts), err=True)

    with session(ends_at_signals=False) as connection, _stop_at_signal() as was_stopped:
        with log.run(connection, who(), "consume broker", options) as run:
            asked = Consumption(
                bootstrap=bootstrap,
                topics=topics,
                group=group,
                version=cast(Version, schema),
                until_end=until_end,
                skip_bad=skip_bad,
                should_stop=lambda: bool(was_stopped),
                on_batch=tell,
                on_refused=summary.refused.append,
                settings={name: value for name, _, value in (setting.partition("=") for setting in settings)},
            )
            consume(connection, run, asked)
            run.end(summary.outcome, summary.why)
        analyze(connection, summary.changed_tables)
    summary.report(run.id)


@contextmanager
def _stop_at_signal() -> Iterator[list[int]]:
    """The list gets the signal; a second one ends the process as usual."""
    got: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        got.append(number)
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        print("Stopping after this batch …", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield got
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
