"""Real servers on this machine for what the product asks: names, and an enrichment service."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

ZONE = {
    "halden.example.com": {"MX": ["10 mail.halden.example.com."]},
    "host.example.com": {"A": ["192.0.2.10"]},
    "silent.example.com": {"MX": ["0 ."]},
    "empty.example.com": {},
}


class Names:
    """A name server of `ZONE`; `hung.example.com` gets no answer, `broken.example.com` a failure."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                wire, whom = self._socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(wire)
            question = query.question[0]
            name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
            self.asked.append(f"{name} {kind}")
            if name == "hung.example.com":
                continue
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.RA
            if name == "broken.example.com":
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif name not in ZONE:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            elif kind in ZONE[name]:
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *ZONE[name][kind]))
            self._socket.sendto(answer.to_wire(), whom)

    def close(self) -> None:
        self._socket.close()


class Service:
    """An enrichment service: `answers[path]` is (status, headers, body), or the name of a misbehaviour."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes] | str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                answer = service.answers.get(self.path, (404, {}, b""))
                if answer == "drips":
                    service.drip(self)
                    return
                if answer == "breaks off":
                    self.connection.close()
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def drip(handler: BaseHTTPRequestHandler) -> None:
        """A byte now and then: no single wait is long, the whole never ends."""
        try:
            pause = threading.Event()
            handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
            for _ in range(600):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                pause.wait(0.05)
        except OSError:
            return

    def tells(self, path: str, document: object) -> None:
        self.answers[path] = (200, {"Content-Type": "application/json"}, json.dumps(document).encode())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running(kind: type) -> Iterator:
    """One of the servers above, until the test is over."""
    server = kind()
    try:
        yield server
    finally:
        server.close()
