"""The broad lineages of the report, their hues, and the tree of the clusters' terms."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.ontology import Ontology
from cassia_engine.ontology import broad_lineages as families
from cassia_engine.report.lineage_hues import _HUES, LINEAGES, lineage_of
from cassia_engine.report.tree import tree
from tests import factories as make
from tests.browser.conftest import render
from tests.reading import Page

ONTOLOGY = Ontology.load()
CURRENT = [term.id for term in ONTOLOGY if not term.deprecated and term.id.startswith("CL:")]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("natural killer cell", "T and innate lymphoid"),
        ("CD8-positive, alpha-beta T cell", "T and innate lymphoid"),
        ("plasma cell", "B and plasma"),
        ("platelet", "myeloid and other blood"),
        ("hematopoietic stem cell", "myeloid and other blood"),
        ("microglial cell", "myeloid and other blood"),
        ("pancreatic A cell", "epithelial and endocrine"),
        ("keratinocyte", "epithelial and endocrine"),
        ("fibroblast", "stromal, muscle and vessel"),
        ("endothelial cell of artery", "stromal, muscle and vessel"),
        ("cardiac muscle cell", "stromal, muscle and vessel"),
        ("astrocyte", "neural and glial"),
        ("melanocyte", "neural and glial"),
    ],
)
def test_lineage_of_a_term(label: str, name: str) -> None:
    lineage = lineage_of(ONTOLOGY.find(label))
    assert lineage is not None
    assert LINEAGES[lineage] == name


@pytest.mark.parametrize("cl_id", ["", "CL:9999999", "not an id", "CL:0000000", "CL:0000586"])  # no cell, germ cell
def test_no_lineage_without_a_term_or_outside_all(cl_id: str) -> None:
    assert lineage_of(cl_id) is None


def test_each_family_of_the_offline_annotator_has_a_hue_or_is_germ() -> None:
    assert {family for family, _, _ in families._TABLE} - set(_HUES) == {"germ"}
    assert set(_HUES) <= {family for family, _, _ in families._TABLE}


# Colours ----------------------------------------------------------------------------------------------------------

Linear = tuple[float, float, float]
# What a person without one kind of cone sees, on linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
SIGHT: dict[str, tuple[Linear, Linear, Linear]] = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
APART = {"full": 30, "protan": 17, "deutan": 18, "tritan": 14}  # least distance of two hues in CIE Lab


def linear(colour: str) -> Linear:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return red, green, blue


def product(rows: Sequence[Linear], rgb: Linear) -> Linear:
    one, two, three = (sum(m * c for m, c in zip(row, rgb, strict=True)) for row in rows)
    return one, two, three


def seen(colour: str, sight: str) -> Linear:
    """CIE Lab (D65) of a colour as somebody sees it."""
    rgb = [min(1.0, max(0.0, c)) for c in product(SIGHT[sight], linear(colour))]
    xyz = product(
        ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041)),
        (rgb[0], rgb[1], rgb[2]),
    )
    x, y, z = (
        t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116
        for t in (c / white for c, white in zip(xyz, (0.95047, 1.0, 1.08883), strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(one: str, other: str) -> float:
    low, high = sorted(product(((0.2126, 0.7152, 0.0722),) * 3, linear(colour))[0] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def colours(scheme: str) -> dict[str, str]:
    """The variables of the styles in one scheme; the first block of a sheet is the light one."""
    found: dict[str, str] = {}
    for sheet in sorted(files("cassia_engine.report").joinpath("styles").iterdir(), key=lambda s: s.name):
        light, *dark = re.split(r"@media[^{]*prefers-color-scheme: dark[^{]*\{", sheet.read_text())
        for part in (light, *(dark if scheme == "dark" else ())):
            found |= dict(re.findall(r"--([a-z0-9-]+): *(#[0-9a-fA-F]{6})", part))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hues_are_seen_on_the_card_and_told_apart_by_everybody(scheme: str) -> None:
    known = colours(scheme)
    hues = [known[f"lineage-{n}"] for n in range(len(LINEAGES))]
    for hue in (*hues, known["lineage-none"]):
        assert contrast(hue, known["card"]) >= 3, hue
    for sight, least in APART.items():
        for one, other in itertools.combinations(hues, 2):
            assert math.dist(seen(one, sight), seen(other, sight)) >= least, (sight, one, other)
        for hue in hues:
            assert math.dist(seen(hue, sight), seen(known["trouble"], sight)) >= 14, (sight, hue)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_cells_are_seen_on_the_card_and_told_apart_by_everybody(scheme: str) -> None:
    known = colours(scheme)
    clusters = [known[f"apart-{n}"] for n in range(8)]
    for colour in (*clusters, *(known[f"sure-{n}"] for n in range(4))):
        assert contrast(colour, known["card"]) >= 3, colour
    for sight in SIGHT:
        least = min(math.dist(seen(a, sight), seen(b, sight)) for a, b in itertools.combinations(clusters, 2))
        assert least >= 20, sight
    assert contrast(known["sure-1"], known["sure-2"]) > 1.8
    assert contrast(known["sure-2"], known["sure-3"]) > 1.8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_fold_changes_are_one_ramp_away_from_the_card(scheme: str) -> None:
    known = colours(scheme)
    ramp = [contrast(known[f"fold-{n}"], known["card"]) for n in range(5)]
    assert ramp == sorted(ramp)
    assert all(later / earlier >= 1.3 for earlier, later in itertools.pairwise(ramp))
    assert contrast(known["fold-line"], known["card"]) >= 3  # round the two palest


# The tree ---------------------------------------------------------------------------------------------------------


def drawn(found: dict[str, Any]) -> list[str]:
    """The tree as indented lines: label, clusters, how many terms are left out above it."""
    lines: list[str] = []
    depths: list[int] = []
    for node in found["nodes"]:
        depths.append(0 if node["parent"] is None else depths[node["parent"]] + 1)
        left_out = f" (+{node['shortened']})" if node["shortened"] else ""
        clusters = f" {node['clusters']}" if node["clusters"] else ""
        lines.append("  " * depths[-1] + node["label"] + left_out + clusters)
    return lines


def test_tree_has_one_path_a_term_and_single_chains_shortened() -> None:
    t, b, nk = (ONTOLOGY.find(label) for label in ("T cell", "naive B cell", "natural killer cell"))
    found = tree([nk, "", t, b, "CL:9999999", nk, ONTOLOGY.find("pericyte")])
    assert found["unplaced"] == [1, 4]
    assert drawn(found) == [
        "hematopoietic cell",
        "  lymphocyte (+2)",
        "    natural killer cell (+2) [0, 5]",
        "    T cell [2]",
        "    naive B cell (+4) [3]",
        "connective tissue cell",
        "  pericyte [6]",
    ]


def test_tree_of_nothing_is_empty() -> None:
    assert tree([]) == {"nodes": [], "unplaced": []}
    assert tree(["", ""]) == {"nodes": [], "unplaced": [0, 1]}


def test_a_cluster_on_a_broader_term_keeps_its_place_above_the_others() -> None:
    nodes = tree(["CL:0000084", "CL:0000625"])["nodes"]  # T cell, CD8-positive, alpha-beta T cell
    (above,) = [n for n in nodes if n["cl_id"] == "CL:0000084"]
    assert above["clusters"] == [0]
    assert nodes[-1]["cl_id"] == "CL:0000625"


def test_a_way_that_another_term_has_gone_is_not_begun_anew() -> None:
    found = tree(["CL:0000571", "CL:0000306"])  # leucophore; crystallin accumulating cell, whose line has another top
    assert drawn(found) == ["stuff accumulating cell", "  leucophore (+1) [0]", "  crystallin accumulating cell [1]"]


def check_is_a_tree(found: dict[str, Any], cl_ids: Sequence[str]) -> None:
    nodes = found["nodes"]
    assert len({node["cl_id"] for node in nodes}) == len(nodes)
    assert sorted([*found["unplaced"], *(i for n in nodes for i in n["clusters"])]) == list(range(len(cl_ids)))
    for place, node in enumerate(nodes):
        assert all(cl_ids[i] == node["cl_id"] for i in node["clusters"])
        branches = sum(n["parent"] == place for n in nodes)
        if node["parent"] is None:
            assert node["shortened"] == 0
            assert branches or node["clusters"]
        else:
            assert node["parent"] < place
            assert ONTOLOGY.is_a(node["cl_id"], nodes[node["parent"]]["cl_id"])
            assert branches != 1 or node["clusters"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*CURRENT, "", "CL:9999999"]), max_size=40))
def test_tree_of_any_terms(cl_ids: list[str]) -> None:
    check_is_a_tree(tree(cl_ids), cl_ids)


def test_tree_of_every_term_has_each_once() -> None:
    found = tree(CURRENT)
    check_is_a_tree(found, CURRENT)
    assert {n["cl_id"] for n in found["nodes"] if n["clusters"]} == set(CURRENT)


def test_report_carries_tree_lineages_and_hues() -> None:
    page = Page(render(make.mixed_bag()))
    assert [one["name"] for one in page.packed("lineages")] == list(LINEAGES)
    assert {row["id"]: row["lineage"] for row in page.rows}["0"] == LINEAGES.index("T and innate lymphoid")
    assert [row["lineage"] for row in page.rows if not row["cl_id"]] == [None] * 4
    found = page.packed("tree")
    check_is_a_tree(found, [row["cl_id"] for row in page.rows])
    assert [page.rows[index]["id"] for index in found["unplaced"]] == ["2", "007", "7", "9"]
