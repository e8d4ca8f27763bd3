"""A hundred kills of sealer and writer with late events and resends, and the twin that must fail the same."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from handraiser.core.journal.lake.tests import kills, process

pytestmark = pytest.mark.proof

KILLS = 100
KILLS_OF_A_TWIN = 20


def _run(home: Path, *, rounds: int, seed: int, twin: str = "") -> kills.Verdict:
    chance = random.Random(seed)
    home.mkdir()
    acknowledged: set[str] = set()
    midway = 0
    for number in range(rounds):
        writer = kills.start("write", str(home), f"w{number}", "100000", twin=twin)
        sealer = kills.start("keep-sealing", str(home), twin=twin)
        time.sleep(chance.uniform(0.3, 1.2))
        victim, other = (writer, sealer) if number % 2 else (sealer, writer)
        victim.kill()
        time.sleep(chance.uniform(0.0, 0.2))
        other.kill()
        told, _ = writer.communicate(timeout=30)
        sealer.communicate(timeout=30)
        lines = told.split("\n")
        acknowledged |= {line for line in lines[:-1] if line}
        if number % 5 == 0:
            again = kills.start("seal", str(home), twin=twin)
            process_ids = sorted(chance.sample(sorted(acknowledged), min(200, len(acknowledged))))
            process.resend(home, process_ids)
            assert again.wait(120) == 0
            midway = max(midway, kills.of(home, acknowledged).doubled)
    assert kills.start("seal", str(home), twin=twin).wait(120) == 0
    process.resend(home, sorted(acknowledged))
    found = kills.of(home, acknowledged)
    return kills.Verdict(found.acknowledged, found.lost, max(found.doubled, midway))


def test_a_hundred_kills_lose_nothing_and_double_nothing(tmp_path, announce, report):
    seed = random.randrange(10**6)
    announce(f"kills of sealer and writer: seed {seed}")
    verdict = _run(tmp_path / "home", rounds=KILLS // 2, seed=seed)
    report(
        f"{KILLS} kills of sealer and writer, seed {seed}: {verdict.acknowledged} acknowledged,"
        f" {verdict.lost} lost, {verdict.doubled} doubled"
    )
    assert verdict.clean and verdict.acknowledged > 10_000


def test_the_twin_without_seen_is_caught(tmp_path, announce, report, monkeypatch):
    seed = random.randrange(10**6)
    announce(f"kills of the twin without seen: seed {seed}")
    monkeypatch.setenv("HANDRAISER_TWIN", "no_seen")
    verdict = _run(tmp_path / "home", rounds=KILLS_OF_A_TWIN // 2, seed=seed, twin="no_seen")
    report(f"twin without seen, seed {seed}: {verdict.doubled} doubled, {verdict.lost} lost")
    assert not verdict.clean
