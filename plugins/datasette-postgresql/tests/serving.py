"""Datasette behind a real uvicorn on a port of its own, in a thread; and a visitor who can hang up."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from datasette.app import Datasette

Ask = Callable[[str], list[tuple[Any, ...]]]

ACTIVE = "select pid, query from pg_stat_activity where usename = 'datasette_test' and state = 'active'"


@contextlib.contextmanager
def serving(datasette: Datasette) -> Iterator[int]:
    """Yields the port."""
    asyncio.run(datasette.invoke_startup())  # as `datasette serve` does it, before it listens
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(datasette.app(), log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def wait_until(is_so: Callable[[], Any], seconds: float = 10.0) -> float:
    """How long it took; fails where it took longer."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, "it hasn't come true"
        time.sleep(0.01)
    return time.monotonic() - started


def send(port: int, request: str) -> socket.socket:
    """A request, sent; who closes the socket has left."""
    visitor = socket.create_connection(("127.0.0.1", port), timeout=30)
    visitor.sendall(request.replace("\n", "\r\n").encode())
    return visitor


def get(path: str) -> str:
    return f"GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n"


def received(visitor: socket.socket) -> tuple[int, str]:
    """The whole answer: status and body."""
    response = http.client.HTTPResponse(visitor)
    response.begin()
    body = response.read().decode("utf-8", "replace")
    visitor.close()
    return response.status, body
