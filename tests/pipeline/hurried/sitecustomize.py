"""In a task whose PYTHONPATH has this folder: the batches of ANNOTATE with short waits, and its key for a mock."""

import sys

if "annotate" in sys.orig_argv:
    import pytest

    from tests.batches import hurry

    hurry(pytest.MonkeyPatch())
