"""The door for events: what a core-second of it takes, what durability costs, and whether it stays quick.

Everything is sent over loopback by a process of its own. The collector runs alone (`handraiser collector`), on a
journal that holds events already.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import multiprocessing
import os
import random
import secrets
import statistics
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import Client, Request, cpu_seconds
from benchmarks.rows import Rows
from tests.product import Product, free_port

ROOT = Path(__file__).resolve().parents[1]
WINDOWS = 5
CPU_SECONDS = 1.0
AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    f" Chrome/{100 + n % 57}.0.{n}.0 Safari/537.36"
    for n in range(2000)
]
PROPERTIES = {"form": "f1", "value": 3, "plan": "team", "label": "Get it now"}
BATCH = 100
FILLED = 100_000
CONNECTIONS = 256
PER_SECOND, SECONDS = 200, 4
DURABLE, BATCHED = "collector_durable_vs_django", "collector_batched_events_per_core_s"
SYNC, P99 = "collector_full_sync_vs_no_sink", "collector_p99_vs_idle"


def measure(rows: Rows) -> None:
    """The rows of the collector."""
    if rows.wants(DURABLE, BATCHED, SYNC):
        with ExitStack() as stack:
            doors = Doors(stack)
            if rows.wants(BATCHED):
                batched(rows, doors)
            if rows.wants(DURABLE):
                durable(rows, doors)
            if rows.wants(SYNC):
                full_sync(rows, doors)
    if rows.wants(P99):
        quick(rows)


# --- what is sent ---------------------------------------------------------------------------------------


class Calls:
    """Calls as SDKs send them: ids with the time in them, a browser's name, an address with a campaign.

    A hundred visitors are there at a time, and each leaves after five events.
    """

    def __init__(self, key: str) -> None:
        self._random = random.Random(secrets.randbits(64))
        self._visitors: list[str] = []
        self._basic = base64.b64encode(f"{key}:".encode()).decode()
        self._number = 0

    def _next(self) -> dict[str, object]:
        """What all calls have in common."""
        visitor = self._number % 100
        if self._number % 500 == 0:
            self._visitors = [self._uuid() for _ in range(100)]
        self._number += 1
        return {
            "messageId": f"node-next-{int(time.time() * 1000)}-{self._uuid()}",
            "anonymousId": self._visitors[visitor],
            "timestamp": "2026-11-21T20:56:40.472Z",
            "context": {
                "userAgent": AGENTS[self._number % len(AGENTS)],
                "library": {"name": "@segment/analytics-node", "version": "3.1.0"},
            },
        }

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128)))

    def call(self) -> dict[str, object]:
        """A page view or a track, by turns; 700 bytes."""
        common, number = self._next(), self._number
        url = f"https://www.example.com/guides/{number % 300}/"
        page = {
            "url": f"{url}?utm_source=news&utm_medium=email&utm_campaign=spring" if number % 4 == 0 else url,
            "title": "Guides",
            "referrer": "https://www.example.org/search?q=guides",
        }
        kind: dict[str, object] = {"type": "page", "name": "Guides", "properties": page}
        if number % 2:
            kind = {"type": "track", "event": "Guide opened", "properties": PROPERTIES}
        context = {**common["context"], "page": page}  # type: ignore[dict-item]
        return {**common, "context": context, "integrations": {}, **kind}

    def batch(self) -> bytes:
        """A request of a hundred calls."""
        return self.some(BATCH)

    def some(self, count: int) -> bytes:
        """A request of so many calls."""
        return self._post("/v1/batch", {"batch": [self.call() for _ in range(count)]})

    def track(self) -> bytes:
        """A request of one call: 440 bytes of body."""
        return self._post("/v1/track", {**self._next(), "event": "Guide opened", "properties": PROPERTIES})

    def track_of(self, visitor: str, event: str) -> bytes:
        """A request of one call that tells of something that this visitor did."""
        call = {**self._next(), "anonymousId": visitor, "event": event, "properties": {}}
        return self._post("/v1/track", call)

    def _post(self, path: str, body: object) -> bytes:
        data = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {self._basic}\r\n"
            f"Content-Type: application/json\r\nUser-Agent: bench\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        return head.encode() + data


# --- who sends it ---------------------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """Sends the next request when the last one was answered."""

    def __init__(self, waiting: Iterator[bytes], done: asyncio.Future[None], refused: list[bytes]) -> None:
        self._waiting, self._done, self._refused = waiting, done, refused
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is whole."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        if head[9:12] != b"200":
            self._refused.append(self._got)
        self._got = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """The end of it, wanted or not."""
        if not self._done.done():
            self._done.set_result(None)


def _flood(port: int, requests: Sequence[bytes], connections: int) -> list[bytes]:
    """Send all of them; the answers that were not 200. Runs in the client process."""

    async def run() -> list[bytes]:
        loop = asyncio.get_running_loop()
        waiting, refused, ends = iter(requests), [], []
        for _ in range(min(connections, len(requests))):
            end = loop.create_future()
            ends.append(end)
            await loop.create_connection(
                lambda end=end: _Connection(waiting, end, refused),  # type: ignore[misc]
                "127.0.0.1",
                port,
            )
        await asyncio.gather(*ends)
        if next(waiting, None) is not None:
            refused.append(b"the connections were closed before all was sent")
        return refused

    return asyncio.run(run())


def _elsewhere() -> None:
    """Let this process stand for a machine elsewhere: it does not wait for ours, where we may say so."""
    os.setsid()
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _steadily(port: int, requests: Sequence[bytes], per_second: float) -> list[float]:
    """Send at a steady rate over kept connections; seconds that each answer took after it was due."""

    async def run() -> list[float]:
        idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        taken: list[float] = []

        async def one(request: bytes, due: float) -> None:
            reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
            taken.append(time.perf_counter() - due)
            idle.append((reader, writer))
            if head[9:12] != b"200":
                raise RuntimeError(f"refused: {head!r}")

        begun, tasks = time.perf_counter(), []
        for number, request in enumerate(requests):
            due = begun + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(request, due)))
        await asyncio.gather(*tasks)
        for _, writer in idle:
            writer.close()
        return taken

    return asyncio.run(run())


# --- the processes ----------------------------------------------------------------------------------------


class Doors:
    """The collector on a filled journal, and what it is compared with; each starts when it is first asked."""

    def __init__(self, stack: ExitStack) -> None:
        self.product = Product()
        self._stack = stack
        self._started: dict[str, tuple[int, int]] = {}
        self.calls = Calls(collect_key(self.product))
        self._client = stack.enter_context(
            ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        )

    def send(self, kind: str, requests: Sequence[bytes], connections: int) -> float:
        """Send them to this door; processor seconds that it used. RuntimeError if one was refused."""
        port, pid = self._door(kind)
        before = cpu_seconds(pid)
        refused = self._client.submit(_flood, port, requests, connections).result()
        if refused:
            raise RuntimeError(f"{len(refused)} of {len(requests)} were refused: {refused[0]!r}")
        return cpu_seconds(pid) - before

    def rates(
        self, kinds: Sequence[str], make: Callable[[], bytes], *, each: int, connections: int
    ) -> dict[str, list[float]]:
        """Events per core-second of each door: windows of about a CPU-second, by turns."""
        counts: dict[str, int] = {}
        for kind in kinds:
            first = [make() for _ in range(max(2 * connections, 4000 // each))]
            self.send(kind, first, connections)  # whatever is made once is made now
            used = self.send(kind, [make() for _ in first], connections)
            counts[kind] = max(len(first), int(len(first) / max(used, 0.01) * CPU_SECONDS))
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(WINDOWS):
            for kind in kinds:
                used = self.send(kind, [make() for _ in range(counts[kind])], connections)
                found[kind].append(counts[kind] * each / max(used, 0.01))
        return found

    def _door(self, kind: str) -> tuple[int, int]:
        if kind not in self._started:
            port = free_port()
            if kind == "collector":
                process = start_collector(self._stack, self.product, port)
                self._started[kind] = port, process.pid
                fill = [self.calls.batch() for _ in range(FILLED // BATCH)]
                self._client.submit(_flood, port, fill, 8).result()
            else:
                words = ("-m", "benchmarks.baselines", kind, str(self.product.home), str(port))
                process = start(self._stack, self.product, port, *words)
                # Granian listens in a child.
                pid = int(_children(process.pid)[-1]) if kind == "django" else process.pid
                self._started[kind] = port, pid
        return self._started[kind]


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def collect_key(product: Product) -> str:
    """A new secret key that may send events."""
    made = product.command("keys", "create", "--name", "bench", "--scope", "collect")
    return made.stdout.split()[-1]


def start(stack: ExitStack, product: Product, port: int, *words: str) -> subprocess.Popen[str]:
    """A process of this product that listens on another port; it ends with the stack."""
    process = product.spawn(*words, own_session=True, HANDRAISER_PORT=str(port))
    stack.callback(_end, process)
    product.wait_for(process, port=port)
    return process


def start_collector(stack: ExitStack, product: Product, port: int) -> subprocess.Popen[str]:
    """`handraiser collector` on another port."""
    return start(stack, product, port, "-m", "handraiser.cli", "collector")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- the rows ---------------------------------------------------------------------------------------------


def batched(rows: Rows, doors: Doors) -> None:
    """A hundred calls a request, every step on."""
    found = doors.rates(["collector", "no_sink"], doors.calls.batch, each=BATCH, connections=8)
    bare = statistics.median(found["no_sink"])
    note = f"{len(AGENTS)} user agents, {FILLED} events in the journal before; without a journal {bare:,.0f}"
    rows.add(BATCHED, statistics.median(found["collector"]), "per_core_s", ">= 25000", note)


def durable(rows: Rows, doors: Doors) -> None:
    """One call a request, against one INSERT a request; pairs of neighbouring windows."""
    found = doors.rates(["collector", "django"], doors.calls.track, each=1, connections=64)
    ratios = [ours / theirs for ours, theirs in zip(found["collector"], found["django"], strict=True)]
    ours, theirs = (statistics.median(found[kind]) for kind in ("collector", "django"))
    note = f"requests per core-second: {ours:,.0f} against {theirs:,.0f}, 64 connections"
    rows.add(DURABLE, statistics.median(ratios), "ratio", ">= 4", note)


def full_sync(rows: Rows, doors: Doors) -> None:
    """The same requests with the journal on disk and with none."""
    found = doors.rates(["collector", "no_sink"], doors.calls.track, each=1, connections=CONNECTIONS)
    ratios = [ours / bare for ours, bare in zip(found["collector"], found["no_sink"], strict=True)]
    ours, bare = (statistics.median(found[kind]) for kind in ("collector", "no_sink"))
    note = f"requests per core-second: {ours:,.0f} of {bare:,.0f}, {CONNECTIONS} connections"
    rows.add(SYNC, statistics.median(ratios), "ratio", ">= .6", note)


def quick(rows: Rows) -> None:
    """A collector of its own at 200 a second: the slowest hundredth beside a busy product over that at rest.

    It runs in a session of its own both times, as a service manager starts it; who asks it stands for another
    machine and does not wait for the processor of this one.
    """
    with ExitStack() as stack:
        product = stack.enter_context(Product())
        calls = Calls(collect_key(product))
        port = free_port()
        start_collector(stack, product, port)
        spawn = multiprocessing.get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn, initializer=_elsewhere))
        filler = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
        web = stack.enter_context(Client(product.port))

        def p99() -> float:
            requests = [calls.track() for _ in range(PER_SECOND * SECONDS)]
            taken = pool.submit(_steadily, port, requests, PER_SECOND).result()
            return statistics.quantiles(taken, n=100)[-1]

        p99()
        idle, busy = [], []
        for _ in range(WINDOWS):
            idle.append(p99())
            with _busy(web):
                # The loop has these to read meanwhile.
                filler.submit(_flood, port, [calls.batch() for _ in range(60)], 4).result()
                busy.append(p99())
        note = (
            f"p99 in ms: {statistics.median(busy) * 1000:.1f} busy, {statistics.median(idle) * 1000:.1f} idle;"
            " the collector in a session of its own both times"
        )
        ratios = [one / other for one, other in zip(busy, idle, strict=True)]
        rows.add(P99, statistics.median(ratios), "ratio", "<= 5", note)


@contextmanager
def _busy(web: Client) -> Iterator[None]:
    """Eight connections ask for a page that Django makes anew each time, until the end."""
    over = threading.Event()
    page = Request("GET", "/accounts/login/")

    def work() -> None:
        while not over.is_set():
            web.send([page] * 64, expect=200)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
