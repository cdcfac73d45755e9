"""How the server behaves; on disk, so that it does the same after a kill."""

from __future__ import annotations

from pathlib import Path

import msgspec

CALLS = ("initiate", "chunk", "part", "complete", "annotate", "status", "results", "report", "credentials")


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """A fault for some calls.

    Attributes:
        call: one of `CALLS`.
        fault: a name of faults.py.
        kind, index: of the upload, None for any.
        skip: such calls that pass before the first one with the fault.
        times: how many have it, None for all.
    """

    call: str
    fault: str
    kind: str | None = None
    index: int | None = None
    skip: int = 0
    times: int | None = 1

    def takes(self, call: str, kind: str | None, index: int | None) -> bool:
        """Whether a call has the fault; counts it."""
        fits = call == self.call and self.kind in (None, kind) and self.index in (None, index)
        if not fits or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How the server behaves.

    Attributes:
        token: the one that is valid, "" for any.
        chunk_size, max_size: bytes.
        presigned: chunks go to addresses with a signature.
        upload_seconds: how long an upload is kept.
        polls: looks at a job until it is done.
        not_found: looks at a job before it is known.
        failed_clusters: of a job that fails, None for one that does not.
        form: of results: "legacy", "full" or "both".
        rules: faults to come.
    """

    token: str = ""
    chunk_size: int = 65536
    max_size: int | None = None
    presigned: bool = False
    upload_seconds: float = 86400.0
    polls: int = 1
    not_found: int = 0
    failed_clusters: list[str] | None = None
    form: str = "both"
    rules: list[Rule] = msgspec.field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> Settings:
        path = folder / "settings.json"
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else cls()

    def save(self, folder: Path) -> None:
        (folder / "settings.json").write_bytes(msgspec.json.encode(self))

    def changed(self, fields: dict[str, object]) -> Settings:
        """With other values of some fields.

        Raises:
            msgspec.ValidationError: there is no such field, or it has another type.
        """
        return msgspec.convert({**msgspec.to_builtins(self), **fields}, Settings)

    def fault(self, call: str, kind: str | None, index: int | None) -> str:
        """The fault of a call, "" for none."""
        return next((rule.fault for rule in self.rules if rule.takes(call, kind, index)), "")
