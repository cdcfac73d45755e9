#!/usr/bin/env python3
"""Bring ends and sources of language models up to the installed client packages and litellm's table.

    python -m venv /path/to/venv
    /path/to/venv/bin/pip install openai anthropic genai-prices && /path/to/venv/bin/pip install --no-deps litellm
    PYTHONPATH=. /path/to/venv/bin/python scripts/update_models.py --date 2026-11-28

Writes two tables of cassia_engine/data. models.tsv keeps its rows and what people wrote there; a row whose model a
package has gets that package as a source, the date, and the end if one is announced. model_ends.tsv is made anew: chat
models of other rows' makers whose end is announced. A client package's own word comes before litellm's. Its successors
are chosen here (LINES): the current model of the same line. Run make_prices.py and make_models_doc.py after it.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from fnmatch import fnmatchcase
from importlib.metadata import distribution, version
from pathlib import Path

DATA = Path(__file__).parent.parent / "cassia_engine" / "data"
CLIENTS = {"openai": "openai client", "anthropic": "anthropic client"}
PACKAGES = (*CLIENTS, "genai-prices", "litellm")
LITELLM = "litellm/model_prices_and_context_window_backup.json"
# As litellm's table spells a provider's models, and the provider that it names.
SPELT = {"openai": ("", "openai"), "anthropic": ("", "anthropic"), "google": ("gemini/", "gemini")}
SPELT |= {name: (f"{name}/", name) for name in ("mistral", "groq", "deepseek")}
NO_CHAT = re.compile(r"audio|search|image|tts|live|codex|embed|realtime|research|computer|robotics|ocr|transcribe|^ft:")
# Provider, pattern, successor: the first that fits.
LINES = (
    ("openai", "*mini*", "gpt-6-luna"),
    ("openai", "*nano*", "gpt-6-luna"),
    ("openai", "gpt-3.5*", "gpt-6-luna"),
    ("openai", "*", "gpt-6.1-sol"),
    ("anthropic", "*haiku*", "claude-haiku-5-5"),
    ("anthropic", "*opus*", "claude-opus-5-5"),
    ("anthropic", "*sonnet*", "claude-sonnet-5-5"),
    ("anthropic", "*", "claude-opus-5-5"),
    ("deepseek", "*", "deepseek-flash"),
    ("google", "*flash*", "gemini-3.5-flash-lite"),
    ("google", "gemini-*pro*", "gemini-4-argon"),
    ("mistral", "*small*", "mistral-small-2603"),
    ("mistral", "*", "mistral-large-4"),
    ("groq", "*", "openai/gpt-oss-120b"),
)
Known = dict[tuple[str, str], tuple[str, str]]  # provider and model: day of the end or "", and the source


def known_models() -> Known:
    """Every model that the packages have, the clients' own word last."""
    found: Known = {}
    table = json.loads(Path(str(distribution("litellm").locate_file(LITELLM))).read_text(encoding="utf-8"))
    for provider, (prefix, named) in SPELT.items():
        for name, entry in table.items():
            if entry.get("litellm_provider") == named and entry.get("mode") == "chat" and name.startswith(prefix):
                end = entry.get("deprecation_date") or ""
                found[provider, name.removeprefix(prefix)] = (end, f"litellm {version('litellm')}")
    for provider, name, end in (*_openai(), *_anthropic()):
        found[provider, name] = (
            end or found.get((provider, name), ("",))[0],
            f"{CLIENTS[provider]} {version(provider)}",
        )
    return found


def _openai() -> Iterator[tuple[str, str, str]]:
    text = Path(str(distribution("openai").locate_file("openai/types/shared/chat_model.py"))).read_text("utf-8")
    listed, notes = text.split('"""Deprecated values:', 1)
    yield from (("openai", name, "") for name in re.findall(r'^    "([^"]+)",$', listed, re.MULTILINE))
    for names, day in re.findall(r'- ((?:"[^"]+",?\s*)+):\s*Announced\s+shutdown\s+date:\s+(\d{4}-\d\d-\d\d)', notes):
        yield from (("openai", name, day) for name in re.findall(r'"([^"]+)"', names))


def _anthropic() -> Iterator[tuple[str, str, str]]:
    from anthropic._data import DEPRECATED_MODELS  # type: ignore[import-not-found, unused-ignore]

    text = Path(str(distribution("anthropic").locate_file("anthropic/types/model.py"))).read_text("utf-8")
    yield from (("anthropic", name, "") for name in re.findall(r'^        "([^"]+)",$', text, re.MULTILINE))
    for name, day in DEPRECATED_MODELS.items():
        plain = re.sub(r"(\d)(?:st|nd|rd|th),", r"\1,", day)
        yield "anthropic", name, datetime.strptime(plain, "%B %d, %Y").date().isoformat()


def makers(provider: str, model: str) -> tuple[str, str]:
    """The maker's provider and name of a model; OpenRouter and Bedrock name them in their own way."""
    maker, _, name = model.rpartition("/")
    if provider == "openrouter" and maker in ("openai", "anthropic", "google"):
        return maker, name.replace(".", "-") if maker == "anthropic" else name
    if provider == "bedrock":
        return "anthropic", model.rpartition("anthropic.")[2]
    return provider, model


def _prices(provider: str, model: str) -> str:
    """genai-prices as a source, if it has the model."""
    from genai_prices.data_snapshot import get_snapshot  # type: ignore[import-not-found, unused-ignore]

    try:
        get_snapshot().find_provider_model(model, None, {"bedrock": "aws"}.get(provider, provider), None)
    except LookupError:
        return ""
    return f"genai-prices {version('genai-prices')}"


def updated(row: dict[str, str], known: Known, day: date) -> dict[str, str]:
    """A row of models.tsv as the packages have it today; as it was where none has the model."""
    end, source = known.get(makers(row["provider"], row["model"]), ("", ""))
    sources = [text for text in (_prices(row["provider"], row["model"]), source) if text]
    if not sources:
        return row
    by_hand = [part for part in row["source"].split("; ") if not _is_package(part.removeprefix("end: "))]
    noted = {text: part for text in sources for part in row["source"].split("; ") if part.startswith(f"{text} (")}
    new = [*dict.fromkeys(noted.get(text, text) for text in sources), *by_hand]
    if end and not any(part.startswith("end") for part in by_hand):
        new.append(f"end: {source}")
    return row | {"ends": end or row["ends"], "checked": day.isoformat(), "source": "; ".join(new)}


def _is_package(part: str) -> bool:
    return part.startswith(tuple(f"{CLIENTS.get(name, name)} " for name in PACKAGES))


def endings(known: Known, listed: set[tuple[str, str]], day: date) -> Iterator[tuple[str, ...]]:
    for (provider, name), (end, source) in sorted(known.items()):
        if end and (provider, name) not in listed and not NO_CHAT.search(name):
            line = (new for who, pattern, new in LINES if who == provider and fnmatchcase(name, pattern))
            yield provider, name, end, next(line, ""), day.isoformat(), source


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--date", type=date.fromisoformat, required=True)
    args = parser.parse_args()
    known = known_models()
    with (DATA / "models.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    new = [updated(row, known, args.date) for row in rows]
    _write("models.tsv", [tuple(rows[0]), *(tuple(row.values()) for row in new)])
    listed = {(row["provider"], row["model"]) for row in rows}
    header = ("provider", "model", "ends", "successor", "checked", "source")
    _write("model_ends.tsv", [header, *endings(known, listed, args.date)])


def _write(name: str, rows: list[tuple[str, ...]]) -> None:
    (DATA / name).write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
