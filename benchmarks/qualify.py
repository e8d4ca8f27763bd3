"""The rows of qualifying: scores of everybody at once and event by event, and segments."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import qualify_data, qualify_incremental, qualify_rebuild, qualify_segments, qualify_stage
from benchmarks.rows import Rows


def measure(rows: Rows) -> None:
    """All rows of this area."""
    qualify_incremental.measure(rows)
    qualify_stage.measure(rows)
    qualify_segments.measure(rows)
    if not rows.wants(*qualify_rebuild.ROWS):
        return
    from tests.databases import template_home

    with tempfile.TemporaryDirectory(prefix="handraiser-bench-") as folder:
        home = Path(folder) / "home"
        shutil.copytree(template_home(), home)
        qualify_data.make(home)
        qualify_rebuild.measure(rows, home)
