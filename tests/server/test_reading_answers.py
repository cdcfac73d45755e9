"""What is said of a job's artifacts is what numpy and pandas say of the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.server.question_form import text_of
from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading import running
from cassia_engine.server.reading.answering import Answering
from cassia_engine.server.reading.messages import ArtifactError
from tests.server.artifact_files import CODES, GENES, LABELS, N_CELLS, OBS, UMAP, Files, X, artifacts

CLUSTERS = list(LABELS.values())


pytestmark = pytest.mark.usefixtures("own_databases")
_opened: list[Answering] = []


@pytest.fixture(autouse=True, scope="module")
def _closing() -> Iterator[None]:
    yield
    for one in _opened:
        one.close()


def answering(files: Files, labels: Mapping[str, str] = LABELS) -> Answering:
    return opened(files.vars_h5, files.obs_duckdb, labels)


def opened(vars_h5: Path | None, obs_duckdb: Path | None, labels: Mapping[str, str] = LABELS) -> Answering:
    found = Answering(running.Files(vars_h5, obs_duckdb, labels).opening())
    _opened.append(found)
    found.open()
    found.read()
    return found


@pytest.fixture(scope="module")
def reader(own_databases: None, tmp_path_factory: pytest.TempPathFactory) -> Answering:
    return answering(artifacts(tmp_path_factory.mktemp("artifacts")))


def test_genes(reader: Answering) -> None:
    assert reader.answer(ask.AskGenes()) == ask.Genes(GENES, N_CELLS)


@pytest.mark.parametrize("compression", Compression)
def test_a_gene_by_cluster_and_in_the_cells_of_the_embedding(compression: Compression, tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path, compression=compression))
    for place, gene in enumerate(GENES):
        found: Any = reader.answer(ask.AskExpression(gene))
        assert found.gene == gene
        np.testing.assert_allclose(found.values, X[:, place], atol=1e-4)
        for code, cluster in enumerate(found.clusters):
            values = X[code == CODES, place].astype(float)
            assert (cluster.cluster, cluster.n_cells) == (CLUSTERS[code], len(values))
            assert cluster.percent == pytest.approx(100 * (values != 0).mean(), abs=0.01)
            assert cluster.mean == pytest.approx(values.mean(), rel=1e-5)
            assert cluster.quartiles == pytest.approx(np.quantile(values, (0.25, 0.5, 0.75)), rel=1e-5)


def test_genes_of_large_files_lie_in_several_chunks(tmp_path: Path) -> None:
    """Chunks have ten genes' worth of cells; the second gene of most pairs shares one with the first."""
    x = np.random.default_rng(1).random((N_CELLS, 37)).astype(np.float32)
    x[:, ::3] = 0
    names = [f"G{place}" for place in range(37)]
    reader = answering(artifacts(tmp_path, x=x, symbols=names))
    for place in (36, 10, 9, 35, 10, 3):
        found: Any = reader.answer(ask.AskExpression(f"G{place}"))
        np.testing.assert_allclose(found.values, x[:, place], atol=1e-4)


def test_missing_values_count_for_nothing(tmp_path: Path) -> None:
    x = X.copy()
    x[0, 0], x[1, 0] = np.nan, np.inf
    reader = answering(artifacts(tmp_path, x=x))
    found: Any = reader.answer(ask.AskExpression("CD3D"))
    assert found.values[:2] == [None, None]
    first = found.clusters[CODES[0]]
    values = x[(CODES[0] == CODES) & np.isfinite(x[:, 0]), 0]
    assert (first.n_cells, first.mean) == ((CODES[0] == CODES).sum(), pytest.approx(values.mean()))


def test_of_genes_with_one_name_the_first_is_read(tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path, symbols=["A", "B", "A", "C", "D"]))
    assert reader.answer(ask.AskGenes()) == ask.Genes(["A", "B", "C", "D"], N_CELLS)
    found: Any = reader.answer(ask.AskExpression("A"))
    np.testing.assert_allclose(found.values, X[:, 0], atol=1e-4)


def test_the_embedding(reader: Answering) -> None:
    found: Any = reader.answer(ask.AskEmbedding())
    assert (found.key, found.clusters, found.cluster) == ("umap", CLUSTERS, CODES.tolist())
    np.testing.assert_allclose(np.column_stack([found.x, found.y]), UMAP, atol=1e-3)


