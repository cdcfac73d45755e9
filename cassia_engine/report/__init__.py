"""The report: one self-contained HTML page of a sample, for a biologist to read and to doubt.

    records -> view.page, data.packed -> page.render -> templates/, styles/, scripts/

Python decides every word. The first screen is HTML; the rest is data in the page, which the scripts draw.
"""

from cassia_engine.report.controls import warnings as control_warnings
from cassia_engine.report.controls import words as control_words
from cassia_engine.report.index import render_index
from cassia_engine.report.page import pieces, prepare, render
from cassia_engine.report.review_flags import parts, review, sentence
from cassia_engine.report.sections import Section
from cassia_engine.report.voting import escalation
from cassia_engine.report.wording import plural, summary

__all__ = [
    "Section",
    "control_warnings",
    "control_words",
    "escalation",
    "parts",
    "pieces",
    "plural",
    "prepare",
    "render",
    "render_index",
    "review",
    "sentence",
    "summary",
]
