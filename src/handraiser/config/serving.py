"""How our processes listen: uvicorn, with the head and the body of an answer in one packet.

uvicorn writes the head as soon as it is told; the body follows in a second packet. For a small answer that costs
more than making it. ASGI itself says that nothing is sent before the first part of the body is there.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from functools import lru_cache
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

Message = MutableMapping[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]


def serve(application: str | Callable[..., Any], *, host: str, port: int) -> None:
    """Listen until a signal comes; what is in the middle of an answer has two seconds to end it."""
    uvicorn.run(
        application,
        host=host,
        port=port,
        http=_Protocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        lifespan="on",
    )


class _Protocol(HttpToolsProtocol):
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.__class__ = _Cycle  # it is made in the midst of reading a request; only how it sends is ours
        super()._start_asgi_task(cycle, app)


class _Cycle(RequestResponseCycle):
    _start: Message | None = None

    async def send(self, message: Any) -> None:
        """Keep the head until the body comes. What is whole leaves at once; the rest goes uvicorn's way."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message  # a second one is that of an error, and stands in for the first
            return
        start, self._start = self._start, None
        if start is not None:
            if self._send_whole(start, message):
                return
            await super().send(start)  # type: ignore[arg-type]
        await super().send(message)

    def _send_whole(self, start: Message, message: Message) -> bool:
        body = message.get("body", b"")
        waits = self.flow.write_paused or self.disconnected or not self.keep_alive or self.access_log
        if waits or message.get("more_body") or self.scope["method"] == "HEAD":
            return False
        head = _head(start["status"], (*self.default_headers, *start["headers"]), len(body))
        if not head:
            return False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(head + body)
        self.message_event.set()
        self.on_response()
        return True


@lru_cache(maxsize=512)
def _head(status: int, headers: Headers, length: int) -> bytes:
    """The head of an answer that says its length and nothing about the connection; of any other, nothing."""
    said = dict(headers)
    plain = said.get(b"content-length") == b"%d" % length and not said.keys() & {
        b"connection",
        b"transfer-encoding",
    }
    if not plain or any(HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) for name, value in headers):
        return b""
    lines = [b"%b: %b\r\n" % (name.lower(), value) for name, value in headers]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n"))
