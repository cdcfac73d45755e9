"""The page's one script is made of modules, each with a scope of its own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from cassia_engine.report import assemble
from tests.conftest import ROOT

SCRIPTS = ROOT / "cassia_engine" / "report" / "scripts"
MODULES = {
    str(path.relative_to(SCRIPTS).as_posix()): path.read_text(encoding="utf-8") for path in SCRIPTS.rglob("*.js")
}
DECLARED = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)
IMPORTED = re.compile(r'^import \{([^}]*)\} from "([^"]+)";$', re.MULTILINE)
PLACED = re.compile(r'^\$modules\["([^"]+)"\] = ', re.MULTILINE)


def imported(name: str) -> dict[str, set[str]]:
    """The names that a module takes, by the path of the module that they come from."""
    folder = (SCRIPTS / name).parent
    found = IMPORTED.findall(MODULES[name])
    paths = [(folder / target).resolve().relative_to(SCRIPTS.resolve()).as_posix() for _, target in found]
    return {
        path: {one.split(" as ")[0].strip() for one in names.split(",")} - {""}
        for path, (names, _) in zip(paths, found, strict=True)
    }


def test_every_module_is_in_the_page_once_after_those_that_it_imports() -> None:
    order = PLACED.findall(assemble.script())
    assert sorted(order) == sorted(MODULES)
    for place, name in enumerate(order):
        assert set(imported(name)) <= set(order[:place]), name


def test_what_is_imported_is_exported_there() -> None:
    for module in MODULES:
        for other, names in imported(module).items():
            assert names <= set(DECLARED.findall(MODULES[other])), (module, other)


def test_a_group_imports_from_itself_and_from_what_is_shared() -> None:
    for module in MODULES.keys() - {assemble.FIRST_MODULE}:
        group = str(PurePosixPath(module).parent)
        assert {str(PurePosixPath(other).parent) for other in imported(module)} <= {group, "shared"}, module


def test_nothing_of_modules_is_left_in_the_script_and_nothing_ends_it() -> None:
    assert not re.search(r"^\s*(import|export)\b", assemble.script(), re.MULTILINE)
    assert assemble.script().startswith('"use strict";\n(() => {\n')
    assert "</script" not in assemble.script().lower() and "<!--" not in assemble.script()


def test_a_module_has_a_scope_of_its_own_and_any_name() -> None:
    modules = {
        "main.js": 'import { a as b } from "./one_2/two-words.js";\nconst c = b;\n',
        "one_2/two-words.js": 'import {\n  d,\n} from "../e.js";\nconst c = d;\nexport const a = c;\n'
        "export async function f() {}",
        "e.js": "export const d = 1;\n",
    }
    assert (
        assemble.bundle("main.js", modules.__getitem__)
        == """"use strict";
(() => {
const $modules = {};
$modules["e.js"] = (() => {
const d = 1;
return { d };
})();
$modules["one_2/two-words.js"] = (() => {
const {
  d,
} = $modules["e.js"];
const c = d;
const a = c;
async function f() {}
return { a, f };
})();
$modules["main.js"] = (() => {
const { a: b } = $modules["one_2/two-words.js"];
const c = b;
return {  };
})();
})();
"""
    )


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"main.js": "export let a = 1;\n"}, "main.js: export let a = 1;: write an import or export"),
        ({"main.js": 'import a from "./a.js";\n'}, 'main.js: import a from "./a.js";: write'),
        ({"main.js": 'import { a } from "./a.js";\n', "a.js": 'import { b } from "./main.js";\n'}, "cycle"),
    ],
)
def test_what_cannot_be_put_together_is_refused(modules: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        assemble.bundle("main.js", modules.__getitem__)


def test_styles_stand_from_base_to_print() -> None:
    style = assemble.style()
    styles = SCRIPTS.parent / "styles"
    assert style.startswith((styles / "base.css").read_text(encoding="utf-8"))
    assert style.endswith((styles / "print.css").read_text(encoding="utf-8"))
