"""Works through the whole history once: records and journal are laid out in an engine of its own, then asked."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from handraiser.core.journal import history
from handraiser.core.journal.lake import engine
from handraiser.core.journal.live import journal
from handraiser.qualify.rebuild import counting, laying, records
from handraiser.qualify.rules.points import Prepared

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_MEMORY = "2GB"
_PREFIX = "rebuild-"
_LITTER_S = 3_600
_TRIES = 3


@contextlib.contextmanager
def laid_out(
    prepared: Prepared, *, since_ms: int, upto: int | None = None, only: str = "is_open", past: bool = False
) -> Iterator[Connection]:
    """An engine that holds everything these rules may count since `since_ms` and in their windows before it.

    `upto` is the last position of the journal that counts; `only` says of which `leads`, `past` that paths
    through time are asked for (see `records`).
    """
    import duckdb

    with _folder() as folder:
        # A path through time is waited for; the rebuild of everybody leaves a core to the others.
        db = engine.connect(memory=_MEMORY, threads=2 if past else 1, spill=folder)
        try:
            records.bring(db, folder, prepared, only=only, past=past)
            tried = 0
            while True:
                try:
                    _lay_out(db, folder, prepared, since_ms=since_ms, upto=upto, past=past)
                    break
                except duckdb.IOException:  # a file was replaced and removed while we looked
                    tried += 1
                    if tried == _TRIES:
                        raise
            yield db
        finally:
            db.close()


def _lay_out(
    db: Connection, folder: Path, prepared: Prepared, *, since_ms: int, upto: int | None, past: bool
) -> None:
    facts = counting.told(prepared)
    snapshot = journal().snapshot(
        columns=engine.needed(laying.FIELDS), names=sorted(fact.name for fact in facts)
    )
    for made in ("view events", "table forgotten", "table tail"):
        db.execute(f"drop {made.split()[0]} if exists {made.split()[1]}")
    engine.lay_out(db, snapshot, history.folder(), folder / "tail.part", laying.FIELDS)
    laying.lay_out(db, facts, since_ms=since_ms, upto=upto, past=past)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A private folder for lines on their way and what memory does not hold; what a crash left of one goes."""
    home = history.folder()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in home.glob(f"{_PREFIX}*"):
        if left.stat().st_mtime < time.time() - _LITTER_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = home / f"{_PREFIX}{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
