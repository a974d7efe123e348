"""`python -m portal`: serve until interrupted. What can't be served is said in one sentence, with exit status 1."""

import asyncio
import signal
import sys
from types import FrameType

import uvloop
from server import embedded
from server.errors import ServerError
from server.settings import Settings

from portal.errors import PortalError
from portal.launcher import serve


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = Settings.from_env()
        with embedded.connect(settings) as admin_url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings, admin_url))
    except KeyboardInterrupt:
        pass
    except (PortalError, ServerError) as error:
        sys.exit(str(error))


def _stop(signum: int, frame: FrameType | None) -> None:
    """Uvicorn raises the signal that ended it once more; the embedded server must still be left in order."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
