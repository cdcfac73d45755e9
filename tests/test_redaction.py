"""A key that comes back in a provider's answer is removed in any form, in time linear in the answer's length."""

from __future__ import annotations

import base64
import codecs
import json
import random
import resource
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.redaction import redacted
from cassia_engine.secret import Secret

KEY = "sk-canary-9f8e7d6c5b4a3210XYZ"
DISGUISES = {
    "as it is": KEY,
    "upper case": KEY.upper(),
    "zero-width spaces": "\u200b".join(KEY),
    "control characters": "\x01".join(KEY),
    "soft hyphens": "\u00ad".join(KEY),
    "line breaks in JSON": json.dumps("\n".join(KEY))[1:-1],
    "accents": "\u0301".join(KEY),
    "spaces": " ".join(KEY),
    "full-width letters": "".join(chr(ord(letter) + 0xFEE0) for letter in KEY),
    "escapes of JSON": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "escapes in JSON in JSON": json.dumps("".join(f"\\u{ord(letter):04X}" for letter in KEY))[1:-1],
    "entities of HTML": "".join(f"&#{ord(letter)};" for letter in KEY),
    "percent": "".join(f"%{ord(letter):02x}" for letter in KEY),
    "percent where needed": quote(KEY, safe=""),
    "hexadecimal": KEY.encode().hex(),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 behind other text": base64.b64encode(b"Bearer " + KEY.encode()).decode(),
    "backwards": KEY[::-1],
    "base64 of URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "base64 twice": base64.b64encode(base64.b64encode(KEY.encode())).decode(),
    "base64 backwards": base64.b64encode(KEY[::-1].encode()).decode(),
    "lines of base64": "\\n".join(base64.b64encode(KEY.encode()).decode()[at : at + 10] for at in range(0, 40, 10)),
    "hexadecimal with colons": KEY.encode().hex(":"),
    "bytes of Python": "".join(f"\\x{ord(letter):02x}" for letter in KEY),
    "numbers of Python": str(list(KEY.encode())),
    "hexadecimal numbers": ", ".join(hex(byte) for byte in KEY.encode()),
    "octal": "".join(f"\\{byte:03o}" for byte in KEY.encode()),
    "binary": " ".join(f"{byte:08b}" for byte in KEY.encode()),
    "escapes in braces": "".join(f"\\u{{{ord(letter):x}}}" for letter in KEY),
    "percent twice": "".join(f"%25{ord(letter):02x}" for letter in KEY),
    "old percent": "".join(f"%u{ord(letter):04x}" for letter in KEY),
    "entities without end": "".join(f"&#x{ord(letter):x}" for letter in KEY),
    "rot13": codecs.encode(KEY, "rot13"),
    "bold letters": "".join(f"**{letter}**" for letter in KEY),
    "letters in quotes": str(list(KEY)),
    "letters in tags": "".join(f"<b>{letter}</b>" for letter in KEY),
    "hyphens": "-".join(KEY),
    "a key in a tag": f'<a href="{KEY}">',
    "a piece": KEY[7:16],
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_key_is_removed(disguise: str) -> None:
    written = DISGUISES[disguise]
    text = redacted(f'{{"a": "T cell {written} CD3D"}}', Secret(KEY))
    assert "***" in text
    assert written not in text
    assert text.startswith('{"a": "T cell ') and text.endswith(' CD3D"}')
    # At most the end of an encoded key stays, which says nothing.
    assert len(text) - len('{"a": "T cell *** CD3D"}') <= len("QmVhcmVyIH") + 4


@given(st.text(max_size=400))
@settings(deadline=None)
def test_text_without_the_key_stays(text: str) -> None:
    assert redacted(text, Secret("sk-Qv7wZ2tKj9Lm4Xp8Rb1Nc6")) == text


@given(st.text(max_size=50), st.text(max_size=50))
@settings(deadline=None)
def test_key_is_removed_from_any_text(before: str, after: str) -> None:
    assert KEY not in redacted(before + KEY + after, Secret(KEY))


def test_words_of_an_answer_are_no_pieces_of_a_placeholder() -> None:
    text = "The monocyte expresses anything. CD14"
    assert redacted(text, Secret("anything-works")) == text
    assert redacted(text, Secret("CD14")) == text


HUGE = {
    "backslashes": "\\" * 8_000_000,
    "line breaks in JSON": "\\n" * 500_000,
    "escapes": "\\u0043" * 160_000,
    "letters": "é" * 1_000_000,
    "beginnings of the key": KEY[:-1][:7] * 140_000,
}


@pytest.mark.parametrize("text", HUGE)
def test_time_grows_with_the_length_only(text: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert redacted(HUGE[text], Secret(KEY)) == HUGE[text]
    # What was quadratic took days for the first of these; CPU time, so that a busy machine does not matter.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20


def test_many_echoes_are_all_removed() -> None:
    pieces = [KEY, "\\u0073" + KEY[1:], KEY.upper(), "CD3D"] * 2000
    random.Random(0).shuffle(pieces)
    text = redacted(" ".join(pieces), Secret(KEY))
    assert "canary" not in text.lower()
    assert text.count("CD3D") == 2000
