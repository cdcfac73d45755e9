"""Keys of AWS that stand in no variable: of a profile, of single sign-on, of a role. botocore finds and renews them.

It is an extra, as it is larger than cassia itself. It knows the process's own environment only, and asks who lends the
keys (STS, single sign-on, the machine's metadata) by connections of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine.errors import AccountError
from cassia_engine.secret import AwsKeys, TemporaryAwsKeys
from cassia_engine.text import one_line

EXTRA = "cassia-engine[aws]"


def find_keys(signs: Sequence[str], environ: Mapping[str, str]) -> tuple[AwsKeys | None, str]:
    """The keys, None for none, and what they are of: "AWS_PROFILE", or other words for a person.

    Args:
        signs: variables, any of which says that there are such keys.

    Raises:
        AccountError: they cannot be had, or the variables name a place that nobody here can look at.
    """
    session = _session()
    name = next((sign for sign in signs if environ.get(sign)), "")
    if session is None:
        if name:
            raise AccountError(
                f"{name} is set, but to look up profiles and roles of AWS cassia needs botocore: pip install '{EXTRA}'",
                code="aws-extra-missing",
            )
        return None, ""
    found = _asked(session.get_credentials, name)
    if found is None:
        return None, ""
    of = name or f"AWS ({found.method})"

    def now() -> tuple[str, str, str]:
        frozen = _asked(found.get_frozen_credentials, of)
        return frozen.access_key, frozen.secret_key, frozen.token or ""

    return TemporaryAwsKeys(now), of


def region() -> str:
    """The region of the profile, "" where none is told."""
    session = _session()
    return (_asked(lambda: session.get_config_variable("region"), "AWS_PROFILE") or "") if session else ""


def _session() -> Any:
    """A session of botocore; None where it is not installed."""
    try:
        from botocore.session import Session
    except ImportError:
        return None
    return Session()


def _asked(get: Any, of: str) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return get()
    except (BotoCoreError, ClientError) as error:
        # A message, never the error itself: what it is caused by may hold the keys.
        text = one_line(str(error))[:300]
    raise AccountError(
        f"no keys of AWS by {of or 'its configuration'}: {text}; see what `aws sts get-caller-identity` says",
        code="aws-keys-refused",
    )
