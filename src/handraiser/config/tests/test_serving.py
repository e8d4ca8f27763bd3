"""Answers over a real socket: in one packet when they are whole, and as uvicorn sends them when they are not."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager

import uvicorn

from handraiser.config import serving

LENGTH = (b"content-length", b"5")


@contextmanager
def listening(application):
    """A server in a thread; yields a function that sends a request and returns what each read gave."""
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, http=serving._Protocol, log_level="critical", lifespan="off")
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()

        def ask(request: bytes, *, reads: int = 1) -> list[bytes]:
            with socket.create_connection(listener.getsockname(), timeout=10) as line:
                line.sendall(request)
                return [line.recv(65536) for _ in range(reads)]

        try:
            yield ask
        finally:
            server.should_exit = True
            thread.join()


def answering(*messages, error: Exception | None = None):
    async def application(scope, receive, send):
        for message in messages:
            await send(message)
            await asyncio.sleep(0.01)
        if error:
            raise error

    return application


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(text, more=False):
    return {"type": "http.response.body", "body": text, "more_body": more}


GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def test_a_whole_answer_is_one_packet_and_the_connection_stays():
    with listening(answering(start(LENGTH, (b"X-Name", b"v")), body(b"hello"))) as ask:
        (first,) = ask(GET)
        assert first.startswith(b"HTTP/1.1 200 OK\r\n") and b"x-name: v\r\n" in first
        assert first.endswith(b"\r\n\r\nhello") and b"connection: close" not in first
        two, three = ask(GET + GET, reads=2)  # the second was sent before the first was answered
        assert two.endswith(b"hello") and three.endswith(b"hello")


def test_who_wants_the_connection_closed_gets_it_closed():
    with listening(answering(start(LENGTH), body(b"hello"))) as ask:
        got = b"".join(ask(LAST, reads=4))
        assert b"connection: close\r\n" in got and got.endswith(b"\r\n\r\nhello")
    with listening(answering(start(LENGTH, (b"connection", b"close")), body(b"hello"))) as ask:
        assert b"".join(ask(GET, reads=4)).endswith(b"hello")


def test_a_stream_leaves_piece_by_piece():
    with listening(answering(start(), body(b"a", True), body(b"b"))) as ask:
        got = b"".join(ask(LAST, reads=6))
        assert b"transfer-encoding: chunked" in got and got.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


def test_an_error_after_the_head_is_an_error():
    with listening(answering(start(LENGTH), error=ValueError())) as ask:
        assert b"".join(ask(LAST, reads=4)).startswith(b"HTTP/1.1 500 ")
    with listening(answering(start(LENGTH))) as ask:
        assert b"".join(ask(LAST, reads=4)).startswith(b"HTTP/1.1 500 ")


def test_a_head_that_lies_or_breaks_the_line_is_refused():
    for head in (start((b"content-length", b"4")), start(LENGTH, (b"x", b"a\r\nb: c"))):
        with listening(answering(head, body(b"hello"))) as ask:
            assert b"b: c" not in b"".join(ask(LAST, reads=4))


def test_the_head_alone_is_sent_when_the_head_alone_was_asked_for():
    with listening(answering(start(LENGTH), body(b"hello"))) as ask:
        got = b"".join(ask(LAST.replace(b"GET", b"HEAD"), reads=3))
        assert b"content-length: 5" in got and got.endswith(b"\r\n\r\n")
