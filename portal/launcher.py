"""From settings to one Datasette behind uvicorn. Knows no Django, no loader and no driver: alert data has one door."""

import os
import socket
from pathlib import Path
from typing import Any

import uvicorn
from datasette.utils import BadMetadataError, StartupError, parse_metadata
from server.settings import PROJECT, Settings, role_url

from portal.addressed import AddressedDatasette
from portal.errors import PortalError

ROOM = Path(__file__).resolve().parent
METADATA = PROJECT / "metadata.yml"
GRACE_SECONDS = 5
DATASETTE_SETTINGS: dict[str, Any] = {
    "allow_download": False,
    "default_cache_ttl": 0,  # rows come in while people look
    "default_facet_size": 30,
    "default_page_size": 100,
    "facet_time_limit_ms": 2000,
    "max_csv_mb": 0,  # streamed; a truncated CSV has fooled people before
    "max_returned_rows": 1000,
    "sql_time_limit_ms": 30000,
}


async def serve(settings: Settings, admin_url: str) -> None:
    """Serve until a signal comes; raises PortalError for a taken port, bad metadata or a plugin that refuses to start."""
    with _listen(settings.host, settings.port) as listener:
        datasette = build(settings, admin_url)
        try:
            await datasette.invoke_startup()
        except StartupError as error:
            raise PortalError(str(error)) from error
        config = uvicorn.Config(
            datasette.app(),
            log_level="warning",
            lifespan="on",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            access_log=False,
        )
        await uvicorn.Server(config).serve(sockets=[listener])


def build(settings: Settings, admin_url: str) -> AddressedDatasette:
    """The Datasette of this project. Its plugins come by entry point and read their addresses from the environment."""
    os.environ["ELASTICC_RO_URL"] = role_url(admin_url, "elasticc_ro", settings.secret("ro_password"))
    os.environ["ELASTICC_LOGIN_URL"] = role_url(admin_url, "elasticc_login", settings.secret("login_password"))
    os.environ["ELASTICC_STATE"] = str(settings.state)
    datasette = AddressedDatasette(
        files=[],
        metadata=_metadata(METADATA),
        template_dir=str(ROOM / "templates"),
        static_mounts=[("static", str(ROOM / "static"))],
        secret=settings.secret("portal_secret"),
        settings=DATASETTE_SETTINGS,
    )
    datasette.remove_database("_memory")  # a SQLite that nobody asked for, open to anybody's SQL
    return datasette


def _metadata(path: Path) -> dict[str, Any]:
    try:
        parsed = parse_metadata(path.read_text())
    except OSError as error:
        raise PortalError(f"{path} can't be read: {error.strerror}.") from error
    except BadMetadataError as error:
        raise PortalError(f"{path} is not valid YAML.") from error
    if not isinstance(parsed, dict):
        raise PortalError(f"{path} must hold a mapping at its top.")
    return parsed


def _listen(host: str, port: int) -> socket.socket:
    """Bound before anything else starts, so that a taken port is said at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # The protocol is named, for asyncio sets TCP_NODELAY only then: 45 ms an answer without it, 5 with it.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        raise PortalError(f"Port {port} on {host} can't be used ({error.strerror}); set ELASTICC_PORT to another.") from error
    return listener
