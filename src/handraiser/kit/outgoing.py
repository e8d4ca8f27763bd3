"""The guard before every address that a person can set: it must not lead into our own network."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from handraiser.kit.errors import DomainError

T = TypeVar("T")


def _allowed(host: str, address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_global and not ip.is_multicast:
        return True
    for entry in settings.OUTGOING_ALLOW:
        if entry.lower() == host.lower():
            return True
        try:
            if ip in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue  # a host name
    return False


def resolve(host: str, port: int) -> str:
    """The address to connect to, checked: connect to it and not to the name, which may answer anew tomorrow.

    Private, loopback and link-local addresses need HANDRAISER_OUTGOING_ALLOW. Raises
    DomainError("unknown_host") or ("private_target").
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DomainError("unknown_host", f"The name {host} cannot be found.", field="host") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_allowed(host, address) for address in addresses):
        raise DomainError(
            "private_target",
            f"{host} points into a private network. The operator can allow it: HANDRAISER_OUTGOING_ALLOW.",
            kind="refused",
            field="host",
        )
    return addresses[0]


@dataclass(frozen=True)
class Reply:
    """What a server answered. Names of headers are lower case; a redirect is an answer and is not followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(Exception):
    """No answer that can be used came: a sentence for people."""


def get(url: str, *, headers: Mapping[str, str], budget_seconds: float, limit_bytes: int) -> Reply:
    """Ask an address that a person set; the whole of it, finding the name included, within the budget.

    Connects to the address that was checked; certificates are held against the name. Raises NoReply, also for
    an answer above the limit, and DomainError as `resolve` does, and ("bad_url").
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    try:
        port = parts.port or (443 if secure else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or parts.username is not None:
        raise DomainError("bad_url", "Write a whole address that begins with https://", field="url")
    host, end = parts.hostname, monotonic() + budget_seconds
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    address = _within(budget_seconds, lambda: resolve(host, port), host)
    try:
        plain = socket.create_connection((address, port), max(0.05, end - monotonic()))
    except OSError as error:
        raise NoReply(f"{host} does not answer: {error}.") from error
    line = plain
    if secure:
        context = ssl.create_default_context()
        line = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    # A timeout of the socket begins anew with each byte; this one does not.
    over = threading.Event()
    alarm = threading.Timer(max(0.0, end - monotonic()), _hang_up, (line, over))
    alarm.daemon = True
    alarm.start()
    connection = http.client.HTTPConnection(host, port)
    connection.sock = line
    try:
        if isinstance(line, ssl.SSLSocket):
            line.do_handshake()
        connection.request("GET", path, headers={"Accept-Encoding": "identity", **headers})
        answer = connection.getresponse()
        body = answer.read(limit_bytes + 1)
        if over.is_set():
            raise NoReply(f"{host} was too slow: {budget_seconds:g} seconds are over.")
        if len(body) > limit_bytes:
            raise NoReply(f"{host} sent more than {limit_bytes // 1024} KB.")
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
    except ssl.SSLError as error:
        raise NoReply(f"No safe connection to {host}: {error.reason or error}.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if over.is_set():
            raise NoReply(f"{host} was too slow: {budget_seconds:g} seconds are over.") from error
        raise NoReply(f"{host} broke off: {str(error) or type(error).__name__}.") from error
    finally:
        alarm.cancel()
        connection.close()
        line.close()


def _hang_up(line: socket.socket, over: threading.Event) -> None:
    over.set()
    try:
        # Not that of TLS: it would take the session away under the thread that reads.
        socket.socket.shutdown(line, socket.SHUT_RDWR)
    except OSError:
        return  # it has hung up already


def _within(seconds: float, ask: Callable[[], T], host: str) -> T:
    """What `ask` returns or raises, if it does so in time: the system's search for a name has no limit of ours."""
    told: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            told.append(ask())
        except BaseException as error:
            failed.append(error)

    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(seconds)
    if failed:
        raise failed[0]
    if not told:
        raise NoReply(f"The name {host} was not found in time.")
    return told[0]
