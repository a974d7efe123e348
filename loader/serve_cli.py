"""`python -m loader serve`: the admin site and the write addresses over HTTP, on a port of their own."""

# mypy: disable-error-code="import-untyped"

import os
import signal
import socket
import tempfile
from types import FrameType

import click

from loader.django_setup import django_ready
from loader.errors import CannotListen
from loader.session import open_connection

THREADS = 8
MOST_CONNECTIONS = 1000
IDLE_SECONDS = 30  # after which a connection that asks for nothing is closed
REST_OF_AN_UPLOAD = 1 << 20  # the other fields, and what stands between the parts


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8002, show_default=True)
def serve(host: str, port: int) -> None:
    """Serve what writes: /admin/, PUT /elasticc/brokermessage/, POST /elasticc/addelasticcalert, addtruth, addobjecttruth."""
    signal.signal(signal.SIGTERM, _leave)
    with django_ready() as url, _listener(host, port) as listener:
        open_connection(url).close()  # says so where `init` was never run
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.wsgi import get_wsgi_application
        from waitress import create_server

        from loader.admin_site.upload_pages import SPOOL
        from loader.settings import HOUSE

        SPOOL.prepare()
        tempfile.tempdir = str(SPOOL.home)  # bodies wait there until they are whole; /tmp may be in memory
        server = create_server(
            StaticFilesHandler(get_wsgi_application()),
            sockets=[listener],
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            asyncore_use_poll=True,  # select knows a thousand files at most
            max_request_body_size=HOUSE.upload_mb * 1_000_000 + REST_OF_AN_UPLOAD,
            ident="",
        )
        port = listener.getsockname()[1]
        click.echo(f"The loader listens on http://{host}:{port}/, the admin site is at /admin/.", err=True)
        server.run()


def _leave(signum: int, frame: FrameType | None) -> None:
    """In order: an embedded server that nobody else uses is stopped."""
    raise SystemExit


def _listener(host: str, port: int) -> socket.socket:
    """Raises CannotListen."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # create_server adds its address to the reason; an unknown host has a number of getaddrinfo's own
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotListen(f"Port {port} on {host} can't be used ({reason}); --port takes another.") from error