def test_many_cells_are_sampled_the_same_ones_in_all_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SAMPLED_CELLS", 10)
    umap = UMAP.copy()
    umap[:20] = np.nan
    files = artifacts(tmp_path, umap=umap)
    found: Any = answering(files).answer(ask.AskEmbedding())
    again = answering(files)
    assert again.answer(ask.AskEmbedding()) == found
    cells = [int(np.abs(umap[:, 0] - x).argsort()[0]) for x in found.x]
    assert len(cells) == 10
    assert cells == sorted(set(cells))
    assert min(cells) >= 20
    assert found.cluster == CODES[cells].tolist()
    expression: Any = again.answer(ask.AskExpression("LYZ"))
    np.testing.assert_allclose(expression.values, X[cells, 1], atol=1e-4)


def test_without_coordinates_genes_are_read_by_cluster_alone(tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path, umap=None))
    found: Any = reader.answer(ask.AskExpression("LYZ"))
    assert (found.values, len(found.clusters)) == ([], 3)
    with pytest.raises(ArtifactError, match=r"^obs\.duckdb: there are no coordinates") as caught:
        reader.answer(ask.AskEmbedding())
    assert caught.value.is_absent


def test_columns_and_the_one_with_the_clusters(reader: Answering) -> None:
    assert reader.answer(ask.AskColumns()) == ask.Columns(
        [
            ask.Column("donor", "categorical", 4),
            ask.Column("leiden", "categorical", 3),
            ask.Column("batch", "categorical", 2),
            ask.Column("n_counts", "numeric", N_CELLS),
        ],
        "leiden",
    )


@pytest.mark.parametrize("column", ["donor", "batch", "leiden"])
def test_composition_of_categories(column: str, reader: Answering) -> None:
    found: Any = reader.answer(ask.AskComposition(column))
    assert isinstance(found, ask.CategoricalComposition)
    expected: Any = pd.crosstab(OBS["leiden"], OBS[column].astype(str))
    assert set(found.values) == set(expected.columns)
    assert found.n_other_values == 0
    for cluster in found.clusters:
        assert cluster.counts == expected.loc[cluster.cluster, found.values].tolist()
        assert (cluster.n_cells, cluster.missing) == (sum(cluster.counts), 0)


def test_composition_of_numbers(reader: Answering) -> None:
    found: Any = reader.answer(ask.AskComposition("n_counts"))
    assert isinstance(found, ask.NumericComposition)
    for code, cluster in enumerate(found.clusters):
        values = OBS["n_counts"][code == CODES]
        assert cluster.quantiles == pytest.approx(np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))
        assert (cluster.n_cells, cluster.missing) == (len(values), 0)


def test_rare_values_are_counted_together_and_missing_ones_apart(tmp_path: Path) -> None:
    often = ["often"] * 30 + [f"rare{place:02}" for place in range(28)] + [None, None]
    numbers = [*np.arange(57.0), np.nan, np.inf, -np.inf]
    obs = OBS.assign(text=pd.Series(often, dtype=object), number=numbers)
    reader = answering(artifacts(tmp_path, obs))
    found: Any = reader.answer(ask.AskComposition("text"))
    assert found.values == ["often", *(f"rare{place:02}" for place in range(19)), "other"]
    assert found.n_other_values == 9
    counts = np.array([cluster.counts for cluster in found.clusters])
    assert counts.sum(axis=0).tolist() == [30, *[1] * 19, 9]
    assert sum(cluster.missing for cluster in found.clusters) == 2
    found = reader.answer(ask.AskComposition("number"))
    assert sum(cluster.missing for cluster in found.clusters) == 3
    assert max(cluster.quantiles[4] for cluster in found.clusters) == 56


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (CODES, {"0": "0", "1": "1", "2": "2"}),
        (CODES + 0.0, {"0": "0.0", "1": "1.0", "2": "2.0"}),
        (CODES + 0.0, {"0": "0", "1": "1", "2": "2"}),
        (CODES > 0, {"a": "True", "b": "False"}),
    ],
    ids=["whole numbers", "numbers", "numbers without decimals", "booleans"],
)
def test_clusters_of_other_types_are_found_by_their_labels(values: Any, labels: dict[str, str], tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path, OBS.assign(leiden=values)), labels)
    found: Any = reader.answer(ask.AskColumns())
    assert found.cluster_column == "leiden"
    sizes = [cluster.n_cells for cluster in reader.answer(ask.AskExpression("LYZ")).clusters]  # type: ignore[attr-defined]
    assert sizes == [(values == type(values[0])(_read(label))).sum() for label in labels.values()]
    composition: Any = reader.answer(ask.AskComposition("donor"))
    assert [sum(cluster.counts) for cluster in composition.clusters] == sizes


