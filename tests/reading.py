"""A report read back: its elements in order, its text, and the data that it carries for its scripts."""

from __future__ import annotations

import base64
import json
import re
import zlib
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

TIMES = re.compile("^(Answered|Time)(?=[0-9l]).*$", re.MULTILINE)  # of the run's facts
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """An HTML page: elements with their attributes, the text that is shown, and the text of each element with an id.

    `scripts` and `styles` hold the texts of these elements, by id where they have one, else by "".
    """

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.text_of: dict[str, str] = {}
        self.scripts: dict[str, str] = {}
        self.styles: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        # Cells and rows close themselves: go up to the element that this tag ends.
        while self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in ("script", "style"):
            tag, name = self._open[-1]
            texts = self.scripts if tag == "script" else self.styles
            texts[name] = texts.get(name, "") + data
            return
        self.text += data
        for _, name in self._open:
            if name:
                self.text_of[name] = self.text_of.get(name, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    # --- the data

    @cached_property
    def data(self) -> dict[str, Any]:
        """What every script wants at once."""
        return dict(json.loads(self.scripts["page-data"]))

    def packed(self, name: str) -> Any:
        return json.loads(zlib.decompress(base64.b64decode(self.scripts[f"packed-{name}"])))

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        rows = self.packed("rows")
        return [row | ({"key_id": "".join(map(chr, row["key_id"]))} if "key_id" in row else {}) for row in rows]

    def row(self, id: str) -> dict[str, Any]:
        return next(row for row in self.rows if row.get("key_id", row["id"]) == id)

    def detail(self, id: str) -> dict[str, Any]:
        """The details of a cluster, long texts put back where they stand."""
        index = self.rows.index(self.row(id))
        found = self.packed(f"details-{index // self.data['block']}")[index % self.data["block"]]
        return dict(_filled(found, self.packed("texts"), found.get("texts", [])))

    def markers(self, id: str) -> list[dict[str, Any]]:
        """The markers of a cluster by rank, each with its gene and its statistics."""
        whole = self.packed("markers")
        found = whole["clusters"][self.rows.index(self.row(id))]
        statistics = [key for key in found if key != "g"]
        return [
            {"gene": whole["genes"][number], **{key: found[key][rank] for key in statistics}}
            for rank, number in enumerate(found["g"])
        ]

    def everything(self) -> str:
        """All texts of the page and of its data, a line each."""
        parts = [self.data, *(self.packed(name[7:]) for name in self.scripts if name.startswith("packed-"))]
        return "\n".join((self.text, *texts_of(parts)))


def outcome_bars(html: str) -> list[str]:
    """The outcome bars of a report or an index, with their legends, as they are written."""
    return re.findall('<div class="outcomes">.*?</div>', html, re.DOTALL)


def without_times(html: str) -> str:
    """All that a report says but when it was answered and how long that took, as text to compare."""
    page = Page(html)
    text = TIMES.sub("", page.text)
    names = [name for name in page.scripts if name.startswith("packed-")]
    parts = {name: _timeless(page.packed(name.removeprefix("packed-"))) for name in names}
    return json.dumps([text, page.elements, page.data, parts, page.scripts[""], page.styles[""]], indent=1)


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items() if name != "seconds"}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _filled(value: Any, texts: list[str], own: list[str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"text"} and isinstance(value["text"], int):
            return texts[value["text"]]
        if value.keys() == {"own"}:
            return own[value["own"]]
        return {name: _filled(item, texts, own) for name, item in value.items()}
    return [_filled(item, texts, own) for item in value] if isinstance(value, list) else value


def texts_of(value: Any) -> list[str]:
    """Every text in a value of JSON, names of fields too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in texts_of(item)]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []
