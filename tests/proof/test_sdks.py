"""SDKs of the Segment shape for Node, from npm, pointed at the collector. Those for Python are in its own tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from handraiser.collector.tests.test_sdks import Recorder, Running, recorder, running

__all__ = ["recorder", "running"]

pytestmark = pytest.mark.proof

FILES = Path(__file__).with_name("sdks")
ROUNDS = 50
EACH_ROUND = 6


@pytest.fixture(scope="module")
def installed() -> Path:
    """The SDKs in build/sdks, exactly as the lock file names them and with the hashes that it gives."""
    npm = shutil.which("npm")
    assert npm, "Node's npm is missing. Install it with: apt-get install npm"
    folder = Path(__file__).parents[2] / "build" / "sdks"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FILES / name, folder)
    # Not `npm ci`: it wants the optional parts for every other platform in the lock as well.
    words = [
        npm,
        "install",
        "--no-save",
        "--omit=optional",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
    ]
    subprocess.run(words, cwd=folder, check=True, timeout=300)
    return folder


@pytest.mark.parametrize("sdk", ["segment", "rudder"])
def test_node_sdks_lose_nothing_and_a_replay_adds_none(
    sdk: str, installed: Path, running: Running, recorder: Recorder, report
):
    words = ["node", str(FILES / "send.js"), sdk, recorder.url, "hr_secret_key", str(ROUNDS)]
    subprocess.run(words, cwd=installed, check=True, timeout=120)
    expected = ROUNDS * EACH_ROUND
    stored = [event.message_id for event in running.events()]
    assert len(stored) == len(set(stored)) == expected
    assert [running.replay(raw) for raw in recorder.recorded] == [200] * len(recorder.recorded)
    assert len(running.events()) == expected
    told = (
        f"{expected} events in, {len(set(stored))} stored; {len(recorder.recorded)} requests again add none"
    )
    report(f"{sdk} for Node: {told}")
