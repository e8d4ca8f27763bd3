"""What `make bench` prints and keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from benchmarks import rows as module
from benchmarks.__main__ import AREAS
from benchmarks.rows import Rows


def test_a_row_is_name_value_unit_target_verdict(capsys, tmp_path, monkeypatch):
    rows = Rows("walking")
    rows.add("later_start_s", 4.5, "s", "<= 10", "a note")
    rows.add("form_submit_per_core_s", 199.9, "per_core_s", ">= 200")
    lines = [line.partition("#")[0].split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["later_start_s", "4.50", "s", "<=10", "met"],
        ["form_submit_per_core_s", "199.90", "per_core_s", ">=200", "MISSED"],
    ]
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results.json")
    module.write(rows.rows)
    kept = json.loads((tmp_path / "results.json").read_text())
    assert kept[0] == {
        "area": "walking", "name": "later_start_s", "value": 4.5, "unit": "s", "target": "<= 10", "ok": True,
    }  # fmt: skip
    assert kept[1]["ok"] is False


def test_rows_are_chosen_by_the_beginning_of_their_names():
    assert Rows("walking").wants("later_start_s")
    assert Rows("walking", wanted=["form_"]).wants("later_start_s", "form_submit_per_core_s")
    assert not Rows("walking", wanted=["form_"]).wants("later_start_s")


def test_an_area_that_does_not_exist_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks"],
        env={**os.environ, "AREA": "runing"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "no area runing" in done.stderr and ", ".join(AREAS) in done.stderr
