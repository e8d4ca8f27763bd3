"""Processes that write and seal and are killed, and what became of what they acknowledged."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from handraiser.core.journal.lake import questions
from handraiser.core.journal.lake.tests import process

_PROGRAM = str(Path(process.__file__))


def start(*words: str, twin: str = "", failpoint: str = "") -> subprocess.Popen[str]:
    """One process of `process.py`."""
    environment = {**os.environ, "HANDRAISER_TWIN": twin, "HANDRAISER_FAILPOINT": failpoint}
    return subprocess.Popen(
        [sys.executable, _PROGRAM, *words], stdout=subprocess.PIPE, text=True, env=environment
    )


@dataclass(frozen=True)
class Verdict:
    """What was acknowledged and is not there, and what is there more than once, midway too."""

    acknowledged: int
    lost: int
    doubled: int

    @property
    def clean(self) -> bool:
        return not self.lost and not self.doubled


def of(home: Path, acknowledged: set[str]) -> Verdict:
    """Count what lake and tail show."""
    store = process.opened(home)
    rows = questions.ask(
        store, home / "lake", "select json_extract_string(body, '$.sent'), count(*) from events group by 1"
    )
    store.close()
    shown = dict(rows)
    return Verdict(
        acknowledged=len(acknowledged),
        lost=len(acknowledged - shown.keys()),
        doubled=sum(count - 1 for count in shown.values()),
    )
