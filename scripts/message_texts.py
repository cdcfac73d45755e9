"""The texts of messages as the source writes them: names, constants and conditions are followed to their words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_DEEPEST = 6
# What these make of a value is the value, to a reader.
_AS_THEY_ARE = ("shown", "quoted", "str", "repr", "redacted", "listed")


@dataclass
class Module:
    """A file of the package: path from its folder's parent, and what stands at its top."""

    path: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, _Function]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @cached_property
    def constants(self) -> dict[str, list[_Assignment]]:
        return _assigned(self.tree.body)

    @cached_property
    def blocks(self) -> dict[ast.stmt, tuple[int, ...]]:
        """The blocks around each statement, the outermost first."""
        return dict(_in_blocks(self.tree, ()))

    @cached_property
    def imported(self) -> dict[str, str]:
        """The file that each imported name is from."""
        return {
            alias.asname or alias.name: (node.module or "").replace(".", "/") + ".py"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }


@dataclass
class Package:
    """All modules, by path."""

    modules: dict[str, Module]

    @classmethod
    def load(cls, folder: Path) -> Package:
        paths = {path.relative_to(folder.parent).as_posix(): path for path in sorted(folder.rglob("*.py"))}
        return cls({name: Module(name, ast.parse(path.read_text())) for name, path in paths.items()})

    @cached_property
    def calls(self) -> list[tuple[ast.Call, Scope]]:
        """Every call, with what is known of the names in it."""
        return [call for module in self.modules.values() for call in _calls(module.tree, Scope(self, module))]


@dataclass(frozen=True)
class _Assignment:
    """A value that a name gets in a statement; `adds` if by +=."""

    statement: ast.stmt
    value: ast.expr
    adds: bool = False


