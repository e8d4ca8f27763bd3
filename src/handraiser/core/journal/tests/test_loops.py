"""Loops as an operator runs them: one on SQLite, several on PostgreSQL, and ended in the middle of their work."""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import databases, stores, work
from tests.product import Product
from tests.proof.traffic import Traffic
from tests.proof.verdict import _sent_as

LEADS = 40
VIEWS = 2500
_LEFT = "select count(*) from journal_outbox"
_POSITIONS = "select position from journal_cursor"


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A data folder with work for some seconds, and what that work comes to when one loop does it in peace."""
    return work.left(tmp_path_factory.mktemp("busy"), leads=LEADS, views=VIEWS, visitors=70)


def _start(product: Product) -> subprocess.Popen[str]:
    return product.spawn("-m", "handraiser.cli", "loop")


def _wait(product: Product, process: subprocess.Popen[str], done, *, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert process.poll() is None and time.monotonic() < until, product.log()
        time.sleep(0.02)


def _listens(product: Product) -> bool:
    return (product.home / "run" / "loop.sock").exists()


def test_a_second_loop_is_refused_on_sqlite_and_shares_the_work_on_postgresql(busy, tmp_path):
    home, wanted = busy
    work_of_two = _share_the_work if databases.on_postgres() else _refuse_the_second
    product = work_of_two(home, tmp_path)
    product.settle()
    assert stores.effects(product.home) == wanted


def _refuse_the_second(home: Path, tmp_path: Path) -> Product:
    product = Product(home=databases.lay(tmp_path / "home", like=home))
    first = _start(product)
    _wait(product, first, lambda: _listens(product))
    for verb in ("loop", "up"):
        second = product.command(verb, check=False)
        assert second.returncode == 2 and "Traceback" not in second.stderr
        assert f"A loop already works on {product.home} (process {first.pid})" in second.stderr
    first.kill()
    first.wait()
    (product.home / "run" / "loop.sock").unlink()
    third = _start(product)  # a killed loop leaves nothing that would keep the next one out
    _wait(product, third, lambda: _listens(product) and stores.ask(product.home, "records", _LEFT) == [(0,)])
    third.terminate()
    assert third.wait(10) == 0
    return product


def _share_the_work(home: Path, tmp_path: Path) -> Product:
    product = Product(home=databases.lay(tmp_path / "home", like=home))
    loops = [_start(product), _start(product)]
    head = stores.journal(product.home).head()

    def at_rest() -> bool:
        positions = stores.ask(product.home, "records", _POSITIONS)
        left = stores.ask(product.home, "records", _LEFT)
        return left == [(0,)] and len(positions) >= 7 and min(positions)[0] > head

    for loop in loops:
        _wait(product, loop, at_rest)
    for loop in loops:
        loop.terminate()
    assert [loop.wait(10) for loop in loops] == [0, 0], product.log()
    assert "Traceback" not in product.log()
    return product


@contextlib.contextmanager
def _records_held(product: Product) -> Iterator[Callable[[], bool]]:
    """Nobody else may take from the outbox until this ends; yields whether the relay waits for that."""
    if url := databases.url_of(product.home):
        import psycopg

        waiting = "select count(*) from pg_locks where not granted and relation = 'journal_outbox'::regclass"
        with psycopg.connect(url) as db:
            db.execute("lock table journal_outbox in share mode")
            yield lambda: stores.ask(product.home, "records", waiting) != [(0,)]
    else:
        with contextlib.closing(
            sqlite3.connect(product.home / "records.sqlite3", isolation_level=None)
        ) as db:
            db.execute("begin immediate")
            # What is in the journal already is to go from the outbox next.
            yield lambda: len(stores.message_ids(product.home)) > VIEWS


def test_a_loop_told_to_stop_in_the_middle_of_a_batch_loses_nothing(busy, tmp_path):
    home, wanted = busy
    product = Product(home=databases.lay(tmp_path / "home", like=home))
    with _records_held(product) as in_the_middle:
        loop = _start(product)
        _wait(product, loop, in_the_middle)
        loop.terminate()
    assert loop.wait(10) == 0, product.log()
    waited, left = (stores.ask(place, "records", _LEFT)[0][0] for place in (home, product.home))
    assert left < waited, "it did not end what it was in the middle of"
    positions = [row[0] for row in stores.ask(product.home, "records", _POSITIONS)]
    assert min(positions, default=0) < VIEWS, "it began what it need not: the test proves nothing"
    product.settle()
    assert stores.effects(product.home) == wanted


def test_a_web_process_told_to_stop_keeps_what_it_acknowledged(tmp_path: Path):
    product = Product(home=tmp_path / "home", HANDRAISER_TRUSTED_PROXIES="127.0.0.1")
    web = product.spawn("-m", "handraiser.cli", "web")
    product.wait_for(web)
    traffic = Traffic(product.port, "", random.Random(1))
    with traffic.flowing(*[traffic.post_events] * 4):
        _wait(product, web, lambda: len(traffic.events) > 200)
        web.send_signal(signal.SIGTERM)
        # The server sends itself the signal again once all is done.
        assert web.wait(10) in (0, -signal.SIGTERM), product.log()
    stored = stores.message_ids(product.home)
    assert {_sent_as(name) for name in traffic.events} <= stored.keys()
    assert set(stored.values()) == {1}
