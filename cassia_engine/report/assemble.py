"""The page's one script and one style, put together from their modules.

The scripts are ES modules in folders, so that they can be linted and tested one by one. In the page they are one strict
script: each module is a function of its own, called after those of the modules that it imports, and gives what it
exports. Names at the top of a module are therefore its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from functools import cache, partial
from graphlib import TopologicalSorter
from importlib.resources import files

FIRST_MODULE = "main.js"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.\.?/[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|class|function|async function) (\w+))", re.MULTILINE)
_OTHER_FORM = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


@cache
def script() -> str:
    """Every module that the first one needs, in one script."""
    return bundle(FIRST_MODULE, partial(_text, "scripts"))


def bundle(first: str, read: Callable[[str], str]) -> str:
    """One strict script of a module and of all that it imports.

    Args:
        first: the path of the module that is to run, such as main.js.
        read: gives the text of a module by its path, such as table/grid.js.

    Raises:
        ValueError: modules import each other in a circle, or an import or export has another form than
            `import { a, b as c } from "./x.js";` and `export` before a const, class or function.
    """
    waiting, imports, scopes = [first], dict[str, list[str]](), dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in scopes:
            text = read(name)
            imports[name] = [_path(name, target) for _, target in _IMPORT.findall(text)]
            scopes[name] = _scope(name, text)
            waiting += imports[name]
    ordered = "".join(scopes[name] for name in TopologicalSorter(imports).static_order())
    return f'"use strict";\n(() => {{\nconst $modules = {{}};\n{ordered}}})();\n'


def _scope(name: str, text: str) -> str:
    """A module as a function that is called at once, and what it exports by the module's path."""
    body = _EXPORT.sub("", _IMPORT.sub(lambda found: _taken(name, found), text))
    if other := _OTHER_FORM.search(body):
        raise ValueError(f"{name}: {other[0]}: write an import or export in the form that assemble.bundle names")
    exported = ", ".join(_EXPORT.findall(text))
    return f'$modules["{name}"] = (() => {{\n{body.strip()}\nreturn {{ {exported} }};\n}})();\n'


def _taken(importer: str, found: re.Match[str]) -> str:
    """An import as a statement that takes the names from a module that was called before."""
    return f'const {{{found[1].replace(" as ", ": ")}}} = $modules["{_path(importer, found[2])}"];\n'


def _path(importer: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))


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
    return files("cassia_engine.report").joinpath(folder, *name.split("/")).read_text(encoding="utf-8")
