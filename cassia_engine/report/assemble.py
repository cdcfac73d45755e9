"""The page's one script and one style, put together from their modules.

The scripts are ES modules, so that they can be linted and tested one by one. In the page they are one strict script:
import lines and the word `export` are dropped, and each module stands after those that it imports. Names at the top
of a module are therefore unique over all of them.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

FIRST_MODULE = "main.js"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const |let |function |async function |class )", re.MULTILINE)


@cache
def script() -> str:
    """Every module that the first one needs, in one function of its own."""
    modules = "\n".join(_EXPORT.sub("", _IMPORT.sub("", _text("scripts", name))) for name in modules_in_order())
    return f'"use strict";\n(() => {{\n{modules}}})();\n'


@cache
def modules_in_order() -> tuple[str, ...]:
    """File names of the modules, each after all that it imports."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for other in _IMPORT.findall(_text("scripts", name)):
            visit(other)
        found[name] = None

    visit(FIRST_MODULE)
    return tuple(found)


@cache
def style() -> str:
    """The style sheets: base first, print last, the others between them by name."""
    names = sorted(entry.name for entry in files("cassia_engine.report").joinpath("styles").iterdir())
    order = sorted((name for name in names if name.endswith(".css")), key=_place)
    return "\n".join(_text("styles", name) for name in order)


def _place(name: str) -> tuple[int, str]:
    return {"base.css": 0, "print.css": 2}.get(name, 1), name


@cache
def _text(folder: str, name: str) -> str:
    return files("cassia_engine.report").joinpath(folder, name).read_text(encoding="utf-8")
