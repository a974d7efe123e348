"""A client as thin as Python allows: one socket a client, kept open, and no parsing but for where an answer ends."""

import socket
import threading
import time
from collections.abc import Callable, Mapping

Paths = Callable[[], str]


class Client:
    """GETs one after another. Anything but 200 (or what `statuses` allows) is an error: a refusal is quick, and no page."""

    def __init__(self, port: int, headers: Mapping[str, str], statuses: tuple[int, ...] = (200,)) -> None:
        self._port = port
        self._statuses = statuses
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._rest = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}\r\n".encode()
        self._socket: socket.socket | None = None
        self._buffer = bytearray(1 << 20)

    def get(self, path: str) -> bytes:
        """The body, unchunked if need be."""
        for attempt in (1, 2):
            if self._socket is None:
                self._socket = socket.create_connection(("127.0.0.1", self._port), 120)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._socket.sendall(b"GET " + path.encode() + self._rest)
                return self._read(path)
            except (ConnectionError, BrokenPipeError):  # kept open too long for the server's taste
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None

    def _read(self, path: str) -> bytes:
        data = self._more(bytearray())
        while (end := data.find(b"\r\n\r\n")) < 0:
            self._more(data)
        head = bytes(data[:end]).lower()
        status = int(head[9:12])
        if status not in self._statuses:
            raise RuntimeError(f"{path}: {bytes(data[:2000]).decode('latin-1')}")
        body = data[end + 4 :]
        length = _header(head, b"content-length")
        if length is not None:
            while len(body) < int(length):
                self._more(body)
        elif _header(head, b"transfer-encoding") == b"chunked":
            while not body.endswith(b"0\r\n\r\n"):
                self._more(body)
            body = _unchunked(body)
        elif status != 304:
            raise RuntimeError(f"{path}: no length")
        if _header(head, b"connection") == b"close":
            self.close()
        return bytes(body)

    def _more(self, data: bytearray) -> bytearray:
        assert self._socket is not None
        size = self._socket.recv_into(self._buffer)
        if not size:
            raise ConnectionError("closed")
        data += memoryview(self._buffer)[:size]
        return data


def rate(
    port: int, paths: Paths, headers: Mapping[str, str], *, clients: int, seconds: float, statuses: tuple[int, ...] = (200,)
) -> float:
    """Answers a second, of so many clients at once, each with one request under way."""
    counts, failed = [0] * clients, []
    started = threading.Barrier(clients + 1)

    def work(number: int) -> None:
        client = Client(port, headers, statuses)
        try:
            client.get(paths())
            started.wait()
            while time.perf_counter() < deadline:
                client.get(paths())
                counts[number] += 1
            ended[number] = time.perf_counter()
        except Exception as error:
            failed.append(error)
            started.abort()
        finally:
            client.close()

    ended = [0.0] * clients
    deadline = float("inf")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        started.wait()
    except threading.BrokenBarrierError:
        raise RuntimeError(f"The client failed: {failed[0] if failed else 'unknown'}") from None
    begun = time.perf_counter()
    deadline = begun + seconds
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"A client failed: {failed[0]}") from failed[0]
    return sum(counts) / (max(ended) - begun)


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key == name:
            return value.strip()
    return None


def _unchunked(data: bytearray) -> bytearray:
    body, at = bytearray(), 0
    while True:
        end = data.index(b"\r\n", at)
        size = int(bytes(data[at:end]).split(b";")[0], 16)
        if size == 0:
            return body
        body += data[end + 2 : end + 2 + size]
        at = end + 4 + size
