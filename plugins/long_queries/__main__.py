"""`python -m plugins.long_queries`: run the queue's queries until interrupted. What keeps it from it is one sentence."""

import signal
import sys
from types import FrameType

from datasette.utils import BadMetadataError, parse_metadata
from server import embedded
from server.errors import ServerError
from server.settings import PROJECT, Settings, role_url

from plugins.long_queries.settings import PLUGIN, BadSetting, Limits
from plugins.long_queries.store import Store
from plugins.long_queries.worker import Worker

METADATA = PROJECT / "metadata.yml"


def main() -> None:
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.ask)
    try:
        settings, limits = Settings.from_env(), _limits()
        with embedded.connect(settings) as admin_url:
            dsn = role_url(admin_url, "elasticc_ro", settings.secret("ro_password"))
            Worker(Store(settings.state, limits), limits, dsn).work(lambda: stop.is_asked)
    except (BadSetting, ServerError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The queue of long queries can't be kept: {error}")


def _limits() -> Limits:
    try:
        plugins = parse_metadata(METADATA.read_text()).get("plugins") or {}
    except (OSError, BadMetadataError, AttributeError) as error:
        raise BadSetting(f"{METADATA} can't be read.") from error
    return Limits.read(plugins.get(PLUGIN))


class Stop:
    """A signal's word, kept until it is looked at: an exception raised while a process is forked would be swallowed."""

    def __init__(self) -> None:
        self.is_asked = False

    def ask(self, signum: int, frame: FrameType | None) -> None:
        self.is_asked = True


if __name__ == "__main__":
    main()
