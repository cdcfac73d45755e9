"""How a line has the name of a set before its genes: with a colon, =, or a dash, also as an item of Markdown."""

from __future__ import annotations

import re

_BULLET, _BOLD = r"\s*(?:[-*•–]\s+)?(?:\*\*)?", r"(?:\*\*)?"
LABELS = (
    # "0: T cells: CD3D, CD3E"
    re.compile(
        rf"{_BULLET}(?P<label>[^\t:;,=*]{{1,40}}:\s{{1,9}}(?P<more>[^\t:;,=*]{{2,60}}?)){_BOLD}\s*:{_BOLD}\s*(?P<genes>\S.*)"
    ),
    *(
        re.compile(rf"{_BULLET}(?P<label>[^\t:;,=*]{{1,80}}?){_BOLD}\s*{sign}{_BOLD}\s*(?P<genes>\S.*)")
        for sign in ("[:：]", "=", r"\s[-–—]\s")
    ),
    # "T cells, CD4: CD3D, CD3E"
    re.compile(rf"{_BULLET}(?P<label>[^\t:;=*]{{1,80}}?){_BOLD}\s*:{_BOLD}\s*(?P<genes>[^\d\s.:+\-][^:]*)"),
)
# A label and the first gene behind it, as a comma cuts them off.
LABELLED = re.compile(r"[^:]{1,80}:\s+[A-Za-z]\S*$")
