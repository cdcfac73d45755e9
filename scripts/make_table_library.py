#!/usr/bin/env python3
"""Make cassia_engine/report/vendor/datatables.js, the library that draws the report's table, from the package itables.

    .venv/bin/python -m scripts.make_table_library

The developers' environment has itables, at the version that pyproject.toml pins for it. itables ships DataTables with
jQuery as one ES module; in the report it is an inline script, which cannot export, so its `export` becomes one global,
`DataTable`. The same version gives the same bytes; tests/report/test_table_library.py compares them.
"""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

PACKAGE = "itables"
BUNDLE = "itables/html/dt_bundle.js"
OUTPUT = Path(__file__).parent.parent / "cassia_engine" / "report" / "vendor" / "datatables.js"
# Characters that cannot be seen are written as escapes, which are the same to a script: the page has none of them.
_UNSEEN = re.compile(r"[^\n\t -~\u00a1-\u00ac\u00ae-\u1fff]")
_EXPORTS = re.compile(r"export\{([^}]*)\};?")


def text() -> str:
    """The library as a script with its licence (MIT).

    Raises:
        ValueError: the installed bundle has not the one export list that the pinned version has.
    """
    bundle = Path(str(distribution(PACKAGE).locate_file(BUNDLE))).read_text(encoding="utf-8")
    body = _UNSEEN.sub(_escape, as_function_body(bundle))
    return f"/*!\n{_licence()}*/\nvar DataTable = (() => {{\n{body}\n}})();\n"


def as_function_body(module: str) -> str:
    """The text of an ES module as the body of a function that returns the module's default export."""
    lists = _EXPORTS.findall(module)
    names = dict(tuple(reversed(pair.split(" as "))) for pair in lists[-1].split(",")) if lists else {}
    if len(lists) != 1 or "default" not in names:
        raise ValueError(f"{BUNDLE} of {PACKAGE} has no single list of exports with a default: pin another version")
    return _EXPORTS.sub(lambda _: f"return {names['default']};", module)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _licence() -> str:
    """Who wrote what is in the bundle, and the licence that all of it is under; the bundle's end lists its parts."""
    package = distribution(PACKAGE)
    terms = str(package.read_text("licenses/LICENSE"))
    return (
        f"Bundle of {PACKAGE} {package.version}. In it, under the same licence (MIT): DataTables and its extensions,\n"
        "Copyright SpryMedia Ltd; jQuery, Copyright OpenJS Foundation and other contributors; JSZip, Copyright Stuart\n"
        f"Knightley and others. The list of parts stands at the end.\n\n{terms}"
    )


if __name__ == "__main__":
    OUTPUT.write_text(text(), encoding="utf-8")
