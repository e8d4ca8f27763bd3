"""The API against what its own document says a caller may send: no request makes it fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.proof


def test_no_request_of_the_document_makes_the_api_fail(northlight, tmp_path, report):
    key = northlight.command("keys", "create", "--name", "fuzz", "--scope", "*").stdout.split()[-1]
    command = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    assert command
    words = ["run", f"{northlight.url}/api/openapi.json", "--checks", "not_a_server_error"]
    words += ["--header", f"Authorization:Bearer {key}", "--phases", "examples,coverage,fuzzing"]
    words += ["--max-examples", "60", "--max-time", "120", "--seed", "1", "--workers", "1"]
    words += ["--continue-on-failure", "--warnings", "off"]
    done = subprocess.run([command, *words], cwd=tmp_path, capture_output=True, text=True, timeout=400)
    selected = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", done.stdout)
    cases = re.search(r"Test cases:\s+(.+)", done.stdout)
    assert selected and cases, done.stdout[-8000:] + done.stderr[-2000:]
    report(
        f"schemathesis: {selected[3]} of {selected[2]} operations of /api/openapi.json, test cases {cases[1]}"
        f" (a case fails when the answer is 500 or more)"
    )
    assert len(set(selected.groups())) == 1
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Traceback" not in northlight.log()
