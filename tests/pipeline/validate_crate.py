"""Validates the RO-Crate of a folder, in the environment of the validator and without a network: prints what is wrong.

python validate_crate.py FOLDER PROFILE SEVERITY
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from typing import Any

import requests
import requests_cache
from rocrate_validator import services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def answer(_session: requests.Session, _method: str, url: str, **_: Any) -> requests.Response:
    """The one document of the web that the crate refers to, from a package that has it."""
    found = requests.Response()
    found.url, found.status_code = url, 404
    if url == CONTEXT:
        text = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
        assert json.loads(text)["@id"] == CONTEXT
        found.status_code, found._content = 200, text
        found.headers["Content-Type"] = "application/ld+json"
    return found


requests.Session.request = answer
requests_cache.CachedSession.request = answer
folder, profile, severity = sys.argv[1:]
result = services.validate({"rocrate_uri": folder, "profile_identifier": profile, "requirement_severity": severity})
for issue in result.get_issues():
    print(issue.check.identifier, issue.message)
