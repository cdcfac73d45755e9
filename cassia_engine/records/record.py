"""What all records are: immutable values with types that are checked when they are read from a file."""

from __future__ import annotations

import msgspec

# As it was written, 1 or 1.0: a file that is read and written again has the same bytes.
Number = int | float


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable record. `msgspec.convert` and `msgspec.json.decode` check the types of all fields."""
