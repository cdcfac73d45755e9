"""Lets the tests in CyteType's wheel run on cassia: a pytest plugin that stands for the modules they import.

    python -m pytest -p wheel_plugin TESTS      in an environment with both packages, with this folder in PYTHONPATH

The tests import the class from `cytetype`, and put functions of their own in the place of some of `cytetype.main`:
those that write files, upload, submit and wait. Here these are called where cassia would do it itself. Nothing of the
wheel is copied; records of the client, with which the tests build their answers, are its own.
"""

import sys
import types
from pathlib import Path

import cytetype.api
import cytetype.api.exceptions
import cytetype.config
import cytetype.core.results
import cytetype.preprocessing.validation
import h5py
import pandas as pd

from cassia_engine.artifacts import vars_h5
from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.counts import find_counts
from cassia_engine.cytetype import credentials, cyte_type, errors, running
from cassia_engine.cytetype.results import read_results
from cassia_engine.genes.ids import id_kind
from cassia_engine.h5ad.object_data import ObjectData


class Matrices:
    """What is used of an AnnData, of a matrix and data frames alone."""

    def __init__(self, x, var=None, raw=None, counts=None):
        self.X, self.raw, self.layers = x, raw, {} if counts is None else {"counts": counts}
        self.var = pd.DataFrame(index=[f"G{number}" for number in range(x.shape[1])]) if var is None else var
        self.obs, self.uns, self.obsm = pd.DataFrame(index=range(x.shape[0])), {}, {}


def save_features_matrix(out_file, mat, var_df=None, var_names=None, gene_symbols_column=None, raw_mat=None, **_):
    """The client's call, of which cassia has the matrix from an AnnData."""
    data = ObjectData("the AnnData", Matrices(mat, var_df, counts=raw_mat))
    symbols = data.genes(raw=False)
    vars_h5.write_vars_h5(Path(out_file), data, symbols, Compression.GZIP)
    with h5py.File(out_file, "r+") as file:  # the tests name a column of symbols, or none
        info = file["info/var"]
        del info["columns/cytetype_gene_symbols"], info.attrs["gene_symbols_column"]
        if gene_symbols_column is not None:
            info.attrs["gene_symbols_column"] = gene_symbols_column


def is_integer_valued(mat):
    return any(found.place == "layers/counts" for found in find_counts(ObjectData("a", Matrices(mat, counts=mat))))


def id_like_percentage(values):
    return 100.0 * sum(map(is_gene_id_like, values)) / len(values) if values else 100.0


def is_gene_id_like(value):
    return id_kind([value.strip()]) is not None


main = types.ModuleType("cytetype.main")
main.save_features_matrix = save_features_matrix
main.save_obs_duckdb_file = lambda **_: None
main.upload_vars_h5_file = main.upload_obs_duckdb_file = None
main.submit_annotation_job = main.wait_for_completion = main.fetch_remote_results = None
main.aggregate_expression_percentages = None
main.load_credentials = lambda api_url: None


def write(kind, path, data, **_):
    """Where cassia writes a file: by the test's function, if it has one."""
    if kind == "vars_h5":
        name = "__cytetype_gene_symbols"
        main.save_features_matrix(out_file=str(path), mat=data.adata.X, gene_symbols_column=name)
    else:
        main.save_obs_duckdb_file(out_file=str(path))


def run_job(question, *, api_url, token, **_):
    """Where cassia speaks to a server: by the test's functions."""
    uploads = {"vars_h5": main.upload_vars_h5_file, "obs_duckdb": main.upload_obs_duckdb_file}
    uploaded = {kind: uploads[kind]().upload_id for kind in question.artifacts}
    job_id = main.submit_annotation_job(api_url, token.reveal(), question.request(uploaded))
    found = main.wait_for_completion(api_url, token.reveal(), job_id)
    return results_of(found, job_id, f"{api_url}/report/{job_id}")


def look_up(api_url, job_id, token, air_gap):
    found = main.fetch_remote_results(None, job_id, api_url, token.reveal())
    return None if found is None else results_of(found, job_id, "")


def results_of(found, job_id, report_url):
    """Results in the client's form as a server's answer."""
    names = {"ontologyTerm": "cellOntologyTermName", "ontologyTermID": "cellOntologyTerm"}
    said = {
        one["clusterId"]: {"latest": {"annotation": {names.get(name, name): value for name, value in one.items()}}}
        for one in found["annotations"]
    }
    return read_results({**found, "annotations": said}, job_id, report_url)


def saved_token(api_url):
    found = main.load_credentials(api_url)
    return None if found is None else found.apiToken


class CyteType(cyte_type.CyteType):
    """The class with the client's default: the service, and not this machine."""

    def __init__(self, adata, group_key, api_url=None, **options):
        url = api_url or "https://cytetype.nygen.io"
        super().__init__(adata, group_key, api_url=url.rstrip("/"), **options)


def pytest_configure(config):
    running.write_artifact, running.run_job, cyte_type.look_up = write, run_job, look_up
    credentials.saved_token = saved_token
    artifacts = types.ModuleType("cytetype.core.artifacts")
    artifacts.save_features_matrix, artifacts._is_integer_valued = save_features_matrix, is_integer_valued
    validation = types.ModuleType("cytetype.preprocessing.validation")
    validation._is_gene_id_like, validation._id_like_percentage = is_gene_id_like, id_like_percentage
    for name in ("AuthenticationError", "RateLimitError"):
        setattr(cytetype.api.exceptions, name, getattr(errors, name))
    for module in (main, artifacts, validation):
        sys.modules[module.__name__] = module
    cytetype.CyteType, cytetype.main = CyteType, main
    cytetype.core.artifacts, cytetype.preprocessing.validation = artifacts, validation
