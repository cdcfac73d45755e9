"""What would be sent, shown in place of being sent: the same requests, built by the transport, with the key masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cassia_engine.errors import StoppedError
from cassia_engine.providers.chat import Call, Exchange, Receipt


class Sender(Protocol):
    """What would send a call, such as a transport."""

    def shown(self, call: Call) -> tuple[str, str, bytes]:
        """To whom, the head and the body of its request, as it would go out; the key is masked."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A request that would be sent.

    Attributes:
        host: to which, or the name of the program that would be run.
        head: its method and URL, and below a header a line, the key and what signs it as ***; of a program its command.
        payload: its body, byte for byte.
    """

    host: str
    head: str
    payload: bytes

    @property
    def text(self) -> str:
        """As it would go out, with the URL in its first line."""
        return f"{self.head}\n\n{self.payload.decode()}\n"


class Egress:
    """An `Exchange` that gives each request to `show` once, and sends nothing.

    Args:
        sender: would send it; it need not be open.
        recorded: has the answers that are known already; None for none.
    """

    def __init__(self, sender: Sender, recorded: Exchange | None, show: Callable[[Shown], None]):
        self._sender, self._recorded, self._show = sender, recorded, show
        self._asked: set[tuple[bytes, int, int]] = set()

    def find(self, call: Call) -> Receipt | None:
        """The recorded answer.

        Raises:
            Fault: it is recorded that the provider does not take a parameter of this call.
        """
        return self._recorded.find(call) if self._recorded else None

    async def exchange(self, call: Call) -> Receipt:
        """Show the request of a call without a recorded answer.

        Raises:
            StoppedError: always, as there is no answer.
        """
        key = (call.request.payload, call.replicate, call.ordinal)
        if key not in self._asked:
            self._asked.add(key)
            self._show(Shown(*self._sender.shown(call)))
        raise StoppedError("nothing is sent: the request was shown", code="egress-shown")

    def void(self, call: Call) -> None:
        """A recorded answer is none: the next one counts."""
        if self._recorded is not None:
            self._recorded.void(call)
