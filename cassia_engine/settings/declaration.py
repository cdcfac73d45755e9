"""How a setting is declared: name, type and default by its field, all else by the field's metadata.

From that are made the checks of a settings object (`check`), the options of the command line (`cli.options`) and, by
scripts/make_parameters.py, the pipeline's parameters, the columns of a samplesheet and what lists them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from cassia_engine.callers import option
from cassia_engine.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Value = TypeVar("Value")

_KEY = "parameter"


class Parameter(NamedTuple):  # quicker to make than a dataclass, and each task of a run makes it
    """What is declared of a setting.

    Attributes:
        default: its value where none is given.
        help: what it does, in a sentence.
        name, type: those of its field; in the field's metadata they are not known yet.
        unset: what holds where it is None, if the sentence shall say it: "the model's own".
        details: more about it, for the pipeline's `--help`.
        pipeline_help: the sentence where the pipeline, with its many tasks, needs another one.
        choices: the values it may have.
        minimum, maximum: the least and the largest value of a number; None for any.
        check: its check, by name and value, in place of that by its type.
        opposite: of a flag that may be None, the option that sets it to False.
        folder: the path is that of a folder, not of a file that is read.
        per_sample: samples may differ in it, so a samplesheet has a column of its name.
        of_models: it says how a language model is asked.
        group: the title of the group that lists it in help; "" for that of its settings class.
    """

    default: Any
    help: str
    name: str = ""
    type: Any = NoneType
    unset: str = ""
    details: str = ""
    pipeline_help: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    check: Callable[[str, Any], None] | None = None
    opposite: str = ""
    folder: bool = False
    per_sample: bool = False
    of_models: bool = False
    group: str = ""

    @property
    def kind(self) -> type:
        """The type of its values other than None, or of each of several: bool, int, float, str or Path."""
        kind: type = next(iter(get_args(self.type)), self.type)
        return kind

    @property
    def several(self) -> bool:
        """Whether it is a tuple of texts: an option that is repeated, a list in Python, a text in the pipeline."""
        return get_origin(self.type) is tuple

    @property
    def optional(self) -> bool:
        """Whether it may be None."""
        return NoneType in get_args(self.type)


def parameter(default: Value, help: str, *, show: bool = True, **declared: Any) -> Value:
    """A field of a settings class that is a parameter; `declared` is what else a `Parameter` holds.

    Args:
        show: whether its value is in the object's repr; False where it may hold a password.
    """
    metadata = {_KEY: Parameter(default, help, **declared)}
    made: Value = field(default=default, repr=show, metadata=metadata)
    return made


@cache
def parameters(settings: type[DataclassInstance]) -> Mapping[str, Parameter]:
    """The parameters of a settings class by name, in its order. A key is none: parameters are written down."""
    types = get_type_hints(settings)
    found = (f for f in fields(settings) if _KEY in f.metadata)
    return {f.name: f.metadata[_KEY]._replace(name=f.name, type=types[f.name]) for f in found}


def input_paths(*settings: DataclassInstance) -> list[Path]:
    """The files that settings name, which are read."""
    return [
        value
        for one in settings
        for name, declared in parameters(type(one)).items()
        if declared.kind is Path and not declared.folder and (value := getattr(one, name)) is not None
    ]


def check(settings: DataclassInstance) -> None:
    """Refuse values that were not declared.

    Raises:
        UsageError: there is one; names the first.
    """
    for name, declared in parameters(type(settings)).items():
        value = getattr(settings, name)
        if declared.check:
            declared.check(name, value)
        elif expected := _expected_instead(declared, value):
            raise UsageError(f"{option(name, value)}: expected {expected}", code="setting-invalid")


def as_texts(value: object) -> object:
    """What a person gave for a parameter of several texts, as a tuple: one text alone stands for itself."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _expected_instead(declared: Parameter, value: Any) -> str:
    """What a parameter expects, if a value is something else; else ""."""
    if declared.kind is bool:
        return _flag_expected(declared, value)
    if value is None and declared.optional:
        return ""
    if declared.several:
        texts = isinstance(value, tuple) and all(isinstance(text, str) and text.strip() for text in value)
        return "" if texts else "a text, or a list of texts, none of them empty"
    if declared.choices and value not in declared.choices:
        return f"one of {', '.join(declared.choices)}{did_you_mean(str(value), declared.choices, form='; {}')}"
    if declared.kind is str and not isinstance(value, str):
        return "text"
    return _number_expected(declared, value) if declared.kind in (int, float) else ""


def _flag_expected(declared: Parameter, value: Any) -> str:
    if declared.optional:
        return "" if value in (None, True, False) else "True, False or None"
    return "" if isinstance(value, bool) else "True or False"


def _number_expected(declared: Parameter, value: Any) -> str:
    least = -math.inf if declared.minimum is None else declared.minimum
    most = math.inf if declared.maximum is None else declared.maximum
    # A flag is a number to Python, and NaN is not below anything.
    is_number = isinstance(value, Integral if declared.kind is int else Real) and not isinstance(value, bool)
    if is_number and least <= value <= most and value < math.inf:
        return ""
    number = "a whole number" if declared.kind is int else "a number"
    if declared.maximum is not None:
        return f"{number} from {declared.minimum} to {declared.maximum}"
    return number if declared.minimum is None else f"{number} of at least {declared.minimum}"
