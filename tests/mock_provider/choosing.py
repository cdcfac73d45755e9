"""Which call gets which fault."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from tests.mock_provider.faults import find_fault

HEADER = "x-mock-fault"
MODEL = "mock-fault-"
ONCE = "-once"


def read_odds(text: str) -> dict[str, float]:
    """Odds by fault, of "503:0.1,429:0.05".

    Raises:
        ValueError: what it is not.
    """
    odds = {}
    for part in filter(None, text.split(",")):
        name, _, share = part.strip().rpartition(":")
        find_fault(name)
        odds[name] = float(share)
    if sum(odds.values()) > 1:
        raise ValueError("the odds of all faults add up to more than 1")
    return odds


class Choice:
    """Chooses the fault of a call: by header, by the model's name, by script, by odds, in this order.

    Args:
        odds: drawn for each call anew.
        steady: drawn by what is asked: the same request always has the same fault, or none.
    """

    def __init__(
        self,
        odds: Mapping[str, float],
        script: Sequence[str | None] = (),
        seed: int = 0,
        steady: Mapping[str, float] | None = None,
    ):
        self._odds = odds
        self._steady = steady or {}
        self._seed = seed
        self._random = random.Random(seed)
        self._met: set[tuple[str, str]] = set()
        self._script: list[str | None] = []
        self.follow(script)

    def follow(self, script: Sequence[str | None]) -> None:
        """From the next call on: the n-th one gets the n-th fault, or none.

        Raises:
            ValueError: a name is no fault's.
        """
        for name in filter(None, script):
            find_fault(name)
        self._script = list(script)

    def fault(self, headers: Mapping[str, str], model: str, body: str) -> str | None:
        """The name of the fault for a call, `body` being the hash of its body; every call takes its turn.

        Raises:
            ValueError: a name is no fault's.
        """
        scripted = self._script.pop(0) if self._script else None
        drawn = _draw(self._steady, random.Random(f"{self._seed} {body}")) or _draw(self._odds, self._random)
        asked = headers.get(HEADER) or model.partition(MODEL)[2]
        return self._asked(asked, body) if asked else scripted or drawn

    def _asked(self, name: str, body: str) -> str | None:
        name, once = name.removesuffix(ONCE), name.endswith(ONCE)
        find_fault(name)
        if once and (name, body) in self._met:
            return None
        self._met.add((name, body))
        return name


def _draw(odds: Mapping[str, float], source: random.Random) -> str | None:
    place = source.random() if odds else 1.0
    for name, share in odds.items():
        place -= share
        if place < 0:
            return name
    return None
