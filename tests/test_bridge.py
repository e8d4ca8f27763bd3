"""The bridge between the event loop and Django's threads, with a WSGI application of each kind."""

from __future__ import annotations

import asyncio
import hashlib
import threading

import pytest

from handraiser.config.bridge import Bridge

MEGABYTE = 1024 * 1024


class Whole(list):
    """An answer that is there at once, as Django marks it."""

    streaming = False
    closed = False

    def close(self):
        self.closed = True


def ask(app, *, body: list[bytes] = [b""], headers=()):  # noqa: B006
    """Send one request with the body in parts; returns (status, headers, body) of the answer."""
    sent = []

    async def run():
        parts = [
            {"type": "http.request", "body": part, "more_body": at < len(body) - 1}
            for at, part in enumerate(body)
        ]
        scope = {
            "type": "http", "method": "POST", "path": "/a", "query_string": b"b=c", "http_version": "1.1",
            "headers": [(b"content-length", str(sum(map(len, body))).encode()), *headers],
        }  # fmt: skip

        async def receive():
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await Bridge(app, workers=2, intake=1)(scope, receive, send)

    asyncio.run(run())
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(part.get("body", b"") for part in sent[1:])


def digest(environ, start_response):
    """Answers with the digest of what it got."""
    start_response("201 Created", [("X-Path", environ["PATH_INFO"]), ("Set-Cookie", "a=b")])
    return Whole([hashlib.sha256(environ["wsgi.input"].read()).hexdigest().encode()])


@pytest.mark.parametrize("sizes", [[0], [10], [10, 20, 0], [MEGABYTE], [MEGABYTE, MEGABYTE, 5]])
def test_a_body_arrives_whole(sizes):
    parts = [bytes([65 + at]) * size for at, size in enumerate(sizes)]
    status, headers, body = ask(digest, body=parts)
    assert (status, headers[b"x-path"]) == (201, b"/a")
    assert body.decode() == hashlib.sha256(b"".join(parts)).hexdigest()


def test_a_stream_is_sent_piece_by_piece_and_closed():
    closed = []

    class Stream:
        streaming = True

        def __iter__(self):
            return iter([b"one ", b"two ", b"three"])

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("200 OK", [])
        return Stream()

    assert ask(app) == (200, {}, b"one two three")
    assert closed


def test_an_answer_is_closed():
    answer = Whole([b"x"])

    def app(environ, start_response):
        start_response("200 OK", [])
        return answer

    ask(app)
    assert answer.closed


def test_an_error_is_raised_to_the_server():
    def app(environ, start_response):
        raise LookupError("broken")

    with pytest.raises(LookupError):
        ask(app)


def test_a_client_that_leaves_while_sending_takes_no_thread():
    called = []
    sent = []

    async def run():
        parts = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]

        async def receive():
            return parts.pop(0)

        async def send(message):
            sent.append(message)

        bridge = Bridge(lambda *_: called.append(1), workers=1, intake=1)
        await bridge({"type": "http", "method": "POST", "headers": []}, receive, send)

    asyncio.run(run())
    assert not called and not sent


def test_a_slow_screen_keeps_no_form_waiting():
    form_taken = threading.Event()

    def app(environ, start_response):
        if environ["REQUEST_METHOD"] == "GET":
            # The screen is not done before the form is: with one thread for both, this would never end.
            assert form_taken.wait(30)
        else:
            form_taken.set()
        start_response("200 OK", [])
        return Whole([b"done"])

    async def one(bridge, method):
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await bridge(
            {
                "type": "http", "method": method, "path": "/a", "query_string": b"", "http_version": "1.1",
                "headers": [],
            },
            receive,
            send,
        )  # fmt: skip
        return sent[-1]["body"]

    async def both():
        bridge = Bridge(app, workers=1, intake=1)
        return await asyncio.gather(one(bridge, "GET"), one(bridge, "POST"))

    assert asyncio.run(both()) == [b"done", b"done"]
