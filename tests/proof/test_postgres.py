"""The whole suite once more on PostgreSQL: the same stories, browsers and failpoints on the other store."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.databases import ROOT

pytestmark = pytest.mark.proof


def test_the_whole_suite_passes_on_postgresql(tmp_path, report):
    words = ["-m", "tests.postgres", "pytest", "-n", "2", "--dist", "loadfile", "-m", "not proof"]
    ours = ("HANDRAISER_HOME", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    output = tmp_path / "output"
    with output.open("w") as printed:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment,
            stdout=printed,
            stderr=subprocess.STDOUT,
            timeout=2400,
        )
    said = output.read_text()
    outcome = re.findall(r"\d+ (?:passed|failed|error).*", said)
    report(f"full suite on PostgreSQL, browser journeys included: {outcome[-1] if outcome else 'no outcome'}")
    assert done.returncode == 0, said[-20_000:]
