"""The drill: traffic, backup, the machine is gone, restore elsewhere. And what a restore refuses."""

from __future__ import annotations

import json
import random
import tarfile
import time
from pathlib import Path

import pytest

from handraiser.config import backup, restore, template
from handraiser.kit.errors import DomainError
from tests import databases, drill, stores
from tests.product import Product
from tests.proof import verdict
from tests.proof.traffic import Traffic

PROXY = {"HANDRAISER_TRUSTED_PROXIES": "127.0.0.1"}


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """A backup of a product under traffic, killed afterwards: (archive, what was acknowledged before, epoch)."""
    folder = tmp_path_factory.mktemp("drill")
    product = Product(home=folder / "home", **PROXY)
    key = product.command("keys", "create", "--name", "drill", "--scope", "leads:write").stdout.split()[-1]
    (product.home / "files" / "guides").mkdir(parents=True)
    (product.home / "files" / "guides" / "guide.pdf").write_bytes(b"a guide")
    product.start()
    traffic = Traffic(product.port, key, random.Random(7))
    archive = folder / "instance.tar"
    with traffic.flowing(traffic.post_events, traffic.post_events, traffic.post_lead):
        until = time.monotonic() + 120
        while (len(traffic.events) < 300 or len(traffic.leads) < 8) and time.monotonic() < until:
            time.sleep(0.05)
        before = Traffic(product.port, key, random.Random(8))
        before.events, before.leads = set(traffic.events), set(traffic.leads)
        product.command("backup", str(archive))
        # Traffic goes on: it must have been another moment than the end.
        grown = len(traffic.events)
        while len(traffic.events) < grown + 40 and time.monotonic() < until:
            time.sleep(0.05)
        product.process.kill()
        product.process.wait()
        traffic._stop.set()
    epoch = stores.ask(product.home, "journal", "select value from meta where key = 'epoch'")[0][0]
    secret = (product.home / "secret.key").read_bytes()
    databases.sweep_away(product.home)
    return archive, before, epoch, secret


def test_nothing_acknowledged_before_the_backup_is_lost(taken, tmp_path):
    archive, before, epoch, secret = taken
    assert archive.stat().st_mode & 0o777 == 0o600 and [*archive.parent.glob(".handraiser-backup-*")] == []
    home = tmp_path / "elsewhere"
    done = drill.restore(archive, home)
    assert done.returncode == 0, done.stderr
    assert "Mail is paused" in done.stdout
    assert (home / "secret.key").read_bytes() == secret
    assert (home / "files" / "guides" / "guide.pdf").read_bytes() == b"a guide"
    again = drill.restore(archive, home)
    assert again.returncode == 2 and "is not empty" in again.stderr
    with drill.product_at(home, **PROXY) as product:
        product.stop()
        product.settle()
        found = verdict.of(home, before, set(), [])
        assert found.clean, str(found)
        assert found.checked["events"] >= 300 and found.checked["leads"] >= 8
        now = stores.ask(home, "journal", "select value from meta where key = 'epoch'")[0][0]
        assert now != epoch
        assert stores.ask(home, "records", "select distinct epoch from journal_cursor") == [(now,)]
        assert stores.ask(home, "records", "select count(*) from journal_parked") == [(0,)]
        assert "Traceback" not in product.log()


def test_a_damaged_backup_is_refused(taken, tmp_path):
    archive, *_ = taken
    content = bytearray(archive.read_bytes())
    with tarfile.open(archive) as tar:
        largest = max(tar, key=lambda member: member.size)
    content[largest.offset_data + largest.size // 2] ^= 1
    hurt = tmp_path / "hurt.tar"
    hurt.write_bytes(content)
    with pytest.raises(DomainError, match=f"{largest.name} differ from its list"):
        restore._unpack(hurt, tmp_path / "making")
    hurt.write_bytes(content[: len(content) // 2])
    with pytest.raises(DomainError) as refused:
        restore._unpack(hurt, tmp_path / "half")
    assert refused.value.code == "damaged"


def test_a_backup_reaches_no_other_place(tmp_path):
    path = tmp_path / "evil.tar"
    (tmp_path / "x").write_text("x")
    with tarfile.open(path, "w") as tar:
        tar.add(tmp_path / "x", arcname="files/../../outside")
    with pytest.raises(DomainError, match="which no backup does"):
        restore._unpack(path, tmp_path / "making" / "deep")
    assert not (tmp_path / "outside").exists()


def test_a_backup_of_a_newer_version_or_another_store_is_refused(taken):
    archive, *_ = taken
    with tarfile.open(archive) as tar:
        about = json.load(tar.extractfile(backup.CONTENTS))
    restore._refuse_strange(about)
    with pytest.raises(DomainError, match="newer version"):
        restore._refuse_strange({**about, "migrations": [*about["migrations"], "people.0999_later"]})
    with pytest.raises(DomainError, match="newer version"):
        restore._refuse_strange({**about, "format": backup.FORMAT + 1})
    with pytest.raises(DomainError, match="This backup is of another"):
        restore._refuse_strange({**about, "store": "another"})
    assert set(about["migrations"]) <= template.migrations().keys()


def test_a_restore_that_was_cut_off_is_not_started_and_can_be_done_again(taken, tmp_path):
    archive, *_ = taken
    home = tmp_path / "home"
    (home / "restore.unfinished").mkdir(parents=True)
    (home / "restore.unfinished" / "records.sqlite3").write_bytes(b"half")
    (home / "journal.sqlite3").write_bytes(b"moved in already")
    started = Product.__new__(Product)
    started.home, started.port, started.environment = home, 1, {}
    refused = started.command("migrate", check=False)
    assert refused.returncode == 2 and "was cut off" in refused.stderr
    assert drill.restore(archive, home).returncode == 0
    assert not (home / "restore.unfinished").exists()
    databases.sweep_away(home)


def test_upgrade_backs_up_first_and_refuses_beside_a_loop(tmp_path: Path):
    product = Product(home=tmp_path / "home")
    told = product.command("upgrade").stdout
    made = list((product.home / "backups").glob("*.tar"))
    assert len(made) == 1 and str(made[0]) in told
    assert "records  up to date already" in told and "attract.visits is new" in told
    loop = product.spawn("-m", "handraiser.cli", "loop")
    until = time.monotonic() + 60
    while not (product.home / "run" / "loop.sock").exists():
        assert loop.poll() is None and time.monotonic() < until, product.log()
        time.sleep(0.05)
    refused = product.command("upgrade", check=False)
    loop.kill()
    loop.wait()
    assert refused.returncode == 2 and "stop it first" in refused.stderr
