"""A house with the project's own sample, which has brokers, and one object more of a thousand points."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from house import PASSWORD, USER, environment, free_port, running_url, start, stop

from server.settings import Settings

THOUSAND = 4242

# A slow bump of 1,000 points, whose brightest are detections; the edges are below 3 sigma.
THOUSAND_POINTS = """
    insert into elasticc_diaobject ("diaObjectId", ra, decl) values (4242, 187.7, 12.4);
    insert into elasticc_diaforcedsource
        ("diaForcedSourceId", "diaObject_id", "midPointTai", "filterName", "psFlux", "psFluxErr")
    select
        424200000 + k, 4242, 60000 + 1.1 * k, substr('ugrizY', 1 + k % 6, 1),
        14000 * exp(-1.0 * ((k - 500) / 60.0) ^ 2) + 10 * (k % 7) - 30, 60 + 20 * (k % 5)
    from generate_series(0, 999) k;
    insert into elasticc_diasource
        ("diaSourceId", "diaObject_id", "midPointTai", "filterName", ra, decl, "psFlux", "psFluxErr", snr)
    select
        "diaForcedSourceId", "diaObject_id", "midPointTai", "filterName", 187.7, 12.4, "psFlux", "psFluxErr",
        "psFlux" / "psFluxErr"
    from elasticc_diaforcedsource
    where "diaObject_id" = 4242
      and "psFlux" > 5 * "psFluxErr"
"""


@dataclass(frozen=True)
class Sample:
    url: str
    admin_url: str
    account: tuple[str, str] = (USER, PASSWORD)

    def ask(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.admin_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)  # None: a lone % is then itself
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="session")
def sample_house() -> Iterator[Sample]:
    home = Path(tempfile.mkdtemp(prefix="elasticc-sample-"))  # pytest closes its own folders to the server's user
    env = environment(home, free_port())
    process, _ = start(env)
    try:
        made = Sample(f"http://127.0.0.1:{env['ELASTICC_PORT']}", running_url(Settings.from_env(env)))
        made.ask(THOUSAND_POINTS)
        yield made
    finally:
        stop(process)
        shutil.rmtree(home)
