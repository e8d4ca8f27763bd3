"""The tracker's size, and that the served file is its source."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def _builder():
    spec = importlib.util.spec_from_file_location("tracker_build", ROOT / "tracker" / "build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_served_tracker_is_built_from_its_source():
    build = _builder()
    assert build.BUILT.read_text() == build.build(build.SOURCE.read_text())


def test_the_tracker_is_at_most_two_and_a_half_kilobytes():
    assert len(gzip.compress(_builder().BUILT.read_bytes(), 9)) <= 2500
