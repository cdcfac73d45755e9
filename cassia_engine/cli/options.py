"""Options that several subcommands share, with the defaults of `settings`, and what is built from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.files import local, stem_of
from cassia_engine.records import Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.settings.declaration import Parameter, parameters
from cassia_engine.settings.split_settings import ANNOTATION

Function = TypeVar("Function", bound=Callable[..., Any])


class _FilePath(click.Path):
    """A path of this machine. What is wrong with a file is said by its reader, together with all else that is wrong."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":  # of a variable that is not set
            self.fail("the path is empty; name a file or folder, or leave it out", param, ctx)
        return super().convert(local(value), param, ctx)


class Number(click.FloatRange):
    """A number with bounds; NaN is none, which click takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        return found if math.isfinite(found) else self.fail(f"{value} is no number", param, ctx)


FilePath = _FilePath(path_type=Path, readable=False)

corrections_option = click.option(
    "--corrections",
    type=FilePath,
    help="Table of your own labels and comments, as the report exports it: cluster, label, and if wanted cl_id, "
    "comment, decided_by.",
)
_GROUPS = {
    **{name: declared.group or "Markers" for name, declared in parameters(SplitSettings).items()},
    **dict.fromkeys((*parameters(AnnotateSettings), "fresh"), ANNOTATION),
}
# Options of the marker table that are for a language model stand behind those of who is asked.
_LAST = {name for name, declared in parameters(SplitSettings).items() if declared.group == ANNOTATION}


class Grouped(click.Command):
    """A command whose help lists its options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in sorted(self.get_params(ctx), key=lambda param: param.name in _LAST):
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
                groups.setdefault(_GROUPS.get(param.name or "", "Options"), []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def dataset_options(required: bool = True) -> Callable[[Function], Function]:
    """Name, tissue, species and additional_info; tissue and species are needed if `required`."""
    options = (
        click.option("--name", help="Sample name; output files start with it. [default: from the file's name]"),
        click.option("--tissue", required=required, help='Tissue, in your words; "none" for no tissue.'),
        click.option("--species", required=required, help="Species, such as human or mouse."),
        click.option("--additional_info", default="", help="What else is known of the data, in your words."),
    )
    return lambda command: _with(command, options)


def parameter_option(declared: Parameter, **other: Any) -> Callable[[Function], Function]:
    """The option of a parameter; `other` is what one subcommand says otherwise than the declaration, such as `help`."""
    name = f"--{declared.name}"
    properties: dict[str, Any] = {
        "help": declared.help + (f"  [default: {declared.unset}]" if declared.unset else ""),
    }
    if not other.get("required"):  # to click, a default of None is a value like any other
        properties["default"] = declared.default
    if declared.opposite:
        name += f"/--{declared.opposite}"
    elif declared.kind is bool:
        properties["is_flag"] = True
    else:
        properties["multiple"] = declared.several
        kinds: dict[type, Any] = {Path: FilePath}
        properties["type"] = (
            click.Choice(declared.choices) if declared.choices else kinds.get(declared.kind, declared.kind)
        )
    return click.option(name, **{**properties, **other})


def split_options(command: Function) -> Function:
    """All of SplitSettings but chunk_size: only split deals clusters out to tasks."""
    declared = parameters(SplitSettings).values()
    return _with(command, [parameter_option(one) for one in declared if one.name != "chunk_size"])


def annotate_options(command: Function) -> Function:
    return annotate_options_but()(command)


def annotate_options_but(*names: str, **other: dict[str, Any]) -> Callable[[Function], Function]:
    """The options of annotate but for these, which stay at their defaults; `other` is what the subcommand says of an
    option otherwise than its declaration.
    """
    declared = [one for one in parameters(AnnotateSettings).values() if one.name not in names]
    return lambda command: _with(command, [parameter_option(one, **other.get(one.name, {})) for one in declared])


budget_option = click.option(
    "--budget",
    metavar="NAME",
    help="A budget in the journal that all tasks of a pipeline's run share, in place of the sample's. Without "
    "--max_cost its cap is what the file .budgets/NAME/cap says.",
)


def annotate_settings(options: dict[str, Any]) -> AnnotateSettings:
    """The settings of annotate, taken out of the options of a subcommand."""
    budget = options.pop("budget", None)
    names = [name for name in parameters(AnnotateSettings) if name in options]
    return AnnotateSettings(budget=budget, **{name: options.pop(name) for name in names})


def _with(command: Function, options: Sequence[Callable[[Function], Function]]) -> Function:
    for option in reversed(options):
        command = option(command)
    return command


def dataset(markers: Sequence[Path], name: str | None, tissue: str, species: str, additional_info: str) -> Dataset:
    """What the person said of the data; the name comes from the file's where none was given.

    Raises:
        UsageError: it comes from a pipe, which has no name, or cannot be a name, or a text is none.
    """
    if name is None and len(markers) > 1:
        raise UsageError(
            f"several tables are one sample; give it a name with {argument('name')}",
            path=markers[0],
            code="tables-without-name",
        )
    if name is None and markers[0].parts[:2] == ("/", "dev"):
        raise UsageError(
            f"a pipe has no name for the output files; give one with {argument('name')}",
            path=markers[0],
            code="pipe-without-name",
        )
    return Dataset(stem_of(markers[0]) if name is None else name, tissue, species, additional_info).checked()
