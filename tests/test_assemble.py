"""The page's one script is made of modules that fit into one scope."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files

from cassia_engine.report import assemble

SCRIPTS = files("cassia_engine.report") / "scripts"
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r'^import \{([^}]*)\} from "\./([a-z]+\.js)";$', re.MULTILINE)


def text_of(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def names(text: str) -> list[str]:
    return DECLARED.findall(text)


def test_every_module_is_in_the_page_once_after_those_that_it_imports() -> None:
    order = assemble.modules_in_order()
    assert sorted(order) == sorted(e.name for e in SCRIPTS.iterdir() if e.name.endswith(".js"))
    for place, name in enumerate(order):
        assert {other for _, other in IMPORTED.findall(text_of(name))} <= set(order[:place]), name


def test_names_at_the_top_of_modules_are_unique_over_all() -> None:
    counts = Counter(name for module in assemble.modules_in_order() for name in names(text_of(module)))
    assert {name: count for name, count in counts.items() if count > 1} == {}


def test_what_is_imported_is_exported_there() -> None:
    for module in assemble.modules_in_order():
        for imported, other in IMPORTED.findall(text_of(module)):
            exported = names("\n".join(re.findall("^export .*", text_of(other), re.MULTILINE)))
            assert {name.strip() for name in imported.split(",") if name.strip()} <= set(exported), (module, other)


def test_nothing_of_modules_is_left_in_the_script_and_nothing_ends_it() -> None:
    assert not re.search(r"^\s*(import|export)\b", assemble.script(), re.MULTILINE)
    assert assemble.script().startswith('"use strict";\n(() => {\n')
    assert "</script" not in assemble.script().lower() and "<!--" not in assemble.script()


def test_styles_stand_from_base_to_print() -> None:
    style = assemble.style()
    assert style.startswith((files("cassia_engine.report") / "styles" / "base.css").read_text(encoding="utf-8"))
    assert style.endswith((files("cassia_engine.report") / "styles" / "print.css").read_text(encoding="utf-8"))
