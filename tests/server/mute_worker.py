"""A worker that cannot say how it ended."""

from __future__ import annotations

import sys

from cassia_engine.server.specs import NO_OUTCOME

sys.stdin.buffer.read()
sys.exit(NO_OUTCOME)
