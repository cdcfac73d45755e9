"""The token that the CyteType client keeps after `cytetype setup`; it is read, never written.

Source: the client, 0.20 and newer.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


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
