"""Samplesheets as people and programs write them, right and wrong, for the test that compares their readers."""

from __future__ import annotations

import csv
import io
import random
from typing import Literal

HEADER = "sample,markers,tissue,species"
ROW = "a,m.csv,blood,human"
# What people and programs write, and what they get wrong: by a name, the text of the sheet.
WRITTEN = {
    "plain": f"{HEADER}\n{ROW}\nb,n.csv,lung,mouse\n",
    "no newline at the end": f"{HEADER}\n{ROW}",
    "byte order mark": f"\ufeff{HEADER}\n{ROW}\n",
    "carriage returns": f"{HEADER}\r\n{ROW}\r\n",
    "old Mac": f"{HEADER}\r{ROW}\r",
    "blank lines": f"\n\n{HEADER}\n\n{ROW}\n\n,,,\n  \nb,m.csv,lung,human\n\n",
    "semicolons": f"{HEADER};n_genes;min_pct\n{ROW};5;0.1\n".replace(",", ";"),
    "tabs": f"{HEADER},additional_info\n{ROW},a; b\n".replace(",", "\t"),
    "hint of Excel": f"sep=;\r\n{HEADER}\r\n{ROW}\r\n".replace(",", ";"),
    "quotes": '"sample","markers","tissue","species"\n"a","m.csv","blood, ""whole""","human"\n',
    "quotes inside": f'{HEADER}\na,m.csv,5" of it,human\n',
    "a space before quotes": f'{HEADER}\na,m.csv, "blood",human\n',
    "newlines in quotes": f'{HEADER},additional_info\n{ROW},"one\n\n  two\r\nthree"\nb,m.csv,x,y,\nc,no.csv,x,y,\n',
    "empty quotes": f'{HEADER},n_genes\n{ROW},""\n',
    "names of people": "Sample ID;MARKER FILE; Tissue ;organism;n-genes\na;m.csv;blood;human;7\n",
    "tabs and names of people": "Sample ID\tMarkers file\ttissue\torganism\tadditional-info\tbatch\n"
    "a\tm.csv\tblood\thuman\t  hi\t1\n\nb\tn.csv\tblood\thuman\t\t\n",
    "quotes, and commas at the end": '"sample","markers","tissue","species","additional_info","batch",,\n'
    "a,m.csv,blood,human,  hi,1,,\nb,m.csv,blood,human,,,,\n",
    "separators at the end": f"{HEADER},,\n{ROW},,\nb,m.csv,x,y,,\n",
    "more separators in rows": f"{HEADER}\n{ROW},,\n",
    "spaces around": f"{HEADER},additional_info\n a , m.csv,blood\t, human ,  as it is  \n",
    "column of somebody else's": f"{HEADER},batch,donor\n{ROW},1,\n",
    "rows of one sample": f"{HEADER}\n{ROW}\na,n.csv,blood,human\n",
    "types": f"{HEADER},ascending,siblings,max_p_val_adj,min_log2fc\na,m.csv,x,y,TRUE,0,1e-3,-.5\n",
    "no samples": f"{HEADER}\n",
    "not closed": f'{HEADER}\na,"m.csv,blood,human\n',
    "text after quotes": f'{HEADER}\na,"m.csv"x,blood,human\n',
    "missing column": "sample,markers,species\na,m.csv,human\n",
    "column twice": f"{HEADER},tissue\n{ROW},x\n",
    "column without a name": f"{HEADER},,n_genes\n{ROW},,5\n",
    "too few cells": f"{HEADER}\na,m.csv,blood\n",
    "too many cells": f"{HEADER}\na,m.csv,blood,peripheral,human\n",
    "wrong file": f"{HEADER},gene_map\na,none.csv,x,y,.\n",
    "wrong values": f"{HEADER},n_genes,min_pct,ascending,gene_filter\n../a,m.csv,,y,1.5,-1,yes,all\nb,m.csv,x,y,0,,,\n",
    "reserved name": f"{HEADER}\npipeline_info,m.csv,x,y\n",
    "Müller": f"{HEADER}\na,m.csv,Müller’s 网膜,human\n",
}
BAD_HEADER = """\
sample;makrers;tissue;species;n_gens;;tissue;
a;m.csv;blood;human;;x;;
"""
ONE_SAMPLE = f"""\
{HEADER},n_genes
a,m.csv,blood,human,
a,n.csv,blood,human,3
b,n.csv,blood,human,
b,n.csv,blood,human,
"""
BAD_ROWS = f"""\
{HEADER},n_genes,min_pct,max_p_val_adj,ranking_method,ascending,gene_map,cluster_context
a,m.csv,,human,many,-1,x,score,maybe,none.csv,.
a,none.csv,blood,human,0,.5,1e-3,Score,TRUE,,
,,,,,,,,,,
../b,m.csv,blood,human,1.5,,,,,,
pipeline_info,m.csv,"two
lines",human,,,,,,,
c,m.csv,blood
fine,m.csv,blood,human,,,,,,,
"""
# All lines about a sheet, as they start after its name.
REFUSED: list[tuple[str, list[str]]] = [
    (f"{HEADER}\n", ["the samplesheet has a header and no samples"]),
    (f'{HEADER}\na,"m.csv,blood,human\n', ["line 2: a cell with double quotes is not closed"]),
    (
        "sample,markers,tissue,species\na,b,M\udcfcller,c\n",
        ["the samplesheet is not UTF-8; save it as CSV UTF-8"],
    ),
    (
        BAD_HEADER,
        [
            "unknown column makrers; did you mean markers? Known are sample, markers, tissue, ",
            "column tissue is there twice; keep one",
            "unknown column n_gens; did you mean n_genes? Known are ",
            "column 6 has no name; name it or remove it",
            "column markers is missing; expected a marker table: CSV or TSV, also .gz, Parquet, or an AnnData (.h5ad)",
            # By the last of the two.
            "line 2, tissue: the cell is empty; expected the tissue, in your words",
        ],
    ),
    (
        BAD_ROWS,
        [
            "line 2, tissue: the cell is empty; expected the tissue, in your words",
            "line 2, cluster_context .: this is a folder; expected a file",
            "line 2, n_genes many: expected a whole number",
            "line 2, max_p_val_adj x: expected a number",
            "line 2, min_pct -1: expected at least 0",
            "line 2, ranking_method score: expected one of avg_log2FC, p_val_adj, pct_diff, Score; ",
            "line 2, ascending maybe: expected true or false",
            "line 2, gene_map none.csv: no such file, neither beside the samplesheet nor in ",
            "line 3, markers none.csv: no such file, neither beside the samplesheet nor in ",
            "line 3, n_genes 0: expected at least 1",
            "line 5, sample ../b: expected a name for files and a folder: letters, digits and . _ + -",
            "line 5, n_genes 1.5: expected a whole number",
            "line 6, sample pipeline_info: expected a name for files and a folder",
            "line 8, all columns: 3 cells where the header has 11; expected double quotes around text",
        ],
    ),
    (
        ONE_SAMPLE,
        [
            "line 3, sample: a is in line 2 too, and rows of one sample are several files of it; its "
            "n_genes is empty there and 3 here: make them the same, or name the samples apart",
            "line 5, sample: b is in line 4 too, and rows of one sample are several files of it; n.csv "
            "is already in line 4: remove one of the two, or name the samples apart",
        ],
    ),
]
MISSPELT = {
    "sample,makrers,tissue,species\n": ("makrers", "markers"),
    "sample,markers,tisue,species\n": ("tisue", "tissue"),
    "sample,markers,tissue,species,n_gens\n": ("n_gens", "n_genes"),
    "sample,markers,tissue,species,Ascendign\n": ("Ascendign", "ascending"),
}
DIFFERENT = {
    f"{HEADER},n_genes\n{ROW},\na,n.csv,blood,human,3\n": "its n_genes is empty there and 3 here",
    f"{HEADER}\n{ROW}\na,m.csv,blood,human\n": "m.csv is already in line 2",
}
NOT_SHEETS = ["cluster,gene,avg_log2FC,p_val_adj\n", "cluster,markers\n", "sample,gene,tissue\n", "", "\n\n"]
REFUSED_TEXTS = [text for text, _ in REFUSED]
LISTED = {"refused": REFUSED_TEXTS, "misspelt": [*MISSPELT], "different": [*DIFFERENT], "no sheet": NOT_SHEETS}


def random_sheets(count: int) -> dict[str, str]:
    """Sheets as Python's csv module writes cells of letters, quotes, separators and newlines, in each of its ways."""
    chance = random.Random(13)
    letters = ["a", "B", "7", ' "', '"', '""', ",", ";", "\t", "\n", "\r\n", " ", "'", "ü", "sep=", "#", "\\"]
    sheets = {}
    for number in range(count):
        out = io.StringIO(newline="")
        separator, newline = chance.choice(",;\t"), chance.choice(["\n", "\r\n"])
        quoting: Literal[0, 1] = csv.QUOTE_ALL if chance.random() < 0.5 else csv.QUOTE_MINIMAL
        writer = csv.writer(out, delimiter=separator, lineterminator=newline, quoting=quoting)
        writer.writerow([*HEADER.split(","), "additional_info", "somebody"])
        for row in range(chance.randint(1, 4)):
            prose = ["".join(chance.choices(letters, k=chance.randint(0, 6))) for _ in range(4)]
            writer.writerow([f"s{row}", "m.csv", *prose])
        sheets[f"random {number}"] = out.getvalue()
    return sheets
