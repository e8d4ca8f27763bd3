"""Requests over real HTTP from a process of its own, and the processor time that they cost the product.

Wall time on a shared machine measures its neighbours too. So rates are requests per second of processor time
(user and system, all threads) that the listening process used.
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

CONNECTIONS = 8
WINDOW_CPU_SECONDS = 1.2  # the clock of /proc ticks in hundredths
MOST_REQUESTS = 20_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Request:
    """One request of the load."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def _drive(port: int, requests: Sequence[Request]) -> Counter[int]:
    """Send all requests over a few kept connections; how often each status came. Runs in the client process."""
    waiting, statuses, lock = iter(requests), Counter[int](), threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                connection.close()
                return
            connection.request(request.method, request.path, request.body, request.headers)
            answer = connection.getresponse()
            answer.read()
            with lock:
                statuses[answer.status] += 1

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


class Client:
    """The process that sends. Use it as a context manager."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def send(self, requests: Sequence[Request], *, expect: int) -> None:
        """Send them all. RuntimeError unless each was answered with this status."""
        statuses = self._pool.submit(_drive, self.port, requests).result()
        if statuses != {expect: len(requests)}:
            raise RuntimeError(f"expected {len(requests)} answers {expect}, got {dict(statuses)}")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()


def processes_of(pid: int) -> dict[str, int]:
    """The processes of `handraiser up` by verb: up, web, loop, tasks."""
    found = {"up": pid}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found[Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[-2].decode()] = int(child)
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far: user and system, all threads, and children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def memory_mb(pid: int) -> float:
    """Proportional set size: shared pages are shared among those who use them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


@dataclass
class Meter:
    """What the processes of a product used between two moments."""

    pids: dict[str, int]

    def used(self, work: Callable[[], None]) -> dict[str, float]:
        """Processor seconds by process while `work` ran."""
        before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        work()
        return {name: cpu_seconds(pid) - before[name] for name, pid in self.pids.items()}
