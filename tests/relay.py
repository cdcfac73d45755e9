"""A relay in front of a server that keeps every request as it came, byte for byte."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from urllib.parse import urlsplit


class Relay(socketserver.ThreadingTCPServer):
    """What came through.

    Attributes:
        url: of the relay, as that of the server.
        requests: head and body of each, as they were sent.
    """

    def __init__(self, url: str):
        parts = urlsplit(url)
        self.behind = (parts.hostname, parts.port)
        self.requests: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.StreamRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(self.server.behind) as behind:
            answers = threading.Thread(target=self._answer, args=(behind,))
            answers.start()
            with suppress(OSError):
                while request := _read(self.rfile):
                    self.server.requests.append(request)
                    behind.sendall(request)
                behind.shutdown(socket.SHUT_WR)
            answers.join()

    def _answer(self, behind: socket.socket) -> None:
        with suppress(OSError):
            while piece := behind.recv(2**16):
                self.connection.sendall(piece)
            self.connection.shutdown(socket.SHUT_WR)


def _read(stream: BufferedIOBase) -> bytes:
    """A request; b"" at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (line := stream.readline()):
            return b""
        head += line
    sizes = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head + stream.read(sum(sizes))


@contextmanager
def relaying(url: str) -> Iterator[Relay]:
    with Relay(url) as relay:
        thread = threading.Thread(target=relay.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield relay
        finally:
            relay.shutdown()
            thread.join()
