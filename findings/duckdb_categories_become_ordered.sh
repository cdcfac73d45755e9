#!/bin/sh
# Guess: a pandas categorical that goes through a DuckDB query comes back as it was
# What happens: it comes back ordered, so that clusters can be compared with < and have a minimum
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q duckdb==2.0.1 pandas==3.1.1 numpy==2.5.5
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import duckdb
import pandas as pd

print("duckdb", duckdb.__version__, "pandas", pd.__version__)
frame = pd.DataFrame({"cluster": pd.Categorical(["B cell", "T cell", "B cell"], categories=["T cell", "B cell"])})
back = duckdb.sql("SELECT * FROM frame").df()
print("before:", frame["cluster"].dtype, "after:", back["cluster"].dtype, "minimum:", back["cluster"].min())
assert not frame["cluster"].cat.ordered and back["cluster"].cat.ordered
assert back["cluster"].min() == "T cell"
PYTHON
