"""Stopping, going on, and being killed in the middle."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from handraiser.capture.imports import tasks
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.models import Import
from handraiser.core.people.models import Lead

from .conftest import NOW

ROWS = 1_200
MANY = "id\n" + "".join(f"{n}\n" for n in range(ROWS))


def received(kind: str = "leads"):
    return runs.receive(file=io.BytesIO(MANY.encode()), name="many.csv", kind=kind, at=NOW)


def test_it_stops_after_a_chunk_and_goes_on_where_it_stopped(private_folder, organisation):
    this = received()
    runs.start(this=this, at=NOW)
    calls = []

    def clock():
        calls.append(1)
        if len(calls) == 2:
            runs.stop(this=this)
        return NOW

    stopped = runs.run(import_id=this.id, clock=clock)
    assert (stopped.state, stopped.rows_done, Lead.objects.count()) == ("paused", 500, 500)
    runs.start(this=stopped, at=NOW)
    done = runs.run(import_id=this.id, clock=lambda: NOW)
    assert (done.state, done.created, Lead.objects.count()) == ("done", ROWS, ROWS)


def test_two_workers_at_once_take_each_row_once(private_folder, organisation):
    this = received()
    runs.start(this=this, at=NOW)

    def clock():
        runs.run(import_id=this.id, clock=lambda: NOW)
        return NOW

    runs.run(import_id=this.id, clock=clock)
    this.refresh_from_db()
    assert (this.state, this.created, Lead.objects.count()) == ("done", ROWS, ROWS)


def test_an_import_whose_process_died_is_handed_to_another(private_folder, organisation, settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    this = received()
    runs.start(this=this, at=NOW)
    assert tasks.revive(NOW + timedelta(seconds=30)) == 0
    assert tasks.revive(NOW + timedelta(seconds=61)) == 1
    this.refresh_from_db()
    assert (this.state, this.created) == ("done", ROWS)


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    """A data folder of its own, and a way to run the command in it."""
    home = tmp_path_factory.mktemp("instance")
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    env |= {"HANDRAISER_HOME": str(home), "DJANGO_SETTINGS_MODULE": "handraiser.config.settings"}

    def run(*words: str, failpoint: str = "") -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "handraiser.cli", *words],
            env=env | {"HANDRAISER_FAILPOINT": failpoint},
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert run("migrate").returncode == 0
    return run


@pytest.mark.parametrize("failpoint", ["import.chunk", "import.committed"])
def test_a_killed_import_takes_each_row_once(instance, tmp_path, failpoint):
    """Killed inside a chunk's transaction, and just after it: twice each, then to the end."""
    system = failpoint.replace(".", "-")
    people = tmp_path / "people.csv"
    people.write_text(MANY)
    mapping = tmp_path / "map.toml"
    mapping.write_text(f'[columns]\nid = "external_id"\n[external]\nsystem = "{system}"\n')
    words = ("import", "leads", str(people), "--map", str(mapping))
    for _ in range(2):
        assert instance(*words, failpoint=failpoint).returncode == -signal.SIGKILL
    last = instance(*words)
    assert last.returncode == 0, last.stderr
    assert f"{ROWS:,} rows: {ROWS:,} new." in last.stdout
    assert "Going on with import_" in last.stdout
    again = instance(*words)
    assert f"{ROWS:,} rows: 0 new, {ROWS:,} joined to people you know." in again.stdout


def test_the_command_says_what_is_wrong(instance, tmp_path):
    assert "There is no file" in instance("import", "leads", str(tmp_path / "none.csv")).stderr
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"")
    assert "The file is empty." in instance("import", "leads", str(bad)).stderr
    assert "no import import_x" in instance("import", "undo", "import_x").stderr


def test_a_failed_start_leaves_nothing_behind(private_folder, organisation):
    this = received()
    runs.forget(this=this)
    assert not Import.objects.exists() and not list((private_folder / "imports").iterdir())
