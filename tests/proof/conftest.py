"""The long runs use the same firm and the same mail server as the journeys, and end with one summary."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Callable

import pytest

from tests.journeys.conftest import northlight, northlight_home, postbox

__all__ = ["northlight", "northlight_home", "postbox"]

_SUMMARY = pytest.StashKey[list[str]]()


@pytest.fixture
def announce(capsys) -> Callable[[str], None]:
    """`announce(line)` prints at once: a run that is stopped has told its seed."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", flush=True)

    return say


@pytest.fixture
def report(request, announce) -> Callable[[str], None]:
    """`report(line)` prints what was measured, now and in the summary at the end."""

    def say(line: str) -> None:
        request.config.stash.setdefault(_SUMMARY, []).append(line)
        announce(line)

    return say


def pytest_terminal_summary(terminalreporter, config) -> None:
    """One block that can be quoted: what each long run measured."""
    lines = config.stash.get(_SUMMARY, [])
    if lines:
        terminalreporter.section("what was proved")
        terminalreporter.write_line(
            f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} over 15 min,"
            f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
        )
        for line in lines:
            terminalreporter.write_line(line)
