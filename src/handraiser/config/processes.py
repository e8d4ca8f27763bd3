"""`handraiser up`: one listening process and a worker of two, ended together within four seconds."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

# Of four seconds; the rest is for noticing the signal, the last kill and our own end on a busy machine.
GRACE_SECONDS = 2.5
_PR_SET_PDEATHSIG = 1


def _command(*verb: str) -> list[str]:
    return [sys.executable, "-m", "handraiser.cli", *verb]


def bound_to_us(how: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the child gets this signal when we die, even by SIGKILL, so nothing is left running.

    Everything acknowledged is on disk, so a kill loses nothing. Linux alone can do this; elsewhere it does
    nothing. The kernel watches the thread that starts the child: let it be the main thread.
    """
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None)
    us = os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(how))
        if os.getppid() != us:  # we died before the kernel was asked
            os._exit(1)

    return bind


def short_turns() -> bool:
    """Ask the kernel for turns of half a millisecond: it then lets us in at once, not after its own turn of whoever
    computes. Our share of the processor stays the same. Linux knows this since 6.12; False where it is not known.
    """
    number = {"x86_64": 314, "aarch64": 274}.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    # struct sched_attr: its size, SCHED_OTHER, no flags, the nice value as it is, the length of a turn in ns.
    wish = struct.pack("IIQiIQQQ", 48, 0, 0, os.nice(0), 0, 500_000, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, wish, 0) == 0)


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
    children = [
        subprocess.Popen(_command(verb), start_new_session=True, preexec_fn=bound_to_us()) for verb in verbs
    ]
    failed = False
    while not stopping:
        time.sleep(0.1)
        if any(child.poll() is not None for child in children):
            failed = not stopping
            break
    _end(children)
    return 1 if failed else 0


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask all of them, wait for the grace, then kill whoever is left."""
    until = time.monotonic() + GRACE_SECONDS
    for child in children:
        if child.poll() is None:
            child.terminate()
    while time.monotonic() < until and any(child.poll() is None for child in children):
        time.sleep(0.02)
    left = [child for child in children if child.poll() is None]
    for child in left:
        os.killpg(child.pid, signal.SIGKILL)
    for child in left:
        child.wait()


if __name__ == "__main__":
    sys.exit(run_together(sys.argv[1:]))
