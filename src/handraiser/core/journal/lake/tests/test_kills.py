"""The sealer killed at each of its seams, with late events and resends: nothing lost, nothing doubled."""

from __future__ import annotations

import signal

import pytest

from handraiser.core.journal.lake.tests import kills, process


def _written(home, prefix: str, twin: str = "") -> set[str]:
    writer = kills.start("write", str(home), prefix, "60", twin=twin)
    told, _ = writer.communicate(timeout=60)
    assert writer.returncode == 0
    return set(told.split())


def _killed_at(home, failpoint: str, twin: str = "") -> kills.Verdict:
    acknowledged = _written(home, "first", twin)
    assert kills.start("seal", str(home), twin=twin).wait(60) == 0
    acknowledged |= _written(home, "late", twin)
    assert kills.start("seal", str(home), failpoint=failpoint, twin=twin).wait(60) == -signal.SIGKILL
    midway = kills.of(home, acknowledged)
    process_twin = kills.start("seal", str(home), twin=twin)
    assert process_twin.wait(60) == 0
    before = kills.of(home, acknowledged)
    _written(home, "first", twin)  # a client that saw no answer sends all of it again
    _written(home, "late", twin)
    after = kills.of(home, acknowledged)
    worst = [midway, before, after]
    return kills.Verdict(len(acknowledged), max(v.lost for v in worst), max(v.doubled for v in worst))


@pytest.mark.parametrize("failpoint", ["lake.written", "lake.renamed", "lake.sealed", "lake.trimmed"])
def test_a_sealer_that_is_killed_loses_and_doubles_nothing(tmp_path, failpoint):
    verdict = _killed_at(tmp_path, failpoint)
    assert verdict.acknowledged == 600
    assert verdict.clean


def test_the_twin_that_forgets_ids_with_their_rows_is_caught(tmp_path):
    assert _killed_at(tmp_path, "lake.trimmed", twin="no_seen").doubled > 0


def test_a_writer_that_is_killed_loses_nothing_it_acknowledged(tmp_path):
    writer = kills.start("write", str(tmp_path), "cut", "100000")
    told = [writer.stdout.readline().strip() for _ in range(100)]
    writer.kill()
    rest, _ = writer.communicate(timeout=30)
    acknowledged = {one for one in (*told, *rest.split()[:-1]) if one}
    assert kills.start("seal", str(tmp_path)).wait(60) == 0
    store = process.opened(tmp_path)
    process.resend(tmp_path, sorted(acknowledged))
    store.close()
    verdict = kills.of(tmp_path, acknowledged)
    assert verdict.acknowledged > 50 and verdict.clean
