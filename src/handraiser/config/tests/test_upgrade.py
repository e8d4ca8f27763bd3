"""`handraiser upgrade` on a data folder of an earlier version: what it applies, and what a failure leaves."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from tests import databases, stores
from tests.product import Product

_EARLIER = """
import django; django.setup()
from django.core.management import call_command
from django.db import connection
from handraiser.core.people.actions import people
from handraiser.kit import clock
people.create(at=clock.now(), how="import", first_name="Ada", email="ada@halden.example.com")
call_command("migrate", "identity", "0001_first", verbosity=0)
"""
# A table where the index of the third migration has to be: the second passes, the third does not.
_IN_THE_WAY = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("drop index timeline_newest")
    cursor.execute("create table timeline_newest(id integer)")
"""
_AWAY = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("drop table timeline_newest")
    cursor.execute("create index timeline_newest on identity_timeline(person_id)")
"""
_PENDING = ("identity.0002_merges", "identity.0003_timeline_filters")


def _earlier(home: Path) -> Product:
    product = Product(home=home)
    product.script(_EARLIER)
    assert not applied(product) & set(_PENDING)
    return product


def applied(product: Product) -> set[str]:
    rows = stores.ask(product.home, "records", "select app || '.' || name from django_migrations")
    return {row[0] for row in rows}


def people(product: Product) -> list[tuple[str, ...]]:
    return stores.ask(product.home, "records", "select first_name, email from people_person")


def backups(product: Product) -> list[Path]:
    return sorted((product.home / "backups").glob("*.tar"))


def test_pending_migrations_are_applied_after_a_backup_of_the_state_before(tmp_path: Path):
    product = _earlier(tmp_path / "home")
    told = product.command("upgrade").stdout
    assert all(name in told for name in _PENDING)
    assert told.index("backup ") < told.index("records ")
    assert set(_PENDING) <= applied(product)
    with tarfile.open(backups(product)[0]) as tar:
        before = json.load(tar.extractfile("backup.json"))
    assert not set(before["migrations"]) & set(_PENDING)
    assert people(product) == [("Ada", "ada@halden.example.com")]
    again = product.command("upgrade").stdout
    assert "up to date already" in again


def test_a_migration_that_fails_leaves_the_state_before_in_use(tmp_path: Path):
    product = _earlier(tmp_path / "home")
    product.script(_IN_THE_WAY)
    before = applied(product)
    failed = product.command("upgrade", "--backup", str(tmp_path / "before.tar"), check=False)
    assert failed.returncode == 2 and "A migration failed" in failed.stderr
    assert (tmp_path / "before.tar").exists()
    if databases.on_postgres():
        # One transaction holds one migration there: those before it stand, and it is said what to do.
        assert applied(product) == before | {_PENDING[0]}
        assert "restore" in failed.stderr
    else:
        assert applied(product) == before
        assert "again as they were" in failed.stderr
        left = "select count(*) from sqlite_master where name = 'identity_merge'"
        assert stores.ask(product.home, "records", left) == [(0,)]
        assert stores.ask(product.home, "records", "pragma integrity_check") == [("ok",)]
    assert people(product) == [("Ada", "ada@halden.example.com")]
    product.script(_AWAY)
    assert _PENDING[1] in product.command("upgrade").stdout
    assert set(_PENDING) <= applied(product)
    assert people(product) == [("Ada", "ada@halden.example.com")]
