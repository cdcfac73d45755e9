"""The texts of the .txt files, and the forms of replies as they stand in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any


@cache
def text_of(name: str) -> str:
    """The text of a file beside this, without the line end behind it."""
    return (files("cassia_engine.prompts") / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def statistics_rule(whom: str, numbered: str) -> str:
    """What gene_statistics are: who asked for them, and what the numbers of other clusters stand for."""
    return Template(text_of("gene_statistics")).substitute(whom=whom, numbered=numbered)


def shape_of(schema: Mapping[str, Any]) -> str:
    """A schema as an example without content, for models that get no schema beside their prompt."""
    return json.dumps(_example(schema), separators=(",", ":"))


def _example(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return " or ".join(schema["enum"])
    match schema["type"]:
        case "object":
            return {name: _example(value) for name, value in schema["properties"].items()}
        case "array":
            return [_example(schema["items"])]
        case "integer":
            return 0
        case _:
            return "..."
