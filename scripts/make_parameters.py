#!/usr/bin/env python3
"""Write what the pipeline repeats of cassia_engine/settings and data/providers.tsv.

    python scripts/make_parameters.py [--check]

Entries of parameters that only the pipeline has, and rules that only it has (pattern, errorMessage), stand in the two
schemas by hand, and the files' own words in the files: what is made here is renewed in its place, and what is new goes
to the end of its group. A test holds the files to what this makes.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cassia_engine.cytetype.credentials import TOKEN_VARIABLE
from cassia_engine.providers.keys import OF_REQUEST
from cassia_engine.providers.table import load
from cassia_engine.records import OFFLINE
from cassia_engine.settings import AnnotateSettings, BackendSettings, RunSettings, SplitSettings
from cassia_engine.settings.declaration import Parameter, parameters
from cassia_engine.settings.known_elsewhere import MEANT

ROOT = Path(__file__).parent.parent
SCHEMA, SHEET, FULL_SHEET = "nextflow_schema.json", "assets/schema_input.json", "assets/samplesheet_full.csv"
CONFIG, MODULES, CONTAINERS = "nextflow.config", "conf/modules.config", "conf/containers.config"
PARAMETERS = "subworkflows/local/utils_cassia/parameters.nf"
SUBWORKFLOW, LAUNCH = "subworkflows/local/cassia/main.nf", "subworkflows/local/utils_cassia/provider.nf"
USAGE = "docs/usage.md"

# The group of the schema that a new parameter goes to.
GROUPS = {
    SplitSettings: "marker_options",
    BackendSettings: "annotation_options",
    AnnotateSettings: "annotation_options",
    RunSettings: "annotation_options",
}
SETTINGS: dict[str, Parameter] = {name: found for kind in GROUPS for name, found in parameters(kind).items()}
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}
# The keys of an entry that are made; all others are written by hand.
RULES = ("type", "format", "exists", "enum", "minimum", "maximum")
MADE = (*RULES, "default", "description", "help_text")
# What modules get of ANNOTATE's settings in ways of their own.
NOT_IN_ARGS = ("max_workers", "max_cost", "journal_dir", "knowledge", "calibration", "batch_wait")


def render() -> dict[str, str]:
    """The files that are made, or have made parts, by their paths in the repository, as they should be."""
    schema, sheet = _schema(), _sheet()
    columns = sheet["items"]["properties"]
    return {
        SCHEMA: _json(schema, indent=2),
        SHEET: _json(sheet, indent=4),
        FULL_SHEET: _full_sheet(columns),
        CONFIG: _between(CONFIG, "\nparams {\n", "\n}\n", _defaults(schema)),
        MODULES: _with_lists(MODULES, _lists_of_modules()),
        CONTAINERS: _containers(),
        SUBWORKFLOW: _with_lists(SUBWORKFLOW, {"sample_options": _of_each_sample(columns)}),
        PARAMETERS: _with_lists(PARAMETERS, {"elsewhere": _elsewhere(schema)}),
        LAUNCH: _with_lists(LAUNCH, {"of_models": _of_models()}),
        USAGE: _between(USAGE, "<!-- made: columns -->\n", "\n\n<!-- end -->", _column_table(columns)),
    }


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _between(path: str, start: str, end: str, made: str) -> str:
    """A file with the part between two texts renewed."""
    before, _, rest = _read(path).partition(start)
    return f"{before}{start}{made}{end}{rest.partition(end)[2]}"


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(_read(SCHEMA))
    groups = {key: group["properties"] for key, group in schema["$defs"].items()}
    titled = {group["title"]: group["properties"] for group in schema["$defs"].values()}
    for kind, group in GROUPS.items():
        for name, declared in parameters(kind).items():
            there = next((entries for entries in groups.values() if name in entries), groups[group])
            home = titled[declared.group] if declared.group else there
            old = there.get(name, {}) if there is home else there.pop(name, {})
            home[name] = _renewed(old, _entry(declared))
    groups["annotation_options"]["provider"] |= _provider_rules()
    return schema


def _sheet() -> dict[str, Any]:
    sheet: dict[str, Any] = json.loads(_read(SHEET))
    columns = sheet["items"]["properties"]
    for name, declared in SETTINGS.items():
        if declared.per_sample:
            made = {key: value for key, value in _entry(declared).items() if key in (*RULES, "description")}
            # Files come beside `meta`.
            columns[name] = _renewed(columns.get(name, {}), made | ({} if declared.kind is Path else {"meta": [name]}))
    return sheet


def _entry(declared: Parameter) -> dict[str, Any]:
    """The made part of a parameter's entry in the schema."""
    is_file = declared.kind is Path and not declared.folder
    unset = f"{declared.help.removesuffix('.')}; else {declared.unset}." if declared.unset else declared.help
    entry = {
        "type": TYPES[declared.kind],
        "format": "file-path" if is_file else None,
        "exists": True if is_file else None,
        "enum": list(declared.choices) or None,
        "minimum": declared.minimum,
        "maximum": declared.maximum,
        "default": _plain(declared.default),
        "description": declared.pipeline_help or unset,
        "help_text": declared.details or None,
    }
    # nf-core's linter wants false left out, as a switch that is not given is off.
    return {key: value for key, value in entry.items() if value is not None and value is not False}


def _plain(value: Any) -> Any:
    """A default as JSON has it: paths are text, 300.0 is 300, and no texts are none."""
    if value == ():
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if isinstance(value, Path) else value


def _renewed(old: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in old.items() if key not in MADE or key in made} | dict(made)


