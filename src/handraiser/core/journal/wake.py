"""Waking the loop process: one datagram after a commit, so that nobody has to poll fast."""

from __future__ import annotations

import contextlib
import os
import socket
import zlib
from functools import cache
from pathlib import Path

from django.conf import settings


def _address() -> str:
    return _socket_in(str(settings.HOME))


@cache
def _socket_in(home: str) -> str:
    path = str(Path(home) / "run" / "loop.sock")
    # A socket's path holds about 100 bytes; a deep home gets an abstract name instead.
    return path if len(path) < 100 else f"\0handraiser-{zlib.crc32(path.encode())}-{os.getuid()}"


def loop() -> None:
    """Tell the loop that something waits. Nobody listening is fine: it looks by itself once a second."""
    with contextlib.suppress(OSError):
        _sender().sendto(b"1", _address())


@cache
def _sender() -> socket.socket:
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    return sender


def listen() -> socket.socket:
    """The loop's end of it."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    address = _address()
    if not address.startswith("\0"):
        with contextlib.suppress(FileNotFoundError):
            Path(address).unlink()
    receiver.bind(address)
    return receiver


def deaf() -> socket.socket:
    """An end that nobody knocks at, for a loop that another one is woken before."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def wait(receiver: socket.socket, seconds: float) -> None:
    """Sleep until woken or until the time is over; then forget further knocks."""
    receiver.settimeout(seconds)
    try:
        receiver.recv(1)
        receiver.setblocking(False)
        while True:
            receiver.recv(1)
    except (TimeoutError, BlockingIOError):
        return
