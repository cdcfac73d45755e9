"""The Containerfile, and what `make image` gathers for it."""

from __future__ import annotations

import re

import pytest

from scripts.make_image import CONTAINERFILE, IMAGES, requirements

# Put into the build's folder for each image: the engine's own wheel.
ENGINE = "engine"


@pytest.mark.parametrize("target", IMAGES)
def test_stages_up_to_a_target_copy_only_what_was_gathered(target: str) -> None:
    """Docker without BuildKit makes all stages up to the target, also those that it does not need."""
    gathered = {
        ENGINE,
        *(path.name for path in requirements(target)),
        *(folder.name for folder in requirements(target).values()),
    }
    stages = re.split(r"^(?=FROM )", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.M)[1:]
    names = [stage.split("\n", 1)[0].split(" AS ")[1] for stage in stages]
    made = stages[: names.index(target) + 1]
    copied = {source for stage in made for source in re.findall(r"^COPY (?!--from)(\S+) ", stage, re.M)}
    assert copied == gathered
