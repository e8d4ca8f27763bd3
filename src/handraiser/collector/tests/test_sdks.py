"""Others' SDKs, as they are installed, pointed at a running collector; and what six of them sent, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from handraiser.collector.tests.test_collector import SECRET, Door
from handraiser.collector.tests.test_kill import _free_port, _start

ROUNDS = 25
EACH_ROUND = 6


class Running(Door):
    """A collector in a process of its own."""

    port: int

    def replay(self, raw: bytes) -> int:
        """Send these bytes over a socket; the status of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall(raw)
            answer = http.client.HTTPResponse(line)
            answer.begin()
            answer.read()
            return answer.status


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    door = Running(tmp_path)
    door.port = _free_port()
    process = _start(tmp_path, door.port)
    try:
        yield door
    finally:
        process.kill()
        process.wait()


class Recorder:
    """Stands before the collector, hands everything on, and keeps the bytes of each request."""

    def __init__(self, port: int) -> None:
        recorded: list[bytes] = []
        self.recorded = recorded

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                recorded.append(self.raw_requestline + head.encode() + b"\r\n" + body)
                onward = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                onward.request("POST", self.path, body, dict(self.headers))
                answer = onward.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def recorder(running: Running) -> Iterator[Recorder]:
    made = Recorder(running.port)
    yield made
    made.close()


def _segment(url: str, packed: bool, failed: list[object]) -> object:
    from segment.analytics.client import Client

    return Client(
        SECRET, host=url, gzip=packed, on_error=lambda error, _: failed.append(error), max_retries=0
    )


def _rudder(url: str, packed: bool, failed: list[object]) -> object:
    from rudderstack.analytics.client import Client

    return Client(
        SECRET, host=url, gzip=packed, on_error=lambda error, _: failed.append(error), max_retries=0
    )


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("sdk", [_segment, _rudder])
def test_n_events_in_n_distinct_stored_and_a_replay_adds_none(
    sdk: Callable[..., object], packed: bool, running: Running, recorder: Recorder
):
    failed: list[object] = []
    client = sdk(recorder.url + "/some/prefix", packed, failed)
    for n in range(ROUNDS):
        user, anonymous = f"user-{n}", f"anon-00{n}"
        client.identify(user, {"email": f"kim{n}@example.com", "plan": "team"})
        client.track(user, "Lead Submitted", {"form": "f1", "value": n})
        client.page(user, None, "Home", {"url": "http://127.0.0.1/pricing/"})
        client.screen(anonymous_id=anonymous, name="Start")
        client.group(user, f"group-{n}", {"seats": 3})
        client.alias(anonymous, user)
    client.flush()
    client.join()
    assert not failed
    expected = ROUNDS * EACH_ROUND
    assert len({event.message_id for event in running.events()}) == len(running.events()) == expected
    assert b"@example.com" not in running.journal.read_bytes()
    with sqlite3.connect(running.records) as db:
        assert (
            db.execute("select count(*), sum(trusted) from attract_identification").fetchone()
            == (ROUNDS,) * 2
        )
    assert [running.replay(raw) for raw in recorder.recorded] == [200] * len(recorder.recorded)
    assert len(running.events()) == expected
    with sqlite3.connect(running.records) as db:
        assert db.execute("select count(*) from attract_identification").fetchone() == (ROUNDS,)


def test_the_same_message_id_given_twice_is_one_event(running: Running):
    failed: list[object] = []
    client = _segment(f"http://127.0.0.1:{running.port}", False, failed)
    for _ in range(2):
        client.track("user-1", "Order Completed", message_id="order-17")
        client.flush()
    client.join()
    assert not failed and len(running.events()) == 1


def test_what_six_sdks_sent_is_taken_byte_for_byte(running: Running, outside_data):
    raws, expected = [], 0
    for file in sorted((outside_data / "tracking").glob("*.json")):
        case = json.loads(file.read_text())
        request = case["request"]
        head = [f"{request['method']} {request['path']} HTTP/1.1"]
        head += [f"{name}: {value}" for name, value in request["headers"]]
        raws.append("\r\n".join([*head, "", ""]).encode() + base64.b64decode(request["body_base64"]))
        expected += len(case["body_json"].get("batch", [1]))
        _make_known(running.records, {name.lower(): value for name, value in request["headers"]})
    assert len(raws) == 10
    for _ in range(2):
        assert [running.replay(raw) for raw in raws] == [200] * 10
        assert len(running.events()) == expected
    assert b"a@b.c" not in running.journal.read_bytes()


def _make_known(records: Path, headers: dict[str, str]) -> None:
    """The recordings carry dummy keys: make them keys of this instance."""
    key = headers.get("x-write-key", "")
    if "authorization" in headers:
        key = base64.b64decode(headers["authorization"].partition(" ")[2]).decode().partition(":")[0]
    digest = hashlib.sha256(key.encode()).hexdigest()
    with sqlite3.connect(records) as db:
        if not db.execute("select 1 from staff_api_key where hash = ?", (digest,)).fetchone():
            db.execute(
                "insert into staff_api_key values(?,?,'[\"collect\"]',0,null)", (f"key_{digest[:6]}", digest)
            )
