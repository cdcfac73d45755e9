"""The version of the package; pyproject.toml and the pipeline's manifest have the same, which a test compares."""

__version__ = "0.1.0"
