"""A reader: `python -m cassia_engine.server.reading`, with a request a line on standard input, an answer a line."""

from __future__ import annotations

import sys
import traceback
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from cassia_engine.server.reading import sandbox
from cassia_engine.server.reading.messages import AnyRequest, ArtifactError, Failed, Open, Opened

if TYPE_CHECKING:
    from cassia_engine.server.reading.answering import Answering

_ENCODE = msgspec.json.Encoder().encode


def main() -> None:
    confined = sandbox.enter()
    # What these load is loaded before files are opened, and after the process can do no harm.
    from cassia_engine.server.reading.answering import Answering

    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    decode = msgspec.json.Decoder(AnyRequest).decode
    opening = decode(requests.readline())
    assert isinstance(opening, Open)
    with closing(Answering(opening)) as answering:
        confined.open_only(opening.vars_h5, opening.obs_duckdb)
        answering.open()
        confined.close()
        answering.read()
        _write(answers, b"+" + _ENCODE(Opened(confined.missing)))
        for line in requests:
            _write(answers, _answer(answering, decode(line)))


def _answer(answering: Answering, request: AnyRequest) -> bytes:
    try:
        return b"+" + _ENCODE(answering.answer(request))
    except ArtifactError as error:
        return b"-" + _ENCODE(Failed(str(error), error.is_absent))
    except Exception as error:
        fault = traceback.format_exc()
        return b"-" + _ENCODE(Failed(f"the files cannot be read: {type(error).__name__}", fault=fault))


def _write(answers: BinaryIO, line: bytes) -> None:
    answers.write(line + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