def test_clusters_are_found_as_a_job_calls_them(tmp_path: Path) -> None:
    """Without the white space that names of clusters in `obs` may have, and cut."""
    names = [" T\u00a0 cells\t", "NK\n cells", "x" * 600]
    clusters = pd.Categorical.from_codes(CODES, pd.Index(names))
    labels = {str(place): text_of(name)[: ask.LONGEST_NAME] for place, name in enumerate(names)}
    reader = answering(artifacts(tmp_path, OBS.assign(leiden=clusters)), labels)
    found: Any = reader.answer(ask.AskComposition("donor"))
    assert [(cluster.n_cells, sum(cluster.counts)) for cluster in found.clusters] == [(20, 20)] * 3


def _read(label: str) -> Any:
    return label == "True" if label in ("True", "False") else float(label)


def test_the_column_with_just_the_labels_is_preferred(tmp_path: Path) -> None:
    more = pd.Series(CODES).map(dict(enumerate(CLUSTERS))).where(np.arange(N_CELLS) > 2, "Doublets")
    reader = answering(artifacts(tmp_path, pd.concat([more.rename("first"), OBS], axis=1)))
    found: Any = reader.answer(ask.AskColumns())
    assert found.cluster_column == "leiden"


def test_cells_of_no_cluster_of_the_job_are_in_none(tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path), {"0": "T cells", "2": "Mono"})
    found: Any = reader.answer(ask.AskEmbedding())
    assert (found.clusters, found.cluster) == (["T cells", "Mono"], [{0: 0, 1: -1, 2: 1}[code] for code in CODES])
    sizes = [cluster.n_cells for cluster in reader.answer(ask.AskExpression("LYZ")).clusters]  # type: ignore[attr-defined]
    assert sizes == [20, 20]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (ask.AskExpression("CD4"), "vars.h5: there is no such gene"),
        (ask.AskComposition("nothing"), "obs.duckdb: there is no such column"),
        (ask.AskComposition("__vis_coordinates_X_umap_1"), "obs.duckdb: there is no such column"),
    ],
)
def test_what_is_not_there_is_said(request_: Any, said: str, reader: Answering) -> None:
    with pytest.raises(ArtifactError) as caught:
        reader.answer(request_)
    assert (str(caught.value), caught.value.is_absent) == (said, True)


def test_each_file_is_enough_for_its_own_answers(tmp_path: Path) -> None:
    files = artifacts(tmp_path)
    alone = opened(files.vars_h5, None)
    assert alone.answer(ask.AskGenes())
    with pytest.raises(ArtifactError, match=r"^this job has no obs\.duckdb$"):
        alone.answer(ask.AskExpression("LYZ"))
    alone = opened(None, files.obs_duckdb)
    assert alone.answer(ask.AskColumns())
    with pytest.raises(ArtifactError, match=r"^this job has no vars\.h5$"):
        alone.answer(ask.AskGenes())


def test_files_of_different_data_sets_are_refused(tmp_path: Path) -> None:
    files = artifacts(tmp_path)
    (tmp_path / "other").mkdir()
    other = artifacts(tmp_path / "other", OBS[:-1], X[:-1], umap=UMAP[:-1])
    with pytest.raises(ArtifactError, match=r"^vars\.h5 has 60 cells and obs\.duckdb 59"):
        answering(Files(files.vars_h5, other.obs_duckdb)).answer(ask.AskExpression("LYZ"))


def test_no_column_with_the_clusters_is_an_error(tmp_path: Path) -> None:
    reader = answering(artifacts(tmp_path), {"0": "other", "1": "labels", "2": "Mono"})
    with pytest.raises(ArtifactError, match="no column of obs has the labels of the clusters"):
        reader.answer(ask.AskColumns())


def test_types_that_are_no_categories_or_numbers_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "obs.duckdb"
    with duckdb.connect(path) as db:
        db.execute("CREATE TABLE obs AS SELECT 'Mono' AS c, {'a': 1} AS s, [1] AS l, 'x'::BLOB AS b, 1.5::DECIMAL AS d")
    reader = opened(None, path, {"0": "Mono"})
    found: Any = reader.answer(ask.AskColumns())
    assert [(column.name, column.kind) for column in found.columns] == [("c", "categorical"), ("d", "numeric")]
