"""Everything that a stranger may send to every public address: refused with meaning, never a failure."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from handraiser.config.permissions import PUBLIC, roles_for
from tests.architecture.addresses import all_addresses

pytestmark = pytest.mark.proof

NASTY = [
    b"x" * 5000,
    b"\x00",
    b"a\x00b",
    b"' or 1=1; drop table people_lead; --",
    b"<script>alert(1)</script>",
    b"{{ 7*7 }}{% debug %}",
    b"\xff\xfe\xed\xa0\x80",
    "\ud7ff\ufffe\U0001f600\u202e".encode(),
    b"../../../../etc/passwd",
    b"..%2f..%2fetc%2fpasswd",
    b"%",
    b"-1",
    b"99999999999999999999999999",
    b"1e309",
    b"\r\nSet-Cookie: a=b",
]
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"BREW"]
PAGES = [
    "/",
    "/playbook/",
    "/pricing/",
    "/blog/",
    "/nothing/",
    "/e",
    "/v1/track",
    "/v1/batch",
    "/static/x.css",
]
BODIES = [
    (b"application/json", b"{"),
    (b"application/json", b"[]"),
    (b"application/json", b'{"e": [{"k": 1}], "email": {"a": [1]}, "batch": null}'),
    (b"application/json", b'{"a":' * 3000),
    (b"application/json", b'"\\ud800"'),
    (b"application/x-www-form-urlencoded", b"email=%00&name=%ff&token=%F0%9F&form=" + b"x" * 20000),
    (b"application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(3000))),
    (b"multipart/form-data", b"--x"),
    (b"multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a\x00"\r\n\r\n\xff'),
    (b"text/plain; charset=nonsense", b"\xff\xfe"),
    (b"application/gzip", b"\x1f\x8b\x08broken"),
]
HEADERS = [
    [b"Cookie: sessionid=" + b"x" * 4000],
    [b"Cookie: \xff\xfe=\x01; hr=%00; csrftoken='"],
    [b"X-Long: " + b"y" * 70_000],
    [b"X-%d: 1" % n for n in range(150)],
    [b"Accept-Language: " + b"a-" * 500, b"Accept: \xff", b"User-Agent: \xff<script>"],
    [b"Authorization: Bearer \xff\xfe"],
    [b"Authorization: Basic !!!"],
    [b"X-Forwarded-For: \xff, not an address, ::1%", b"Referer: http://[broken"],
    [b"If-Modified-Since: yesterday", b"Range: bytes=9-1", b"Idempotency-Key: " + b"k" * 500],
]


def _send(port: int, method: bytes, path: bytes, headers: list[bytes], body: bytes = b"") -> int:
    """One request as raw bytes; the status, or 0 if the connection was closed without one."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
            wire.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            begun = wire.recv(64)
    except ConnectionError:
        return 0
    found = re.match(rb"HTTP/1\.\d (\d{3})", begun)
    return int(found[1]) if found else 0


def _routes() -> list[str]:
    """Every public route as a template with `{}` for each argument."""
    found = set(PAGES)
    for address in all_addresses():
        if roles_for(address.name) != PUBLIC:
            continue
        route = re.sub(r"\(\?P<[^>]+>(?:[^()]|\([^()]*\))*\)|<[^>]+>", "{}", address.route)
        found.add("/" + re.sub(r"[\^$\\?]", "", route).lstrip("/"))
    return sorted(found)


def _requests(route: str) -> Iterator[tuple[bytes, bytes, list[bytes], bytes]]:
    plain = route.replace("{}", "1").encode()
    for method in METHODS:
        yield method, plain, [], b""
    for nasty in NASTY:
        escaped = quote(nasty).encode()
        if "{}" in route:
            yield b"GET", route.replace("{}", escaped.decode()).encode(), [], b""
        yield b"GET", plain + b"?q=" + escaped + b"&next=" + escaped + b"&page=" + escaped, [], b""
    yield b"GET", plain + b"?%ff=%00&a[]=1&=", [], b""
    yield b"GET", plain + b"\xff\xfe", [], b""
    yield b"GET", b"/.." + plain + b"/..;/%2e%2e/", [], b""
    for headers in HEADERS:
        yield b"GET", plain, headers, b""
    for kind, body in BODIES:
        yield b"POST", plain, [b"Content-Type: " + kind], body


def test_no_stranger_can_make_a_public_address_fail(northlight, report):
    statuses: Counter[int] = Counter()
    failed = []
    routes = _routes()
    for route in routes:
        for method, path, headers, body in _requests(route):
            status = _send(northlight.port, method, path, headers, body)
            statuses[status] += 1
            if status >= 500:
                failed.append((status, method, path[:120], [header[:60] for header in headers], body[:60]))
    report(
        f"fuzz of {len(routes)} public addresses: {statuses.total()} requests,"
        f" answers {dict(sorted(statuses.items()))}; {len(failed)} of 500 or more"
    )
    assert not failed, failed
    before, traceback, after = northlight.log().partition("Traceback")
    assert not traceback, before[-1000:] + traceback + after[:5000]
    assert statuses[200] > 50 and statuses[404] > 50
    assert _send(northlight.port, b"GET", b"/readyz", []) == 200
