"""Real processes killed at random moments while clients write: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import pytest

from tests import postgres
from tests.proof import kills

pytestmark = pytest.mark.proof

KILLS_ON_POSTGRES = {"web": 6, "loop": 8, "tasks": 3, "sealer": 5}
FILLED_ON_POSTGRES = 20_000


@pytest.fixture(scope="module")
def firm(postbox, tmp_path_factory) -> kills.Firm:
    """A firm with a past of 200,000 events."""
    return kills.fill(tmp_path_factory.mktemp("filled") / "home", smtp_port=postbox.port)


def test_a_hundred_kills_on_a_filled_journal_lose_nothing_and_double_nothing(
    firm, tmp_path, postbox, announce, report
):
    assert firm.filled >= 200_000 and firm.filled > firm.sealed > 100_000
    done = kills.run(firm, tmp_path / "home", postbox, announce, kills=kills.KILLS)
    report(f"{firm.filled} events before, {firm.sealed} of them sealed: {done}")
    assert done.kills.total() >= 100 and done.at_failpoints > 10 and done.acknowledged > 500
    assert done.found.clean


@pytest.mark.parametrize("twin", kills.TWINS)
def test_a_twin_that_breaks_one_law_fails_the_same(firm, twin, tmp_path, postbox, announce, report):
    done, number = kills.caught(firm, tmp_path, postbox, announce, twin)
    report(f"caught in round {number}: {done}")
    assert not done.found.clean
    # Each by what its law is there for.
    assert done.found.lost.total() if twin == "cursor_apart" else done.found.doubled["events"]


def test_kills_on_postgresql_lose_nothing_and_double_nothing(
    tmp_path, postbox, announce, report, monkeypatch
):
    with postgres.server() as url:
        monkeypatch.setenv("DATABASE_URL", url)
        firm = kills.fill(tmp_path / "filled", smtp_port=postbox.port, events=FILLED_ON_POSTGRES)
        done = kills.run(firm, tmp_path / "home", postbox, announce, kills=KILLS_ON_POSTGRES)
    report(f"on PostgreSQL, {firm.filled} events before: {done}")
    assert done.found.clean
