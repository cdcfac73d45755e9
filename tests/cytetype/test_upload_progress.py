"""Lines about an upload: one now and then."""

from __future__ import annotations

import pytest

from cassia_engine.cytetype.upload_progress import UploadProgress, progress_lines


def test_a_line_comes_at_most_every_10_seconds(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 9.9, 10.0, 10.0, 12.0, 21.0, 21.0])
    tell = progress_lines(lambda: next(times))
    with caplog.at_level("INFO"):
        for sent in (1, 2, 3, 4):
            tell(UploadProgress("vars_h5", sent * 10**6, 5 * 10**6))
    assert caplog.messages == ["2 of 5 MB of vars_h5 are uploaded", "4 of 5 MB of vars_h5 are uploaded"]
