"""The investigation of a cluster over a scripted model: what is asked, what is looked up, and what comes of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import pytest

from cassia_engine.boosting.boosted import Boosted
from cassia_engine.boosting.investigation import Investigation
from cassia_engine.errors import CallFailedError, StoppedError
from cassia_engine.lookup import MOST_MISSING, MOST_OTHERS, GeneTable, Lookup
from cassia_engine.prompts import Briefing
from cassia_engine.prompts.investigation import BOOST_VERSION, MOST_GENES
from cassia_engine.providers.chat import Finish
from cassia_engine.records import Cluster, Marker, Outcome
from cassia_engine.settings import AnnotateSettings
from tests.conversation.test_conversation import Model, Said, claim
from tests.factories import DATASET, NK_GENES, SELECTION, cluster

THIS = "the authors' own label"
# The digest of what is sent. Another text is another version, but while a version is not yet released.
DIGESTS = {"boost 1": "3752feb755252bbc"}


def whole(id: str, index: int, **log2fc: float) -> Cluster:
    markers = tuple(Marker(gene, value, 1e-5, 0.5, 0.1) for gene, value in log2fc.items())
    return Cluster(id, index, len(markers), len(markers), markers)


TABLE = GeneTable(
    [
        whole("B", 0, MS4A1=5.0, CD3D=-3.0, FCGR3A=-1.0),
        whole(THIS, 1, **dict.fromkeys(NK_GENES, 4.0), FCGR3A=2.5, CD3D=-1.5),
        *(whole(f"T{n}", n, CD3D=float(n), CD3E=1.0) for n in range(2, 9)),
    ]
)


def enquiry(*genes: str, types: tuple[str, ...] = ("natural killer cell", "CD8 T cell")) -> dict[str, Any]:
    hypotheses = [
        {"cell_type": name, "cl_name": name, "genes_for": ["NKG7"], "genes_against": [], "still_open": "CD3"}
        for name in types
    ]
    return {"hypotheses": hypotheses, "wanted_genes": list(genes)}


def answer(**changes: Any) -> dict[str, Any]:
    named = {"cell_type": "natural killer cell", "cl_name": "natural killer cell"}
    more = {"sure": named, "specific": {**named, "separating_genes": [], "probability": 80}}
    return {**claim(conflicts=[]), **more, **changes}


def investigate(*said: Said, earlier: Mapping[str, Any] | None = None, **options: Any) -> tuple[Boosted, Model]:
    script = list(said)
    model = Model(lambda role, n, chat: script[min(len(model.asked), len(script) - 1)])
    lookup = Lookup(TABLE, THIS, MOST_GENES)
    others = {1: ["MS4A1"], 3: ["CD3D", "CD3E"]}
    settings = AnnotateSettings(provider="custom", **options)
    work = Investigation(cluster(THIS), Briefing(DATASET, SELECTION), lookup, model, settings, others, earlier or {})
    return asyncio.run(work.run()), model


def last_block(model: Model, at: int) -> dict[str, Any]:
    text = model.asked[at][1].messages[-1].text
    start, end = "<gene_statistics>\n", "\n</gene_statistics>"
    return dict(json.loads(text[text.index(start) + len(start) : text.index(end)]))


def test_genes_are_looked_up_in_this_and_other_clusters_until_no_more_are_asked_for() -> None:
    found, model = investigate(enquiry("FCGR3A", "cd3d", "CD3E", "KLRF9"), enquiry(), answer())
    assert model.roles == "investigator investigator investigator"
    assert found.outcome is Outcome.ANNOTATED and found.label == "natural killer cell"
    assert found.types[0].cl_id == "CL:0000623"
    first = found.rounds[0].found
    assert first.missing == ("KLRF9",) and first.elsewhere == ("CD3E",)
    rows = [(row.gene, row.cluster, row.log2fc) for row in first.rows]
    assert rows[:2] == [("FCGR3A", THIS, 2.5), ("FCGR3A", "B", -1.0)]
    assert rows[2:7] == [("CD3D", THIS, -1.5), *(("CD3D", f"T{n}", float(n)) for n in (8, 7, 6, 5))]
    assert MOST_OTHERS == 4 and len(found.rounds) == 2
    block = last_block(model, 1)
    assert block["columns"] == ["gene", "cluster", "rank", "log2fc", "pct_in", "pct_out", "p_val_adj"]
    assert block["rows"][0] == ["FCGR3A", "this", 11, 2.5, 0.5, 0.1, 1e-05]
    assert block["rows"][1][:3] == ["FCGR3A", 1, 3]
    assert block["no_row_for_this_cluster"] == ["CD3E"] and block["not_in_the_table"] == ["KLRF9"]
    assert found.usage.calls == 3 and [call["prompts"] for call in found.calls] == [BOOST_VERSION] * 3


def test_no_cluster_is_named_to_the_model() -> None:
    _, model = investigate(enquiry("FCGR3A", "CD3D"), enquiry(), answer(), earlier={"cell_type": "T cell"})
    sent = json.dumps([astuple(chat) for _, chat, *_ in model.asked])
    assert THIS not in sent and '\\"T8\\"' not in sent
    assert "earlier_answer" in sent and "clusters_by_number" in sent


def test_the_last_round_is_followed_by_the_answer() -> None:
    found, model = investigate(enquiry("FCGR3A"), enquiry("CD3D"), answer(), max_rounds=2)
    assert len(model.asked) == 3 and len(found.rounds) == 2
    asks = [chat.messages[-1].text for _, chat, *_ in model.asked]
    assert "Round 1 of 2" in asks[0] and "It is the last one" in asks[1]
    assert "gene_statistics" in asks[2] and "Now the answer" in asks[2]
    titles = [(chat.schema or {})["title"] for _, chat, *_ in model.asked]
    assert titles == ["cassia_enquiry", "cassia_enquiry", "cassia_annotation"]


def test_a_gene_is_looked_up_once_and_not_too_many() -> None:
    many = [f"GENE{n}" for n in range(MOST_MISSING + 5)]
    found, _ = investigate(enquiry("CD3D", *many, "CD3E"), enquiry("GENE1", "cd3d", "FCGR3A"), enquiry(), answer())
    first, second, _ = (one.found for one in found.rounds)
    assert first.asked == ("CD3D", *many[:MOST_MISSING], "CD3E") and first.left_out == tuple(many[MOST_MISSING:])
    assert second.asked == ("FCGR3A",) and second.left_out == ("GENE1", "cd3d")


def test_genes_that_the_table_lacks_take_no_place_of_others() -> None:
    lookup = Lookup(TABLE, THIS, 2)
    found = lookup.look_up(["GENE1", "GENE2", "CD3D", "FCGR3A", "CD3E"])
    assert found.missing == ("GENE1", "GENE2") and found.left_out == ("CD3E",)
    assert {row.gene for row in found.rows} == {"CD3D", "FCGR3A"}


def test_what_was_looked_up_may_be_cited_and_what_is_down_is_named() -> None:
    cited = [{"gene": gene, "speaks_for": "x"} for gene in ("GNLY", "NKG7", "FCGR3A", "CD3D")]
    found, _ = investigate(enquiry("FCGR3A", "CD3D"), enquiry(), answer(evidence=cited))
    assert found.findings and found.findings.evidence == ("GNLY", "NKG7", "FCGR3A")
    assert found.findings.unsupported == () and found.down == ("CD3D",)


def test_an_answer_with_genes_that_nobody_saw_is_asked_for_again() -> None:
    invented = answer(evidence=[{"gene": gene, "speaks_for": "x"} for gene in ("FOXP3", "IL2RA", "CTLA4")])
    found, model = investigate(enquiry(), invented, answer())
    assert len(model.asked) == 3 and "did not pass all checks" in model.asked[2][1].messages[-1].text
    assert found.findings and not found.findings.back and found.findings.evidence[0] == "GNLY"
    stubborn, model = investigate(enquiry(), invented, invented)
    assert len(model.asked) == 3 and stubborn.findings and stubborn.findings.back


def test_unresolved_is_an_answer() -> None:
    found, _ = investigate(enquiry(), answer(lineage="unresolved", candidates=[], evidence=[]))
    assert found.outcome is Outcome.ANNOTATED and found.label == "unresolved" and found.types == ()


LOST: dict[str, tuple[Said, Outcome]] = {
    "refused": (("I will not.", Finish.REFUSED), Outcome.REFUSED),
    "cut off": (('{"hypotheses":[', Finish.LENGTH), Outcome.TRUNCATED),
    "no object": ("It is an NK cell.", Outcome.UNPARSED),
    "failed": (CallFailedError("503"), Outcome.FAILED),
}


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("first", [(), (enquiry("FCGR3A"),), (enquiry(),)], ids=["first", "second", "answer"])
def test_a_lost_reply_is_no_answer_and_keeps_what_was_found(how: str, first: tuple[Said, ...]) -> None:
    said, outcome = LOST[how]
    found, _ = investigate(*first, said)
    assert found.outcome is outcome and found.reason and found.label == ""
    assert len(found.rounds) == len(first)


def test_an_unreadable_enquiry_goes_to_the_formatter() -> None:
    said = "Perhaps a natural killer cell; look at FCGR3A and CD3D."
    formed = enquiry("FCGR3A", "CD3D", types=("natural killer cell",))
    formed["hypotheses"][0].update(genes_for=[], still_open="")
    found, model = investigate(said, formed, enquiry(), answer())
    assert model.roles.split()[1] == "formatter"
    assert found.rounds[0].found.asked == ("FCGR3A", "CD3D") and found.label == "natural killer cell"


def test_what_ends_all_calls_ends_this_one() -> None:
    with pytest.raises(StoppedError):
        investigate(enquiry("CD3D"), StoppedError("stopped"))


def test_prompts_have_a_version() -> None:
    _, model = investigate(enquiry("FCGR3A", "CD3D"), enquiry(), answer(), earlier={"cell_type": "T cell"})
    asked = (astuple(chat) for _, chat, *_ in model.asked)
    chats = [(system, [turn[:2] for turn in turns], *more) for system, turns, *more in asked]
    digest = hashlib.sha256(json.dumps(chats).encode()).hexdigest()[:16]
    assert DIGESTS[BOOST_VERSION] == digest, f"a new BOOST_VERSION, or while it is not released its digest: {digest}"