def _provider_rules() -> dict[str, Any]:
    keys = {row.provider: row.key_variable for row in load()}
    names = [OFFLINE, *keys]
    return {
        "pattern": rf"^({'|'.join(names)}|https?://[^'@\s]+)$",
        "errorMessage": f"one of {', '.join(names)}, or a URL without name and password (whose key goes into "
        f"{keys['custom']} of the environment)",
        "examples": names,
    }


def _json(value: Any, indent: int) -> str:
    """JSON with short lists on one line."""

    def joined(found: re.Match[str]) -> str:
        items = " ".join(line.strip() for line in found[1].splitlines())
        return f"[{items}]" if len(items) <= 100 else found[0]

    return re.sub(r"\[\n([^\[\]{}]*?)\n *\]", joined, json.dumps(value, indent=indent)) + "\n"


def _full_sheet(columns: Iterable[str]) -> str:
    """The sheet that has every column, with empty ones for those that it lacks."""
    header, *rows = csv.reader(_read(FULL_SHEET).splitlines())
    new = [column for column in columns if column not in header]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header + new, *(row + [""] * len(new) for row in rows)])
    return out.getvalue()


def _defaults(schema: Mapping[str, Any]) -> str:
    """The defaults of all parameters, a group of the schema after the other."""
    groups = schema["$defs"].values()
    width = max(len(name) for group in groups for name in group["properties"])
    return "\n\n".join(
        "\n".join(
            [
                f"    // {group['title']}",
                *(f"    {name:<{width}} = {_literal(name, spec)}" for name, spec in group["properties"].items()),
            ]
        )
        for group in groups
    )


def _literal(name: str, spec: Mapping[str, Any]) -> str:
    """A parameter's default as Groovy writes it."""
    off = False if spec["type"] == "boolean" else None
    default = _plain(SETTINGS[name].default) if name in SETTINGS else spec.get("default", off)
    return repr(default) if isinstance(default, str) else json.dumps(default)


def _lists_of_modules() -> dict[str, list[str]]:
    # SPLIT is told of what is for models only where one is asked, by a line of its own.
    split = [found for found in parameters(SplitSettings).values() if not found.per_sample and not found.of_models]
    annotate = [found for name, found in parameters(AnnotateSettings).items() if name not in NOT_IN_ARGS]
    return {
        "split_options": [f"'{found.name}'" for found in split],
        "annotate_options": [f"'{found.name}'" for found in annotate if found.kind is not bool],
        "annotate_flags": [f"'{found.name}'" for found in annotate if found.kind is bool],
        "key_variables": [f"{row.provider}: '{' '.join(row.key_variables)}'" for row in load()],
    }


def _of_each_sample(columns: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [f"'{name}'" for name, spec in columns.items() if "meta" in spec and name != "sample"]


def _elsewhere(schema: Mapping[str, Any]) -> list[str]:
    """What other tools call parameters of the pipeline, each with ours."""
    known = {name for group in schema["$defs"].values() for name in group["properties"]}
    return [f"{other}: '{name}'" for other, name in MEANT.items() if name in known]


def _of_models() -> list[str]:
    found = {**parameters(AnnotateSettings), **parameters(SplitSettings)}
    return [f"'{name}'" for name, declared in found.items() if declared.of_models]


def _with_lists(path: str, lists: Mapping[str, list[str]]) -> str:
    """A file of Nextflow code with each list below a comment `// made: NAME` renewed."""

    def renewed(found: re.Match[str]) -> str:
        items = ", ".join(lists[found["name"]])
        if len(found["before"]) + len(items) > 100:
            items = f"\n{_wrapped(items, found['indent'] + ' ' * 4)}\n{found['indent']}"
        return f"{found['comment']}{found['before']}[{items}]"

    made = r"(?P<comment>// made: (?P<name>\w+)\n)(?P<before>(?P<indent> *)[^\[\n]*)\[[^\]]*\]"
    return re.sub(made, renewed, _read(path))


def _wrapped(items: str, indent: str) -> str:
    """The items of a list in lines, which break behind commas alone."""
    items = re.sub("(?<!,) ", "\0", f"{items},")
    kept = textwrap.fill(items, 120, initial_indent=indent, subsequent_indent=indent)
    return kept.replace("\0", " ")


def _containers() -> str:
    """Every engine's list of variables, which starts with those of the providers and the token of CyteType servers."""
    variables = [*(name for row in load() for name in row.variables), OF_REQUEST, TOKEN_VARIABLE]
    lines = _wrapped(", ".join(f"'{name}'" for name in variables), " " * 8)
    return re.sub(r"(envWhitelist = \[\n).*?(\n +'HTTPS_PROXY')", rf"\1{lines}\2", _read(CONTAINERS), flags=re.DOTALL)


def _column_table(columns: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [f"| `{name}` | {_said_of(spec)} |" for name, spec in columns.items()]
    return "\n".join(["| column | what it holds |", "|---|---|", *rows])


def _said_of(spec: Mapping[str, Any]) -> str:
    """What the page says of a column; of long lists of choices, the page has a link."""
    said: str = spec["description"]
    choices = ["true", "false"] if spec["type"] == "boolean" else spec.get("enum", [])
    return said if len(choices) not in range(1, 6) else f"{said} One of {', '.join(f'`{word}`' for word in choices)}."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="Write nothing; exit with 1 if a file is not as made.")
    args = parser.parse_args()
    stale = {path: text for path, text in render().items() if text != _read(path)}
    for path, text in stale.items():
        print(path)
        if not args.check:
            (ROOT / path).write_text(text, encoding="utf-8")
    sys.exit(1 if args.check and stale else 0)


if __name__ == "__main__":
    main()
