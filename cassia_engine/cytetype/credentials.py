"""The token for a server: of the environment, or the one that the CyteType client keeps after `cytetype setup`.

What is kept is read, never written. Source: the client, 0.20 and newer.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.cytetype.errors import AuthenticationError
from cassia_engine.errors import AccountError
from cassia_engine.secret import Secret

TOKEN_VARIABLE = "CYTETYPE_AUTH_TOKEN"


def find_token(api_url: str, other_way: str = "") -> Secret:
    """The token of the environment, or else the one kept for a server.

    Args:
        other_way: how a caller can give one besides, for the message, such as "give auth_token, or ".

    Raises:
        AuthenticationError: there is none.
        AccountError: it cannot be sent.
    """
    if token := os.environ.get(TOKEN_VARIABLE, "").strip() or saved_token(api_url):
        return check_token(Secret(token))
    text = (
        f"no token for {api_url}; {other_way}set {TOKEN_VARIABLE}, or keep one by `cytetype setup` (a cassia server on "
        "this machine without tokens takes any text as one)"
    )
    raise AuthenticationError(text, "AUTHENTICATION_REQUIRED", code="cytetype-token-missing")


def token_of_job(api_url: str) -> Secret:
    """The token kept for the server of a job that a file names; that of the environment may be for another server.

    Raises:
        AuthenticationError: none is kept.
        AccountError: it cannot be sent.
    """
    if (token := saved_token(api_url)) is not None:
        return check_token(Secret(token))
    text = (
        f"the job is at {api_url}; give {option('api_url', api_url)} and its token to ask there, or keep one by "
        "`cytetype setup`"
    )
    raise AuthenticationError(text, "AUTHENTICATION_REQUIRED", code="cytetype-job-elsewhere")


def check_token(token: Secret) -> Secret:
    """The token.

    Raises:
        AccountError: it is empty, or cannot be sent.
    """
    value = token.reveal()
    if not value.strip() or not (value.isascii() and value.isprintable()):
        raise AccountError(
            "the token for the CyteType server is empty, or has a character that no token has; set it anew",
            code="token-not-sendable",
        )
    return token


def saved_token(api_url: str) -> str | None:
    """The token for a server; None where none is kept, or what is kept cannot be read."""
    home = os.environ.get("XDG_CONFIG_HOME")
    path = (Path(home).expanduser() if home else Path.home() / ".config") / "cytetype" / "credentials.json"
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError, RuntimeError):
        return None
    if not isinstance(found, dict) or str(found.get("apiUrl", "")).rstrip("/") != api_url:
        return None
    token = found.get("apiToken")
    return token if isinstance(token, str) and token else None
