"""In place of the process of a run: it is killed each time."""

import os
import signal
import sys

sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
