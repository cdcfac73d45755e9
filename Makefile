# make demo   annotate two bundled real data sets through Nextflow, offline
# make test   check and test everything
# make image  build the image cassia:<version> for the pipeline's container profiles, with podman or docker
# make clean  remove what they have made in this folder
# make help   print this
# They set up what they need in this folder: .venv (Python) and .tools (Nextflow). Java 17 or newer must be there.

SHELL := /bin/sh
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -q
NEXTFLOW := .tools/nextflow
DEMO_OUT := results/demo
# Without a terminal, a line for each task instead of a screen that is drawn again and again.
PLAIN := $$(test -t 1 || echo -ansi-log false)

.PHONY: help demo test image lint fast-tests slow-tests ci-setup nextflow prerequisites moved clean

help:
	@sed -n 's/^# make/make/p' Makefile

demo: .venv/.cassia nextflow
	@$(NEXTFLOW) run . -profile test --outdir $(DEMO_OUT) $(PLAIN)
	@echo
	@echo "Open in a browser the page that leads to the reports, or a report:"
	@for report in $(DEMO_OUT)/index.html $(DEMO_OUT)/*/*_report.html; do echo "  $(CURDIR)/$$report"; done

test: ci-setup lint fast-tests slow-tests

# ENGINE=docker, PLATFORM=linux/arm64 and BASE=<image with Python 3.11> choose other than what is found or usual;
# TARGET=server makes the image of `cassia serve`.
image: .venv/.cassia
	@$(PY) -m scripts.make_image

lint: .venv/.dev nextflow
	@.venv/bin/ruff check -q . && .venv/bin/ruff format --check -q .
	@.venv/bin/mypy
	@scripts/lint-nextflow

fast-tests: .venv/.dev
	@$(PY) -m pytest -q -n 2 --dist worksteal --durations 20 -m "not slow"

# Slurm, podman and docker are there once for all tests.
slow-tests: .venv/.dev nextflow
	@$(PY) -m pytest -q -rs -n 2 --dist loadfile --durations 20 -m slow --ignore tests/executors
	@$(PY) -m pytest -q -rs --durations 10 -m slow tests/executors

# On a CI machine (CI=true, or CASSIA_TEST_EXECUTORS=1) installs what is missing; on a person's machine does nothing.
ci-setup: .venv/.dev
	@scripts/ci-setup

# Always looked at: a person's own Nextflow may have come or gone. Nothing is fetched twice.
nextflow: .venv/.cassia
	@$(PY) scripts/get_nextflow.py

# Made again when the checkout was moved: the paths in it are absolute.
ifneq ($(shell cat .venv/.cassia 2>/dev/null),$(CURDIR))
.venv/.cassia: moved
endif

.venv/.cassia: pyproject.toml | prerequisites
	@test ! -e .venv/.cassia || test "$$(cat .venv/.cassia)" = "$(CURDIR)" || rm -rf .venv
	@python=$$(scripts/find-python) || exit 1; \
	echo "cassia: setting up .venv with $$python" >&2; \
	"$$python" -m venv .venv && $(PIP) -e . && echo "$(CURDIR)" > $@

# One line if Python or Java is missing, before anything is downloaded.
prerequisites:
	@python=$$(scripts/find-python) && "$$python" scripts/get_nextflow.py --check

.venv/.dev: .venv/.cassia
	@echo "cassia: adding the developers' tools to .venv" >&2
	@$(PIP) -e ".[dev]" && touch $@

clean:
	rm -rf .venv .tools results work build .nextflow .nextflow.log*
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
