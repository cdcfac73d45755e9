"""In place of the process of a run: waits until it is told to stop."""

import signal
import sys

sys.stdin.read()
signal.pause()
