"""How many connections there are, of all and of one address; counted at the socket, where TLS has not begun yet."""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from collections.abc import Callable


def address_of(host: str) -> str:
    """An address as clients are told apart: IPv4 as it is, of IPv6 the /64 that one client has as a whole."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class Listener(socket.socket):
    """A listening socket; connections above a limit are closed at once."""

    def __init__(self, family: int, most: int, most_of_address: int):
        super().__init__(family, socket.SOCK_STREAM)
        self._most, self._most_of_address = most, most_of_address
        self._open: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, object]:
        """
        Raises:
            ConnectionAbortedError: the limit is reached; an event loop goes on with other things then.
        """
        taken, address = super().accept()
        name = address_of(address[0])
        if self._open.total() >= self._most or self._open[name] >= self._most_of_address:
            taken.close()
            raise ConnectionAbortedError(f"too many connections, or of {name}")
        self._open[name] += 1
        return _Accepted(taken, lambda: self._closed_one(name)), address

    def _closed_one(self, name: str) -> None:
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]


class _Accepted(socket.socket):
    """A connection that says when it is closed."""

    def __init__(self, taken: socket.socket, on_close: Callable[[], None]):
        super().__init__(taken.family, taken.type, taken.proto, taken.detach())
        self._on_close: Callable[[], None] | None = on_close

    def close(self) -> None:
        super().close()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None
