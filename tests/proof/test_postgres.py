"""The whole suite once more on PostgreSQL: the same stories, browsers and failpoints on the other store."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.databases import ROOT

pytestmark = pytest.mark.proof


def test_the_whole_suite_passes_on_postgresql(report):
    words = ["-m", "tests.postgres", "pytest", "-n", "2", "--dist", "loadfile", "-m", "not proof"]
    ours = ("HANDRAISER_HOME", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=2400
    )
    outcome = re.findall(r"\d+ (?:passed|failed|error).*", done.stdout)
    report(f"full suite on PostgreSQL, browser journeys included: {outcome[-1] if outcome else 'no outcome'}")
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-4000:]
