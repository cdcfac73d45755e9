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
_LONGEST_LINE, _LONGEST_FAULT = 400, 2_000  # characters


def main() -> None:
    confined = sandbox.enter()
    # What these load is loaded before files are opened, and after the process can do no harm.
    from cassia_engine.server.reading.answering import Answering

    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    decode = msgspec.json.Decoder(AnyRequest).decode
    opening = decode(requests.readline())
    assert isinstance(opening, Open)
    with closing(Answering(opening)) as answering:
        confined.close()
        answering.read()
        _write(answers, b"+" + _ENCODE(Opened(confined.without_calls)))
        for line in requests:
            _write(answers, _answer(answering, decode(line)))


def _answer(answering: Answering, request: AnyRequest) -> bytes:
    try:
        return b"+" + _ENCODE(answering.answer(request))
    except ArtifactError as error:
        return b"-" + _ENCODE(Failed(_line(str(error)), error.is_absent))
    except Exception as error:
        fault = traceback.format_exc()[-_LONGEST_FAULT:]
        return b"-" + _ENCODE(Failed(f"the files cannot be read: {type(error).__name__}", fault=fault))


def _line(text: str) -> str:
    """A text with words of a file from outside, as one line."""
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST_LINE])


def _write(answers: BinaryIO, line: bytes) -> None:
    answers.write(line + b"\n")
    answers.flush()


if __name__ == "__main__":
    main()
