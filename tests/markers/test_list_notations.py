"""What real programs and people write into one cell: which genes it names, and which of them as absent or down."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.markers.lists.gene_lists import parse_genes
from tests.markers.test_markers import genes, read
from tests.raising import raises

CD3, LYZ, EPITHELIAL = ("CD3D", "CD3E"), ("LYZ",), ("EPCAM", "KRT8")
# Cell to its genes and what is left out as absent or down.
NOTATIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Python and NumPy
    "[('CD3D', 3.2), ('CD3E', 1), ('LYZ', -2.5)]": (CD3, LYZ),
    "[(3.2, 'CD3D'), (2, 'CD3E'), (-1, 'LYZ')]": (CD3, LYZ),
    "[('CD3D', np.float32(3.2)), (np.str_('CD3E'), 2.0), ('LYZ', np.float64(-2.5))]": (CD3, LYZ),
    "[('CD3D',  3.2) ('CD3E', 1. ) ('LYZ', -2.5)]": (CD3, LYZ),
    "[['CD3D', 3.2], ['CD3E', nan], ['LYZ', -1]]": (CD3, LYZ),
    "(CD3D, 3.2), (CD3E, 1.1), (LYZ, -2.5)": (CD3, LYZ),
    "[np.str_('CD3D'), np.str_('CD3E')]": (CD3, ()),
    "{'CD3D': np.float32(3.2), 'CD3E': 1, 'LYZ': np.float32(-2.5)}": (CD3, LYZ),
    "{'CD3D': 3.2, 'CD3E': 2, 'LYZ': -1e-3}": (CD3, LYZ),
    "{CD3D: 3.2, CD3E: 2, LYZ: -1}": (CD3, LYZ),
    "{0: 'CD3D', 1: 'CD3E'}": (CD3, ()),
    "{'CD3D': True, 'CD3E': True, 'LYZ': False}": (CD3, LYZ),
    "{'CD3D': (3.2, 0.01), 'CD3E': (1, 0.0), 'LYZ': (-2, 0.1)}": (CD3, LYZ),
    "{'CD3D': {'logFC': 3}, 'CD3E': {'logFC': 2}, 'LYZ': {'logFC': -3}}": (CD3, LYZ),
    "{'up': ['CD3D', 'CD3E'], 'down': ['LYZ']}": (CD3, LYZ),
    "{'CD3D': 'up', 'CD3E': 'up', 'LYZ': 'down'}": (CD3, LYZ),
    "defaultdict(<class 'float'>, {'CD3D': 3.2, 'CD3E': 1, 'LYZ': -1})": (CD3, LYZ),
    "OrderedDict([('CD3D', 3.2), ('CD3E', 2.0), ('LYZ', -1.0)])": (CD3, LYZ),
    "Counter({'CD3D': 3, 'CD3E': 1})": (CD3, ()),
    "dict_items([('CD3D', 3.2), ('CD3E', 2), ('LYZ', -1)])": (CD3, LYZ),
    "[['CD3D', 'CD3E'], ['CD2']]": ((*CD3, "CD2"), ()),
    "['CD3D', None, 'CD3E', nan, 'NA', 'None', '']": (CD3, ()),
    "['CD3D', -1.0, 'LYZ', 2]": (LYZ, ("CD3D",)),
    "CD3D, NA, CD3E, nan, None, <NA>": (CD3, ()),
    "['CD3D, CD3E']": (CD3, ()),
    "deque(['CD3D', 'CD3E'], maxlen=5)": (CD3, ()),
    "array([b'CD3D', b'CD3E'], dtype='|S4')": (CD3, ()),
    # pandas
    "<StringArray>\n['CD3D', 'CD3E']\nLength: 2, dtype: string": (CD3, ()),
    "<ArrowStringArray>\n['CD3D', 'CD3E']\nLength: 2, dtype: str": (CD3, ()),
    "<StringArray>\n[]\nLength: 0, dtype: str": ((), ()),
    "['CD3D', 'CD3E']\nCategories (4, str): ['CD3D', 'CD3E', 'CD79A', 'MS4A1']": (CD3, ()),
    "['CD3D', 'CD3E']\nLength: 2\nCategories (70, str): ['G0', 'G1', ..., 'G9']": (CD3, ()),
    "0    CD3D\n1    CD3E\nName: genes, dtype: object": (CD3, ()),
    "0    CD3D\\n1    CD3E\\nName: genes, dtype: object": (CD3, ()),
    "0 CD3D 1 CD3E Name: genes, dtype: object": (CD3, ()),
    "[0    CD3D\n1    CD3E\nName: gene, dtype: str]": (CD3, ()),
    "['0    CD3D\\n1    CD3E']": (CD3, ()),
    "[gene\nCD3D    3.2\nCD3E    2.0\nLYZ    -1.2\nName: score, dtype: float64]": (CD3, LYZ),
    "gene\nCD3D    3\nCD3E    2\nName: count, dtype: int64": (CD3, ()),
    "[Index(['CD3D', 'CD3E'], dtype='str', name='gene')]": (CD3, ()),
    # JSON
    '[{"gene": "CD3D", "logFC": 2}, {"gene": "CD3E", "logFC": 1.5}, {"gene": "LYZ", "logFC": -2}]': (CD3, LYZ),
    '[{"names":"CD3D","scores":2,"pvals_adj":0},{"names":"CD3E","scores":1},{"names":"LYZ","scores":-1}]': (CD3, LYZ),
    '{"gene": ["CD3D", "CD3E", "LYZ"], "auc": [0.9, 0.8, 0.2]}': (CD3, LYZ),
    '{"markers": ["CD3D", "CD3E"]}': (CD3, ()),
    '[{"gene": "CD3D", "direction": "up"}, {"gene": "LYZ", "direction": "down"}]': (("CD3D",), LYZ),
    '["CD3D", null, "CD3E"]': (CD3, ()),
    # R
    'factor(c("CD3D", "CD3E"))': (CD3, ()),
    'factor(c("CD3D", "CD3E"), levels = c("CD3E", "CD3D"))': (CD3, ()),
    'structure(2:1, levels = c("CD3E", "CD3D"), class = "factor")': (CD3, ()),
    'structure(c(2L, 1L), .Label = c("CD3E", "CD3D"), class = "factor")': (CD3, ()),
    "c(CD3D = 3.2, CD3E = 1, LYZ = -2.5)": (CD3, LYZ),
    "c(`HLA-DRA` = 1.5, CD3D = 2)": (("HLA-DRA", "CD3D"), ()),
    'structure(c(3.2, 1, -2.5), names = c("CD3D", "CD3E", "LYZ"))': (CD3, LYZ),
    'structure(list(gene = c("CD3D", "LYZ"), lfc = c(3.2, -2.5)), class = "data.frame", row.names = 1:2)': (
        ("CD3D",),
        LYZ,
    ),
    'c(a = "CD3D", b = "CD3E")': (CD3, ()),
    'c("CD3D", NA, "CD3E")': (CD3, ()),
    'list(c("CD3D", "CD3E"))': (CD3, ()),
    'I("CD3D", "CD3E")': (CD3, ()),
    '[1] "CD3D" "CD3E"': (CD3, ()),
    '[1] "CD3D"\n[2] "CD3E"': (CD3, ()),
    ' [1] "CD3D" "CD3E"\n[11] "LYZ" ': ((*CD3, "LYZ"), ()),
    "[1] CD3D CD3E\nLevels: CD3D CD3E LYZ": (CD3, ()),
    "[1] CD3D CD3E\n3 Levels: CD3D < CD3E < LYZ": (CD3, ()),
    ' chr [1:2] "CD3D" "CD3E"': (CD3, ()),
    '[1] "CD3D, CD3E"': (CD3, ()),
    "character(0)": ((), ()),
    "factor(0)\nLevels: ": ((), ()),
    "list()": ((), ()),
    "[]": ((), ()),
    # HTML and Markdown
    "CD3D<br>CD3E": (CD3, ()),
    "CD3D<br/>CD3E<BR />": (CD3, ()),
    "<ul><li>CD3D</li><li>CD3E</li></ul>": (CD3, ()),
    "<i>CD3D</i>, <em>CD3E</em>": (CD3, ()),
    "CD3D<sup>+</sup>, CD3E<sup>+</sup>, LYZ<sup>-</sup>": (CD3, LYZ),
    "CD3D,&nbsp;CD3E": (CD3, ()),
    "*CD3D*, **CD3E**": (CD3, ()),
    # as people write
    "Markers: CD3D, CD3E": (CD3, ()),
    "Markers:CD3D,CD3E": (CD3, ()),
    "Top genes: CD3D CD3E": (CD3, ()),
    "T cells: CD3D, CD3E": (CD3, ()),
    "Canonical: CD3D; Others: CD3E": (CD3, ()),
    "Markers: ['CD3D', 'CD3E']": (CD3, ()),
    "CD3D, CD3E, and LCK": ((*CD3, "LCK"), ()),
    "CD3D, CD3E and LCK": ((*CD3, "LCK"), ()),
    "CD3D, CD3E & LCK.": ((*CD3, "LCK"), ()),
    "CD3D, CD3E, LCK.": ((*CD3, "LCK"), ()),
    "CD3D. ": (("CD3D",), ()),
    "CD3D, CD3E / LCK, CD2": ((*CD3, "LCK", "CD2"), ()),
    "CD3D/CD3E, LYZ": ((*CD3, "LYZ"), ()),
    "CD3D CD3E, LYZ": ((*CD3, "LYZ"), ()),
    "MS4A1 (CD20), CD3E (T cells)": (("MS4A1", "CD3E"), ()),
    "1 CD3D, 2 CD3E": (CD3, ()),
    "1, CD3D, 2, CD3E": (CD3, ()),
    "CD3D 1, CD3E 2": (CD3, ()),
    "CD3D, 3.2, CD3E, 1, LYZ, -2": (CD3, LYZ),
    "CD3D 3.2 CD3E 1.1 LYZ -2.5": (CD3, LYZ),
    "CD3D 5, CD3E 2, LYZ -2": (CD3, LYZ),
    "CD3D [3.2], CD3E [1.1], LYZ [-1.1]": (CD3, LYZ),
    "CD3D = 3.2; CD3E = 2; LYZ = -1": (CD3, LYZ),
    "CD3D/3.2, CD3E/1.1, LYZ/-1.1": (CD3, LYZ),
    "CD3D|3.2, CD3E|2.5, LYZ|-1": (CD3, LYZ),
    "CD3D logFC=2, CD3E logFC=1, LYZ logFC=-2": (CD3, LYZ),
    "CD3D p<0.01, CD3E p<1e-3": (CD3, ()),
    "MS4A1 (CD20, B1), CD79A": (("MS4A1", "CD79A"), ()),
    "T cells (CD3D, CD3E)": (CD3, ()),
    "#1 CD3D #2 CD3E": (CD3, ()),
    "1:CD3D,2:CD3E": (CD3, ()),
    # direction
    "up: CD3D, CD3E; down: LYZ": (CD3, LYZ),
    "UP: CD3D, CD3E | DOWN: LYZ": (CD3, LYZ),
    "Upregulated: CD3D, CD3E. Downregulated: LYZ": (CD3, LYZ),
    "down-regulated genes: LYZ\nup-regulated genes: CD3D CD3E": (CD3, LYZ),
    "Positive markers: CD3D, CD3E; negative markers: LYZ": (CD3, LYZ),
    "CD3D, CD3E; negative: LYZ": (CD3, LYZ),
    "up=CD3D,CD3E;down=LYZ": (CD3, LYZ),
    "up(CD3D, CD3E); down(LYZ, CD14)": (CD3, ("LYZ", "CD14")),
    "up: ['CD3D', 'CD3E'], down: ['LYZ']": (CD3, LYZ),
    "+: CD3D, CD3E; -: LYZ": (CD3, LYZ),
    "CD3D high, CD3E, LYZ low": (CD3, LYZ),
    "CD3Dhi, CD3Ehigh, LYZlo": (CD3, LYZ),
    "CD3D high CD3E LYZ low": (CD3, LYZ),
    "CD3D (high), CD3E [+], LYZ (low)": (CD3, LYZ),
    "CD3D: high, CD3E: high, LYZ: low": (CD3, LYZ),
    "CD3D_high, CD3E-pos, LYZ_neg": (CD3, LYZ),
    "high CD3D, CD3E, low LYZ": (CD3, LYZ),
    "CD3D up, CD3E up, LYZ down": (CD3, LYZ),
    "CD3D↑, CD3E↑, LYZ↓": (CD3, LYZ),
    "CD3D, CD3E, no LYZ": (CD3, LYZ),
    "CD3D, CD3E, not LYZ": (CD3, LYZ),
    "CD3D, CD3E, NOT LYZ": (CD3, LYZ),
    "CD3D CD3E not LYZ": (CD3, LYZ),
    "CD3D, CD3E and not LYZ": (CD3, LYZ),
    "CD3D, CD3E but not LYZ": (CD3, LYZ),
    "CD3D, CD3E, !LYZ": (CD3, LYZ),
    "CD3D, CD3E, ~LYZ": (CD3, LYZ),
    "+CD3D, +CD3E, -LYZ": (CD3, LYZ),
    "+ CD3D\n+ CD3E\n- LYZ": (CD3, LYZ),
    "CD3D, CD3E, -LYZ": (CD3, LYZ),
    "CD3D, CD3E, LYZ neg": (CD3, LYZ),
    "CD3D, CD3E, LYZ (not expressed)": (CD3, LYZ),
    "CD3D, NOT, CD3E": (("CD3D", "NOT", "CD3E"), ()),
    "-CD3D\n-CD3E": (CD3, ()),
    "CD3D,up,CD3E,up,LYZ,down": (CD3, LYZ),
    "CD3D -> up, CD3E -> up, LYZ -> down": (CD3, LYZ),
    "↑CD3D, ↑CD3E, ↓LYZ": (CD3, LYZ),
    "CD3D (up 3.2), CD3E (up 2.0), LYZ (down 2.1)": (CD3, LYZ),
    "CD3D: +, CD3E: ++, LYZ: -": (CD3, LYZ),
    "CD3D (absent)": ((), ("CD3D",)),
    "CD45RA-CCR7+": (("CCR7",), ("CD45RA",)),
    # a negation reaches every gene of its phrase
    "EPCAM and KRT8 negative": ((), EPITHELIAL),
    "CD3D, EPCAM/KRT8 negative": (("CD3D",), EPITHELIAL),
    "CD3D; EPCAM & KRT8 are low": (("CD3D",), EPITHELIAL),
    "CD3D and CD3E positive, EPCAM and KRT8 negative": (CD3, EPITHELIAL),
    "negative for EPCAM, KRT8": ((), EPITHELIAL),
    "negative for EPCAM, KRT8; CD3D": (("CD3D",), EPITHELIAL),
    "CD3D, CD3E, absence of EPCAM, KRT8": (CD3, EPITHELIAL),
    "CD3D, CD3E, lacks EPCAM and KRT8": (CD3, EPITHELIAL),
    "CD3D CD3E without EPCAM KRT8": (CD3, EPITHELIAL),
    "CD3D+CD3E+ but no EPCAM or KRT8": (CD3, EPITHELIAL),
    "does not express EPCAM, KRT8": ((), EPITHELIAL),
    "lacks EPCAM/KRT8": ((), EPITHELIAL),
    "reduced EPCAM/KRT8, CD3D high": (("CD3D",), EPITHELIAL),
    "CD3D, neither EPCAM nor KRT8": (("CD3D",), EPITHELIAL),
    "CD3D minus EPCAM": (("CD3D",), ("EPCAM",)),
    "CD3D, CD3E rather than EPCAM, KRT8": (CD3, EPITHELIAL),
    "CD3D, CD3E vs EPCAM and KRT8": (CD3, EPITHELIAL),
    "CD3D, CD3E, unlike EPCAM, KRT8": (CD3, EPITHELIAL),
    "CD3D, nSyb1 without EPCAM, KRT8": (("CD3D", "nSyb1"), EPITHELIAL),
    "↑ CD3D, CD3E ↓ EPCAM, KRT8": (CD3, EPITHELIAL),
    "↑ CD3D CD3E; ↓ EPCAM KRT8": (CD3, EPITHELIAL),
    "↓ EPCAM, KRT8 ↑ CD3D, CD3E": (CD3, EPITHELIAL),
    "negative for EPCAM but high KRT8": (("KRT8",), ("EPCAM",)),
    "low EPCAM, high KRT8": (("KRT8",), ("EPCAM",)),
    "negative markers EPCAM, KRT8": ((), EPITHELIAL),
    "CD3D, - EPCAM, - KRT8": (("CD3D",), EPITHELIAL),
    "EPCAM low/KRT8 low": ((), EPITHELIAL),
    "CD6 (down: EPCAM, KRT8), CD3D": (("CD6", "CD3D"), EPITHELIAL),
    "CD3D, CD3E downregulated: EPCAM, KRT8": (CD3, EPITHELIAL),
    "Positive: CD3D CD3E Negative: EPCAM KRT8": (CD3, EPITHELIAL),
    "Neg. markers: EPCAM, KRT8": ((), EPITHELIAL),
    "CD3D; not detected: EPCAM, KRT8": (("CD3D",), EPITHELIAL),
    # words and references around a list
    "mainly CD3D, CD3E": (CD3, ()),
    "high CD3D CD3E": (CD3, ()),
    "CD3D CD3E (Fig. 2a)": (CD3, ()),
    "CD3D, CD3E (see Table S3)": (CD3, ()),
    "CD3D, CD3E (Smith et al., 2019)": (CD3, ()),
    "CD3D, CD3E (Smith et al., 2019; Lee and Park, 2020).": (CD3, ()),
    "CD3D; CD3E doi:10.1038/s41586-019-1234": (CD3, ()),
    "CD3D CD3E https://doi.org/10.1038/s41586-019-1234": (CD3, ()),
    "CD3D, CD3E, PMID: 31000001": (CD3, ()),
    "CD3D (log2FC=3.2) CD3E (log2FC=2.1)": (CD3, ()),
    "CD3D (p = 1e-9) LYZ (p = 0.01)": (("CD3D", "LYZ"), ()),
    # what is written at genes, also at such as are not in the bundled tables (PILRA)
    "CD3D (strong) CD3E (weak)": (CD3, ()),
    "CD3D (T cells) CD3E (naive)": (CD3, ()),
    "CD3D x1 CD3E x2": (CD3, ()),
    "CD3D x1, CD3E ×2, PILRA x3": ((*CD3, "PILRA"), ()),
    "CD3D(17x), PILRA(3.2x)": (("CD3D", "PILRA"), ()),
    "CD3D (2-fold) PILRA (3x)": (("CD3D", "PILRA"), ()),
    "CD3Dhi, PILRAhi, LYZlo, BCAS9lo": (("CD3D", "PILRA"), ("LYZ", "BCAS9")),
    "CD3Dhi PILRAbright": (("CD3D", "PILRA"), ()),
    "c(CD3D|CD3E)": (CD3, ()),
    "c(CD3D CD3E)": (CD3, ()),
    "CD3D, CD3E vs EPCAM, KRT8": (CD3, EPITHELIAL),
    "CD3D; EPCAM-/KRT8-": (("CD3D",), EPITHELIAL),
    "CD3D (T3D), PILRA (FDF03)": (("CD3D", "PILRA"), ()),
    "CD3D (CD100) CD3E (CD101)": (CD3, ()),
    "CD3D|CD3E, LYZ": ((*CD3, "LYZ"), ()),
    "CD3D (strong), CD3E (weak) LYZ": ((*CD3, "LYZ"), ()),
    "CD3D (TCR complex) CD3E [naive]": (CD3, ()),
    "MS4A1 (CD20) CD79A": (("MS4A1", "CD79A"), ()),
    "CD3D 2x, CD3E 3x": (CD3, ()),
    "CD3D: x2, CD3E: x3": (CD3, ()),
    "Cd3dhi, Cd3ehi, Xyz1hi, Abc7lo": (("Cd3d", "Cd3e", "Xyz1"), ("Abc7",)),
    "CD3D^{hi}, CD3E^hi, LYZ^{lo}": (CD3, LYZ),
    "CD3Dʰⁱ, CD3E$^{+}$, LYZˡᵒ": (CD3, LYZ),
    "CD3D, CD3E+/hi, LYZ-/lo": (CD3, LYZ),
    "CD3D, CD3E+/-, LYZlo/-": (CD3, LYZ),
    "CD3D CD3E vs. LYZ": (CD3, LYZ),
    "CD3D CD3E CD2 IL7R PILRA, LYZ": ((*CD3, "CD2", "IL7R", "PILRA", "LYZ"), ()),
    "CD3D, CD3E (-): LYZ": (CD3, LYZ),
    "('CD3D', np.float32(3.2)); ('CD3E', 2.0); ('LYZ', -1)": (CD3, LYZ),
    # names with signs in them
    "zgc:64051, si:ch211-161c3.6": (("zgc:64051", "si:ch211-161c3.6"), ()),
    "zgc:64051 si:ch211-161c3.6 sox10": (("zgc:64051", "si:ch211-161c3.6", "sox10"), ()),
    "['zgc:64051', 'si:dkey-1c11.1']": (("zgc:64051", "si:dkey-1c11.1"), ()),
    "{'zgc:64051': 3.2, 'mt:CoI': -1}": (("zgc:64051",), ("mt:CoI",)),
    "zgc:64051: 3.2, zgc:153704: -1": (("zgc:64051",), ("zgc:153704",)),
    "Su(H), l(2)gl, E(spl)m3-HLH, mt:CoI, su(w[a]), lncRNA:CR12345": (
        ("Su(H)", "l(2)gl", "E(spl)m3-HLH", "mt:CoI", "su(w[a])", "lncRNA:CR12345"),
        (),
    ),
    "Su(H) E(spl)m3-HLH mt:CoI": (("Su(H)", "E(spl)m3-HLH", "mt:CoI"), ()),
    "Su(H) (3.2), l(2)gl (-1)": (("Su(H)",), ("l(2)gl",)),
    "[Su(H), E(spl)m3-HLH]": (("Su(H)", "E(spl)m3-HLH"), ()),
    "c('Su(H)', 'l(2)gl')": (("Su(H)", "l(2)gl"), ()),
    "(Su(H), mt:CoI)": (("Su(H)", "mt:CoI"), ()),
    "elav, tup, cup": (("elav", "tup", "cup"), ()),
    "sox10 mitfa tyrp1b pmela dct": (("sox10", "mitfa", "tyrp1b", "pmela", "dct"), ()),
}


@pytest.mark.parametrize("cell", NOTATIONS)
def test_genes_of_a_cell(cell: str) -> None:
    found = parse_genes(cell)
    assert (found.genes, found.negative) == NOTATIONS[cell]
    assert not found.problem


@pytest.mark.parametrize("between", [" ", ", ", "; ", "|", " | "])
@pytest.mark.parametrize("end", [", ...", " ...", "; …", "...", ", etc..."])
def test_list_that_ends_with_dots_is_cut_off(between: str, end: str) -> None:
    found = parse_genes(between.join((*CD3, "CD2", "PILRA", "IL7R")) + end)
    assert (found.genes, found.is_cut) == ((*CD3, "CD2", "PILRA", "IL7R"), True)


def test_what_is_left_out_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = 'cluster,genes\nT,"CD3D, CD3E, 7, LYZ low, no CD19"\n'
    text += "B,\"[('MS4A1', 2.0), ('CD14', -3.1)]\"\nM,\"LYZ, CD14, etc.\"\n"
    assert genes(read(tmp_path, text)) == {"T": ["CD3D", "CD3E"], "B": ["MS4A1"], "M": ["LYZ", "CD14"]}
    absent = "3 genes have a minus sign or a value below 0, or are said to be low, absent or down"
    assert f"line 2: {absent}; they are no markers and are left out; the first is LYZ" in caplog.text
    assert "line 2: 1 numbers among the genes are no genes and are left out; the first is 7" in caplog.text
    assert 'line 4: 1 lists were cut off with "..." or "etc."' in caplog.text


def test_numbers_below_0_that_belong_to_no_gene_are_refused(tmp_path: Path) -> None:
    with raises("genes-unclear", "-2.5", "CD3D:3.2", path="markers.csv", line=2):
        read(tmp_path, 'cluster,genes\nT,"CD3D, LYZ, -2.5"\nB,"MS4A1, CD79A"\n')


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("low EPCAM, KRT8", "whether low is meant for KRT8 too cannot be told"),
        ("(low) EPCAM, KRT8", "whether low is meant for KRT8 too cannot be told"),
        ("CD3D; EPCAM/KRT8-", "whether the sign in 'EPCAM/KRT8-' is said of each gene cannot be told"),
        ("CD3D, EPCAM/KRT8lo", "whether the sign in 'EPCAM/KRT8lo' is said of each gene cannot be told"),
        ("CD3D, (EPCAM/KRT8) negative", "whether '(EPCAM/KRT8) negative' says absent of each gene cannot be told"),
        ("CD3D; (EPCAM, KRT8)-", "whether '(EPCAM, KRT8)-' says absent of each gene cannot be told"),
        ("CD3D, no EPCAM, KRT8", "whether no is meant for KRT8 too cannot be told"),
        ("- EPCAM, - KRT8", "whether the minus signs in '- EPCAM, - KRT8' are bullets or say absent cannot be told"),
        ("-EPCAM,-KRT8", "whether the minus signs in '-EPCAM,-KRT8' are bullets or say absent cannot be told"),
        ("CD3D, EPCAM and KRT8 low", "whether the genes before 'EPCAM and KRT8 low' are meant too cannot be told"),
        ("CD3D, CD3E (EPCAM, KRT8 low)", "'(EPCAM, KRT8 low)' says of genes in brackets that they are low or absent"),
        ("EPCAM, KRT8 (both low)", "of which genes 'both low' is said cannot be told"),
        ("up CD3D, CD3E down EPCAM, KRT8", "for which genes the word in 'CD3E down EPCAM' is meant cannot be told"),
        ("elav, repo without EPCAM, KRT8", "which genes 'repo without EPCAM' says to be absent cannot be told"),
        ("negative for EPCAM and high KRT8", "which genes 'negative for EPCAM and high KRT8' says to be absent cannot"),
    ],
)
def test_negation_of_which_the_reach_is_unclear_is_refused(tmp_path: Path, cell: str, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, f'cluster,genes\nT,"{cell}"\nB,"MS4A1, CD79A"\n')
    assert str(caught.value).startswith(f"{tmp_path / 'markers.csv'}, line 2: {what}")
    assert str(caught.value).endswith("write it at each gene, as in EPCAM low, KRT8 low")


def test_list_that_is_empty_in_every_notation_has_no_genes(tmp_path: Path) -> None:
    text = "cluster,genes\nT,[]\nB,character(0)\nM,NULL\n"
    with raises("cluster-without-genes", "3 rows", "lines 2, 3, 4", "cluster T", path="markers.csv"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "piece",
    [
        "not ",
        "(",
        "[",
        "c(",
        "a: ",
        "<",
        "up: ",
        ", and",
        " ",
        "-",
        "1 ",
        ".",
        "a/",
        "^",
        "x1 ",
        "A (b) ",
        ", ",
        " , ",
        "; ",
    ],
)
def test_cell_of_repeated_signs_is_read_without_an_error(piece: str) -> None:
    assert sum(map(len, parse_genes(piece * 300).genes)) <= 300 * len(piece)


@pytest.mark.parametrize("cell", ["CD3D - 3.2, CD3E - 2.8", "CD3D – 3.2; CD3E – 2.8", "CD2, CD3D - 1"])
def test_numbers_behind_dashes_are_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(
        UsageError, match=r"whether the number in 'CD3D . [13.2]+' is below 0 cannot be told; write CD3D"
    ):
        read(tmp_path, f'cluster,genes\nT,"{cell}"\nB,"MS4A1, CD79A"\n')
