"""Named places where a test makes a process die, as a power cut would."""

from __future__ import annotations

import os
import signal

_armed, _, _turn = os.environ.get("HANDRAISER_FAILPOINT", "").partition(":")
_left = int(_turn or 1)


def reach(name: str) -> None:
    """Kill this process, without a word, if HANDRAISER_FAILPOINT arms this place: `name`, or `name:3` for the
    third time it is reached."""
    global _left
    if _armed != name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
