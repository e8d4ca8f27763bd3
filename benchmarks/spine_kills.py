"""What a hundred kills cost on a filled journal: what was acknowledged and is gone, and effects that are double.

The harness is that of `make proof`. Its broken twins are measured with it, as a test that they pass as well would
prove nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Rows
from tests.journeys.conftest import Postbox
from tests.proof import kills

LOST, DOUBLED, CAUGHT = "acknowledged_lost", "effects_doubled", "broken_twins_caught"


def measure(rows: Rows) -> None:
    """All rows of this area."""
    if not rows.wants(LOST, DOUBLED, CAUGHT):
        return
    postbox = Postbox()
    postbox.controller.start()
    try:
        with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as folder:
            _measure(rows, Path(folder), postbox)
    finally:
        postbox.controller.stop()


def _measure(rows: Rows, folder: Path, postbox: Postbox) -> None:
    begun = time.monotonic()
    firm = kills.fill(folder / "filled", smtp_port=postbox.port)
    if rows.wants(LOST, DOUBLED):
        done = kills.run(firm, folder / "home", postbox, _announce, kills=kills.KILLS)
        before = f"{firm.filled:,} events before, {firm.sealed:,} of them sealed"
        rows.add(LOST, done.found.lost.total(), "lost", "<= 0", f"{before}; {done}")
        rows.add(DOUBLED, done.found.doubled.total(), "doubled", "<= 0", f"{done.kills.total()} kills")
    if rows.wants(LOST, DOUBLED, CAUGHT):
        twins = [kills.caught(firm, folder, postbox, _announce, twin)[0] for twin in kills.TWINS]
        note = "; ".join(
            f"{twin.who}: lost {dict(+twin.found.lost) or 0}, doubled {dict(+twin.found.doubled) or 0},"
            f" seed {twin.seed}, {twin.kills.total()} kills"
            for twin in twins
        )
        caught = sum(not twin.found.clean for twin in twins)
        note += f"; all of it in {time.monotonic() - begun:.0f} s"
        rows.add(CAUGHT, caught, "twins", f">= {len(kills.TWINS)}", note)


def _announce(line: str) -> None:
    # A run that is stopped has told its seed.
    print(line, file=sys.stderr, flush=True)
