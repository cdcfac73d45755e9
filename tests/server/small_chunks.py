"""The command `cassia` whose server has uploads in small chunks, so that those of tests have many:

python -m tests.server.small_chunks serve --data DIR
"""

from __future__ import annotations

from cassia_engine.cli import main
from cassia_engine.server import uploads

CHUNK_BYTES = 2**18

if __name__ == "__main__":
    uploads.CHUNK_BYTES = CHUNK_BYTES
    main()
