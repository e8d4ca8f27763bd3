"""A real process, killed without a word while it is busy: all that it acknowledged is on disk."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from handraiser.collector.shapes import _message_id
from handraiser.core.journal.store import SqliteStore

NOW = 1_795_000_000_000
AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(home: Path, port: int, *, alone: bool = True) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("process.py")),
            str(home),
            str(port),
            "here" if alone else "thread",
        ]
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise RuntimeError("the collector did not start")


def _send(port: int, names: list[str], acked: set[str]) -> None:
    events = [{"k": "page", "i": name, "a": NOW, "u": "http://127.0.0.1/pricing/"} for name in names]
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/e", json.dumps({"s": NOW, "e": events}), AGENT)
        if connection.getresponse().status == 200:
            acked.update(names)
    except (OSError, http.client.HTTPException):
        return


def test_killed_at_any_moment_nothing_acknowledged_is_lost_or_doubled(tmp_path):
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    acked: set[str] = set()
    for round_ in range(4):
        port = _free_port()
        process = _start(tmp_path, port, alone=round_ % 2 == 0)
        stop = threading.Event()

        def client(number: int, round_: int = round_, port: int = port, stop: threading.Event = stop) -> None:
            turn = 0
            while not stop.is_set():
                names = [f"{round_}-{number}-{turn}-{part}" for part in range(3)]
                _send(port, names, acked)
                if turn % 5 == 0:
                    _send(port, names, acked)  # as a client does that saw no answer
                turn += 1

        clients = [threading.Thread(target=client, args=(number,)) for number in range(6)]
        for one in clients:
            one.start()
        time.sleep(chance.uniform(0.2, 0.7))
        os.kill(process.pid, signal.SIGKILL)
        stop.set()
        process.wait()
        for one in clients:
            one.join()
    store = SqliteStore(tmp_path / "journal.sqlite3")
    stored = [event.message_id for event in store.read(after=0, limit=10**6)]
    assert len(acked) > 50, seed
    assert len(stored) == len(set(stored)), seed
    assert {_message_id("e", name, NOW) for name in acked} <= set(stored), seed
