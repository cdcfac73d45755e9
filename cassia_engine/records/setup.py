"""How an annotator was set up: all that its answers depend on besides the clusters and the replies."""

from __future__ import annotations

from cassia_engine.records.record import Number, Record

# Settings that are fields of a setup, under the same names.
SETTINGS_OF_SETUP = (
    *("validator_involvement", "votes", "depth", "max_rounds", "max_retries"),
    *("temperature", "reasoning", "hide_fractions"),
)


class Setup(Record, frozen=True, omit_defaults=True):
    """What a run was asked to do, with nothing about the machine, the time or the account.

    Attributes:
        dialect: in which the models are spoken to; "" offline.
        voters: names of the models that annotate every cluster.
        second: that of second opinions, where it is another one; strong: that for answers in doubt; fallback: that in
            the place of one that refuses or is not served.
        looks_up: whether second annotators could ask for genes.
        calibration: the text of the calibration file that was given; "" for that of the package.
        knowledge_sha256: of the file of further marker knowledge; "" for none.
    """

    dialect: str = ""
    voters: tuple[str, ...] = ()
    second: str | None = None
    strong: str | None = None
    fallback: str | None = None
    validator_involvement: str = "v1"
    votes: int = 1
    depth: str = "standard"
    max_rounds: int = 3
    max_retries: int = 0
    temperature: Number | None = None
    reasoning: str | None = None
    hide_fractions: bool = False
    looks_up: bool = False
    calibration: str = ""
    knowledge_sha256: str = ""
