"""How messages name an option: as the command line, Python or R writes it, whichever called.

A message never spells an option itself: `option("gene_map")` is `--gene_map` where the command line called,
`gene_map=...` in Python and `gene_map = ...` in R. Names that a caller has of its own for options stand here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

from cassia_engine.errors import shown

# An environment variable by which a caller of the command says who it is: "R" is R/cassia.R.
CALLER_VARIABLE = "CASSIA_CALLER"

_PYTHON = {"name": "output_name", "outdir": "output_name"}
# The class CyteType has a model in a list of dicts, of which the first is asked on this machine.
_CYTETYPE = {
    "name": "results_prefix",
    "outdir": "results_prefix",
    "n_genes": "n_top_genes",
    "max_workers": "n_parallel_clusters",
    "provider": 'llm_configs[0]["provider"]',
    "model": 'llm_configs[0]["name"]',
    "api_key": 'llm_configs[0]["apiKey"]',
    "base_url": 'llm_configs[0]["baseUrl"]',
    "timeout": 'llm_configs[0]["modelSettings"]["timeout"]',
    "temperature": 'llm_configs[0]["modelSettings"]["temperature"]',
    "reasoning": 'llm_configs[0]["modelSettings"]["reasoning_effort"]',
}
_CASSIA = {**_PYTHON, "cluster_column": "celltype_column", "gene_column": "gene_column_name"}
_NOT_OF_SUBMIT = frozenset({"gene_filter", "species", "auth_token", "llm_configs"})
_NOT_OF_CYTETYPE = frozenset({"gene_filter", "species", "allow_http", "resume"})
_CUT = 60
_NO_VALUE: Any = object()


class Caller(Enum):
    """Who calls; `names` are the caller's own for options that it calls otherwise."""

    COMMAND = "the command line"
    PYTHON = "Python"
    SUBMIT = "the command line, by cassia submit"
    CASSIA = "Python, by a function of CASSIA's"
    CYTETYPE = "Python, by the class CyteType"
    R = "R"

    @property
    def names(self) -> Mapping[str, str]:
        return {
            Caller.COMMAND: {},
            Caller.SUBMIT: {},
            Caller.PYTHON: _PYTHON,
            Caller.CYTETYPE: _CYTETYPE,
        }.get(self, _CASSIA)

    @property
    def lacks(self) -> frozenset[str]:
        """Options that others have, and messages would advise."""
        return {Caller.CYTETYPE: _NOT_OF_CYTETYPE, Caller.SUBMIT: _NOT_OF_SUBMIT}.get(self, frozenset())

    @property
    def is_command(self) -> bool:
        return self in (Caller.COMMAND, Caller.SUBMIT)


_current: ContextVar[Caller] = ContextVar("caller", default=Caller.PYTHON)


@contextmanager
def called_from(who: Caller) -> Iterator[None]:
    """Within it, messages name options as this caller writes them; elsewhere as Python does."""
    token = _current.set(who)
    try:
        yield
    finally:
        _current.reset(token)


def caller() -> Caller:
    """Who calls now."""
    return _current.get()


def offers(name: str) -> bool:
    """Whether the caller has an option, so that it may be advised."""
    return name not in _current.get().lacks


def option(name: str, value: Any = _NO_VALUE) -> str:
    """An option as the caller writes it, with its value if one is given: `--provider offline`, `provider="offline"`,
    `provider = "offline"`; a flag with True is `--fresh`, `fresh=True`, `fresh = TRUE`."""
    who = _current.get()
    if who.is_command:
        return f"--{name}" if value is _NO_VALUE or value is True else f"--{name} {shown(value)}"
    equals = " = " if who is Caller.R else "="
    return f"{argument(name)}{equals}{'...' if value is _NO_VALUE else _literal(value, who)}"


def argument(name: str) -> str:
    """The bare name of an option as the caller writes it: `--tissue`, or `tissue` where it is an argument."""
    who = _current.get()
    return f"--{name}" if who.is_command else who.names.get(name, name)


def _literal(value: Any, who: Caller) -> str:
    if isinstance(value, bool | None):
        return {True: "TRUE", False: "FALSE", None: "NULL"}[value] if who is Caller.R else repr(value)
    if not isinstance(value, str):
        return shown(value)
    plain = value.isprintable() and '"' not in value and "\\" not in value
    text = value[:_CUT]
    return (f'"{text}"' if plain else repr(text)) + ("..." if len(value) > _CUT else "")
