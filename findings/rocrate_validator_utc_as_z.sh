#!/bin/sh
# Guess: a date-time that ends in Z is valid where +00:00 is, as ISO 8601 and xsd:dateTime take both for UTC
# What happens: roc-validator 0.13.0 finds no ISO 8601 in the endTime of a Process Run Crate that ends in Z; with +00:00 it does, and datePublished may have either
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q roc-validator==0.13.0 rocrate==0.13.0
"$folder/env/bin/python" -W ignore - "$folder" <<'PYTHON'
import json
import logging
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import requests
import requests_cache
from rocrate.rocrate import ROCrate
from rocrate_validator import services

logging.disable(logging.CRITICAL)


def context(_session, _method, url, **_):
    """The JSON-LD context that every crate names, from a package that has it: nothing is fetched."""
    found = requests.Response()
    found.url, found.status_code = url, 404
    if url == "https://w3id.org/ro/crate/1.1/context":
        found.status_code = 200
        found._content = (files("rocrate") / "data" / "ro-crate.jsonld").read_bytes()
        found.headers["Content-Type"] = "application/ld+json"
    return found


requests.Session.request = context
requests_cache.CachedSession.request = context


def issues(folder, zone):
    folder.mkdir()
    (folder / "main.nf").write_text("workflow { }\n")
    crate = ROCrate()
    crate.name, crate.description = "a run", "a run of a workflow"
    crate.license = "https://spdx.org/licenses/MIT"
    crate.write(folder)
    path = folder / "ro-crate-metadata.json"
    data = json.loads(path.read_text())
    for entity in data["@graph"]:
        if entity["@id"] == "./":
            entity["datePublished"] = f"2026-01-31T12:00:00{zone}"
            entity["mentions"] = {"@id": "#run"}
    data["@graph"].append(
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": "the run",
            "endTime": f"2026-01-31T12:00:00{zone}",
            "instrument": {"@id": "main.nf"},
            "object": [],
            "result": [],
            "actionStatus": "http://schema.org/CompletedActionStatus",
        }
    )
    path.write_text(json.dumps(data))
    found = services.validate(
        {"rocrate_uri": str(folder), "profile_identifier": "process-run-crate", "requirement_severity": "RECOMMENDED"}
    )
    return sorted({one.message for one in found.get_issues() if "date" in one.message.lower() or "time" in one.message.lower()})


print("roc-validator", version("roc-validator"))
found = {zone: issues(Path(sys.argv[1]) / f"crate{number}", zone) for number, zone in enumerate(("+00:00", "Z"))}
for zone, lines in found.items():
    print(f"{zone}: {lines or 'no word on times'}")
sys.exit(not found["Z"] or bool(found["+00:00"]))
PYTHON
