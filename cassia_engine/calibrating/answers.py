"""The answers of runs with their features, from what runs leave: conversations files and result files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import field

from cassia_engine.errors import UsageError
from cassia_engine.records import RESULT_KIND
from cassia_engine.records.record import Number, Record
from cassia_engine.stagefiles import ResultFile, read_part
from cassia_engine.text import one_line

_END = "_conversations.json"
_GIVE = f"give NAME{_END} of a run, or a result file of cassia annotate"


class Answer(Record, frozen=True):
    """What was answered for a cluster.

    Attributes:
        data_set: the sample's name.
        label, cl_id: the type and its term, before any correction; "" where there is none.
        features: from which its probability follows; empty where it names no type, and of a run of an earlier cassia.
        provider, model: who answered.
    """

    data_set: str
    cluster: str
    label: str
    cl_id: str
    features: Mapping[str, Number]
    provider: str
    model: str


class _Member(Record, frozen=True, forbid_unknown_fields=False):
    """A cluster in a conversations file. One of an earlier cassia has none of these fields."""

    label: str = ""
    cl_id: str = ""
    features: Mapping[str, Number] = field(default_factory=dict)
    provider: str = ""
    model: str = ""


def read_answers(paths: Sequence[Path]) -> tuple[Answer, ...]:
    """The answers of all files that name a type.

    Raises:
        UsageError: a file cannot be read, is of no known form, or has a cluster that another one has too; or no answer
            has features.
    """
    found: dict[tuple[str, str], Answer] = {}
    for path in paths:
        for answer in _answers_of(path):
            if (answer.data_set, answer.cluster) in found:
                what = f"cluster {answer.cluster} of {answer.data_set} is there twice; give each file once"
                raise UsageError(what, path=path, code="calibrate-cluster-twice")
            found[answer.data_set, answer.cluster] = answer
    answers = tuple(answer for answer in found.values() if answer.label)
    if not any(answer.features for answer in answers):
        what = "no answer has the features that probabilities follow from; run the same again with this cassia, which "
        raise UsageError(f"{what}asks for nothing anew", path=paths[0], code="calibrate-no-features")
    return answers


def _answers_of(path: Path) -> Iterator[Answer]:
    try:
        with open(path, "rb") as file:
            start = file.read(100)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", path=path, code="calibrate-not-readable") from error
    if start.startswith(f'{{"kind":"{RESULT_KIND}"'.encode()):
        return _of_results(path)
    return _of_conversations(path)


def _of_results(path: Path) -> Iterator[Answer]:
    part = read_part(path, in_memory=False)
    assert isinstance(part, ResultFile), "its first line says so"
    for result in part.results:
        answer = result.annotation
        label, cl_id = (answer.label, answer.cl_id) if answer and answer.detailed_types else ("", "")
        name, run = part.dataset.name, part.run
        yield Answer(name, result.cluster.id, label, cl_id, result.features, run.provider, run.model)


def _of_conversations(path: Path) -> Iterator[Answer]:
    try:
        members = msgspec.json.decode(path.read_bytes(), type=dict[str, _Member])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = f"no conversations of a run ({one_line(str(error))}); {_GIVE}"
        raise UsageError(what, path=path, code="calibrate-input-unknown") from error
    name = path.name.removesuffix(_END)
    for cluster, one in members.items():
        yield Answer(name, cluster, one.label, one.cl_id, one.features, one.provider, one.model)
