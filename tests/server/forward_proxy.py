"""A proxy for http that passes all requests on to one server, whatever host they name.

with forward_proxy(mock.url) as proxy:
    ...
assert proxy.asked == ["http://models.example/v1/chat/completions"]
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_PATIENCE_S = 60.0
_KEPT = ("Authorization", "Content-Type")


@dataclass
class ForwardProxy:
    """What came to it.

    Attributes:
        asked: the URLs that requests to it named.
        credentials: what they said of who asks the proxy; "" for nothing.
    """

    server: ThreadingHTTPServer
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def with_password(self, password: str) -> str:
        """Its URL for who has a password."""
        return self.url.replace("//", f"//me:{password}@")

    def close(self) -> None:
        """Take no connection any more."""
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def forward_proxy(to: str) -> Iterator[ForwardProxy]:
    """A proxy on a free port of 127.0.0.1 in front of the server `to`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            proxy.asked.append(self.path)
            proxy.credentials.append(self.headers.get("Proxy-Authorization", ""))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there = http.client.HTTPConnection(urlsplit(to).netloc, timeout=_PATIENCE_S)
            kept = {name: self.headers[name] for name in _KEPT if name in self.headers}
            there.request("POST", urlsplit(self.path).path, body, kept)
            answer = there.getresponse()
            content = answer.read()
            there.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *values: object) -> None:
            pass

    proxy = ForwardProxy(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
    thread = threading.Thread(target=proxy.server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
