"""Between the event loop and Django's threads: one hand-over for a request, one for its answer.

a2wsgi hands over each part of an answer by itself, and waits for each; with one interpreter lock that costs more
than most of our views. It still carries what is large: bodies over a megabyte go to Django as they arrive.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import build_environ

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_BACK_OFFICE = ("/admin/", "/accounts/")
_SMALL = 1024 * 1024  # bytes of a body that are waited for before a thread is taken


class Bridge:
    """A WSGI application as an ASGI one, in threads. It starts no event loop.

    `intake` of them take nothing but what strangers and programs send (POST outside the back office), so no slow
    screen keeps a form waiting; `workers` do the rest.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], *, workers: int, intake: int) -> None:
        self.app = app
        self.large = WSGIMiddleware(app, workers=2)  # type: ignore[arg-type]
        self.threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="django")
        self.intake = ThreadPoolExecutor(max_workers=intake, thread_name_prefix="django-intake")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; raises what the application raises."""
        if scope["type"] != "http":
            await self.large(scope, receive, send)  # type: ignore[arg-type]
            return
        body, more = bytearray(), True
        while more and len(body) <= _SMALL:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if more:
            await self.large(scope, _first(bytes(body), receive), send)  # type: ignore[arg-type]
            return
        environ = build_environ(scope, io.BytesIO(body))  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()
        run = contextvars.copy_context().run
        sent_in = scope["method"] == "POST" and not scope["path"].startswith(_BACK_OFFICE)
        threads = self.intake if sent_in else self.threads
        for message in await loop.run_in_executor(threads, run, self._answer, environ, loop, send):
            await send(message)

    def _answer(self, environ: Any, loop: asyncio.AbstractEventLoop, send: Send) -> list[Message]:
        """In a thread: what is left to send. A stream is sent from here, piece by piece."""
        start: Message = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            start["status"] = int(status[:3])
            start["headers"] = [
                (name.strip().lower().encode("latin1"), value.strip().encode("latin1"))
                for name, value in headers
            ]

        def put(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(send(message), loop).result()  # type: ignore[arg-type]

        parts = self.app(environ, start_response)
        try:
            if not getattr(parts, "streaming", True):
                return [start, {"type": "http.response.body", "body": b"".join(parts)}]
            put(start)
            for part in parts:
                put({"type": "http.response.body", "body": part, "more_body": True})
            return [{"type": "http.response.body", "body": b""}]
        finally:
            getattr(parts, "close", lambda: None)()


def _first(body: bytes, receive: Receive) -> Receive:
    """`receive`, after the part of the body that was read already."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": True}
        return await receive()

    return replay
