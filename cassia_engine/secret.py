"""A key that cannot be shown by accident."""

from __future__ import annotations

from collections.abc import Callable


class Secret:
    """Holds a key; prints as ***. Only `reveal` gives it away, to what sends it.

    Attributes:
        parts: all texts that no one may see, the one that `reveal` gives first.
    """

    __slots__ = ("parts",)

    def __init__(self, value: str):
        self.parts: tuple[str, ...] = (value,)

    def reveal(self) -> str:
        return self.parts[0]

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.parts == self.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is not pickled")


class AwsKeys(Secret):
    """An access key of AWS, which signs requests and is not sent: `reveal` gives the secret half.

    Attributes:
        region: where the key is used, "" if that is not known.
    """

    __slots__ = ("region",)

    def __init__(self, access_key_id: str, secret_access_key: str, session_token: str = "", region: str = ""):
        super().__init__(secret_access_key)
        self.parts = (secret_access_key, access_key_id, *filter(None, [session_token]))
        self.region = region

    @property
    def access_key_id(self) -> str:
        return self.parts[1]

    @property
    def session_token(self) -> str:
        """The third part, of a temporary key; "" for a lasting one."""
        return self.parts[2] if len(self.parts) > 2 else ""

    def within(self, region: str) -> AwsKeys:
        """The same key, used in a region."""
        return AwsKeys(self.access_key_id, self.reveal(), self.session_token, region)

    def current(self) -> AwsKeys:
        """The key that signs now."""
        return self


class TemporaryAwsKeys(AwsKeys):
    """Keys of AWS that hold for an hour or so, and are renewed by who asks for them.

    Attributes:
        parts: of the current ones and of all before them, which no one may see either.
    """

    __slots__ = ("_now",)

    def __init__(self, now: Callable[[], tuple[str, str, str]], region: str = ""):
        """
        Args:
            now: gives access key id, secret access key and session token; it may ask for new ones, and wait for them.
        """
        super().__init__(*now(), region)
        self._now = now

    def within(self, region: str) -> AwsKeys:
        return TemporaryAwsKeys(self._now, region)

    def current(self) -> AwsKeys:
        found = AwsKeys(*self._now(), self.region)
        self.parts = tuple(dict.fromkeys((*found.parts, *self.parts)))
        return found

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)
