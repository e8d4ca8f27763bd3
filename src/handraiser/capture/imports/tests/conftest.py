"""Small files on their way in."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.rules.mapping import Mapping

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def private_folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def bring(private_folder, organisation):
    """Import text or bytes to the end: `bring("email\\n…")` returns the import."""

    def run(content, *, kind="leads", columns=None, at=NOW, **fields):
        data = content if isinstance(content, bytes) else content.encode()
        this = runs.receive(file=io.BytesIO(data), name="people.csv", kind=kind, at=at)
        if columns is not None or fields:
            guessed = Mapping.from_dict(this.mapping).columns
            runs.choose_columns(this=this, mapping=Mapping(columns=columns or guessed, **fields))
        runs.start(this=this, at=at)
        return runs.run(import_id=this.id, clock=lambda: at)

    return run
