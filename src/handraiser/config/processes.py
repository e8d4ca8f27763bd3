"""`handraiser up`: one listening process and a worker of two, ended together within four seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

GRACE_SECONDS = 3.0


def _command(*verb: str) -> list[str]:
    return [sys.executable, "-m", "handraiser.cli", *verb]


def run_together(verbs: Sequence[str]) -> int:
    """Run each verb in a process of its own until a signal comes or one of them ends.

    Returns 0 after a signal, 1 if a process ended by itself. What does not stop within the grace is killed:
    everything acknowledged is on disk by then.
    """
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # Own process groups, so that Ctrl-C in a terminal reaches them once, through us.
    children = [subprocess.Popen(_command(verb), start_new_session=True) for verb in verbs]
    failed = False
    while not stopping:
        time.sleep(0.1)
        if any(child.poll() is not None for child in children):
            failed = not stopping
            break
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + GRACE_SECONDS
    for child in children:
        try:
            child.wait(max(0.05, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return 1 if failed else 0
