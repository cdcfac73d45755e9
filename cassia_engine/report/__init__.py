"""The report: one self-contained HTML page of a sample, for a biologist to read and to doubt.

    records -> look.concerns -> view.page -> page.render -> template.html.j2, card.html.j2

`view` decides what the page says, in plain dataclasses; the templates only place it.
"""

from cassia_engine.report.page import render

__all__ = ["render"]