@dataclass(frozen=True)
class Scope:
    """Where an expression stands.

    Attributes:
        statement: the one that it is a part of.
        local: what is assigned to each name of the functions around it.
    """

    package: Package
    module: Module
    statement: ast.stmt | None = None
    local: dict[str, list[_Assignment]] = field(default_factory=dict)
    depth: int = 0

    def inside(self, function: _Function) -> Scope:
        arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
        local = {name: found for name, found in self.local.items() if name not in arguments}
        return replace(self, local=local | _assigned(list(ast.walk(function))))

    def at(self, statement: ast.stmt) -> Scope:
        return replace(self, statement=statement)

    def text(self, node: ast.expr) -> str:
        """What an expression says, as far as the source tells."""
        found = self._words(node)
        return found if found is not None else "{" + _plain(node) + "}"

    def formatted(self, arguments: Sequence[ast.expr]) -> str:
        """The text of a logging call."""
        text, values = self.text(arguments[0]), iter(arguments[1:])
        return (
            re.sub(r"%[-\d.]*[a-z]", lambda found: self.text(next(values, arguments[-1])), text)
            if arguments[1:]
            else text
        )

    def _words(self, node: ast.expr) -> str | None:
        """The same; None of what is no text of the source, as a value of the input."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=parts):
                return "".join(self.text(part) for part in parts)
            case ast.FormattedValue(value=value, format_spec=None, conversion=-1):
                return self._words(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right])
            case ast.IfExp(body=body, orelse=other):
                return self._one_of([body, other])
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._one_of(values)
            case ast.Name(id=name):
                return self._of_name(name)
            case ast.Call(func=ast.Name(id=name)):
                return self._of_call(name, node)
        return None

    def _joined(self, nodes: Sequence[ast.expr]) -> str | None:
        return "".join(map(self.text, nodes)) if any(self._words(node) is not None for node in nodes) else None

    def _one_of(self, nodes: Sequence[ast.expr]) -> str | None:
        """One of the texts, in brackets where there are several; None if there is none."""
        if all(self._words(node) is None for node in nodes):
            return None
        return _alternatives(dict.fromkeys(map(self.text, nodes)))

    def _of_name(self, name: str) -> str | None:
        if self.depth == _DEEPEST:
            return None
        if name in self.local:
            return self._of_local(name)
        scope = self._home(name)
        constants = scope.module.constants.get(name) if scope else None
        return scope._words(constants[0].value) if scope and constants else None

    def _of_local(self, name: str) -> str | None:
        """What a name has been given before this statement: last, or in one of several branches."""
        possible: list[_Assignment] = []
        for found in reversed(self.local[name]):
            if self.statement and found.statement.lineno < self.statement.lineno:
                possible.insert(0, found)
                if self._always(found.statement) and not found.adds:
                    break
        texts: dict[str, None] = {}
        added, are_words = "", False
        for found in possible:
            there = replace(self, depth=self.depth + 1).at(found.statement)
            are_words = are_words or there._words(found.value) is not None
            if found.adds:
                added += there.text(found.value) if self._always(found.statement) else f"[{there.text(found.value)}]"
            else:
                texts[there.text(found.value)] = None
        return _alternatives(texts) + added if texts and are_words else None

    def _always(self, earlier: ast.stmt) -> bool:
        """Whether who comes to this statement has come by that one."""
        blocks = self.module.blocks
        around = blocks[earlier]
        return self.statement is not None and blocks[self.statement][: len(around)] == around

    def _of_call(self, name: str, call: ast.Call) -> str | None:
        """An option as the command line has it, or what a function of the package returns."""
        if name in ("option", "argument") and call.args:
            first, *rest = call.args
            values = (value for value in rest if not (isinstance(value, ast.Constant) and value.value is True))
            return f"--{self.text(first)}" + "".join(f" {self.text(value)}" for value in values)
        scope = self._home(name)
        function = scope.module.functions.get(name) if scope else None
        if scope is None or function is None or self.depth == _DEEPEST:
            return None
        if not isinstance(function.returns, ast.Name) or function.returns.id != "str":
            return None
        inside = scope.inside(function)
        returned = [node for node in ast.walk(function) if isinstance(node, ast.Return)]
        texts = {inside.at(node).text(node.value): None for node in returned if node.value}
        return (
            _alternatives(texts) if any(inside.at(node)._words(node.value) for node in returned if node.value) else None
        )

    def _home(self, name: str) -> Scope | None:
        """The top of the module that a name is from."""
        if name in _AS_THEY_ARE:
            return None
        path = self.module.imported.get(name)
        if path is None:
            return replace(self, local={}, depth=self.depth + 1)
        module = self.package.modules.get(path) or self.package.modules.get(path.replace(".py", "/__init__.py"))
        return replace(self, module=module, local={}, depth=self.depth + 1) if module else None


def _in_blocks(node: ast.AST, around: tuple[int, ...]) -> Iterator[tuple[ast.stmt, tuple[int, ...]]]:
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else ():
            if isinstance(child, ast.stmt):
                yield child, (*around, id(value))
            if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
                yield from _in_blocks(child, (*around, id(value)))


def _alternatives(texts: Mapping[str, None]) -> str:
    return next(iter(texts)) if len(texts) == 1 else f"({' | '.join(texts)})"


def _assigned(nodes: Sequence[ast.AST]) -> dict[str, list[_Assignment]]:
    """What names are given, in the order of the source."""
    found: dict[str, list[_Assignment]] = {}
    for node in sorted((node for node in nodes if isinstance(node, ast.stmt)), key=lambda node: node.lineno):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.setdefault(node.target.id, []).append(_Assignment(node, node.value, adds=True))
        if isinstance(node, ast.Assign):
            for target in node.targets:
                both = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                pairs = zip(target.elts, node.value.elts, strict=False) if both else [(target, node.value)]  # type: ignore[attr-defined]
                for name, value in pairs:
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(_Assignment(node, value))
    return found


def _calls(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.Call, Scope]]:
    for child in ast.iter_child_nodes(node):
        inner = scope.inside(child) if isinstance(child, _Function) else scope
        inner = inner.at(child) if isinstance(child, ast.stmt) else inner
        if isinstance(child, ast.Call):
            yield child, inner
        yield from _calls(child, inner)


def _plain(node: ast.expr) -> str:
    """A value by its name: what only makes it presentable is left out."""
    if isinstance(node, ast.FormattedValue):
        return _plain(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _AS_THEY_ARE and node.args:
        return _plain(node.args[0])
    # How Python writes texts in texts again differs between its versions.
    return (
        "..." if any(isinstance(inner, ast.JoinedStr | ast.Starred) for inner in ast.walk(node)) else ast.unparse(node)
    )
