"""Every place where a power cut would hurt, tried once: a real process dies there and nothing is done twice."""

from __future__ import annotations

import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests import databases, stores, work
from tests.product import Product
from tests.proof.traffic import Traffic
from tests.proof.verdict import _sent_as

ROOT = Path(__file__).resolve().parent.parent
LEADS = 20
VIEWS = 60

# Each with the turn at which it kills: the first reader counts visits, the fourth adds up scores.
OF_THE_LOOP = ["relay.copied", "relay.deleted", "reader.applied", "reader.committed:4"]


def exercised() -> set[str]:
    """The failpoints that tests name as parameters, here and beside the code they belong to."""
    files = [Path(__file__), *(ROOT / "src").rglob("tests/test_*.py")]
    return {name for file in files for name in re.findall(r'"([a-z]+\.[a-z_]+)(?::\d+)?"', file.read_text())}


def test_every_failpoint_is_exercised():
    source = [path for path in (ROOT / "src").rglob("*.py") if "tests" not in path.parts]
    named = {
        name for path in source for name in re.findall(r'failpoints\.reach\("([^"]+)"\)', path.read_text())
    }
    assert len(named) >= 9
    assert named <= exercised()


def at(home: Path) -> Product:
    return Product(home=home)


@pytest.fixture(scope="module")
def busy(tmp_path_factory):
    """A data folder with work for the relay and for every reader, and what that work comes to."""
    return work.left(tmp_path_factory.mktemp("busy"), leads=LEADS, views=VIEWS, visitors=7)


def test_the_work_is_worth_killing(busy):
    home, wanted = busy
    assert stores.effects(home)["journal_outbox"] > LEADS
    assert wanted["people_lead"] == LEADS and wanted["pages in visits"] == VIEWS
    assert wanted["identity_timeline"] >= LEADS and wanted["journal_outbox"] == 0


@pytest.mark.parametrize("failpoint", OF_THE_LOOP)
def test_a_killed_loop_does_everything_once(busy, tmp_path, failpoint):
    home, wanted = busy
    product = at(databases.lay(tmp_path / "home", like=home))
    loop = product.spawn("-m", "handraiser.cli", "loop", HANDRAISER_FAILPOINT=failpoint)
    assert loop.wait(60) == -signal.SIGKILL, product.log()
    if failpoint == "relay.copied":  # in the journal and still in the outbox: only the message id saves us
        assert set(stores.message_ids(product.home).values()) == {1}
        assert stores.effects(product.home)["journal_outbox"] > LEADS
    product.settle()
    assert stores.effects(product.home) == wanted


@pytest.mark.parametrize("failpoint", ["collector.committed"])
def test_a_door_killed_between_commit_and_answer_keeps_each_event_once(tmp_path, failpoint):
    product = at(databases.lay(tmp_path / "home"))
    web = product.spawn("-m", "handraiser.cli", "web", HANDRAISER_FAILPOINT=failpoint)
    product.wait_for(web)
    client = Traffic(product.port, "", random.Random(1))
    client.repeats = 0
    with client.flowing(client.post_events):
        assert web.wait(60) == -signal.SIGKILL, product.log()
        assert not client.events and len(stores.message_ids(product.home)) == 20
        web = product.spawn("-m", "handraiser.cli", "web")
        product.wait_for(web)
        while not client.events:
            assert web.poll() is None, product.log()
            time.sleep(0.01)
    web.kill()
    web.wait()
    stored = stores.message_ids(product.home)
    assert {_sent_as(name) for name in client.events} <= stored.keys() and set(stored.values()) == {1}


@pytest.mark.parametrize("failpoint", ["import.undone_chunk"])
def test_a_killed_undo_takes_everything_back_once(busy, tmp_path, failpoint):
    home, _ = busy
    product = at(databases.lay(tmp_path / "home", like=home))
    ((import_id,),) = stores.ask(product.home, "records", "select id from imports_import")
    words = ("-m", "handraiser.cli", "import", "undo", import_id)
    assert product.spawn(*words, HANDRAISER_FAILPOINT=failpoint).wait(60) == -signal.SIGKILL
    assert product.spawn(*words).wait(60) == 0, product.log()
    left = stores.effects(product.home)
    assert (left["people_lead"], left["people_person"]) == (0, 0)
    product.settle()
    undone = "select count(*) from event where name = 'capture.import_undone'"
    assert stores.ask(product.home, "journal", undone) == [(1,)]


@pytest.mark.parametrize("failpoint", ["merge.moved", "unmerge.restored"])
def test_a_killed_merge_happened_wholly_or_not_at_all(busy, tmp_path, failpoint):
    home, _ = busy
    product = at(databases.lay(tmp_path / "home", like=home))
    everybody = "select id, first_name, email, attributes from people_person order by id"
    before = stores.ask(product.home, "records", everybody)
    keep, gone = before[0][0], before[1][0]
    verb = ("-m", "handraiser.cli", "duplicates")
    merge = (*verb, "merge", keep, gone)
    if failpoint == "merge.moved":
        assert product.spawn(*merge, HANDRAISER_FAILPOINT=failpoint).wait(60) == -signal.SIGKILL
        assert stores.ask(product.home, "records", everybody) == before
    assert product.spawn(*merge).wait(60) == 0, product.log()
    ((merge_id,),) = stores.ask(product.home, "records", "select id from identity_merge")
    assert len(stores.ask(product.home, "records", everybody)) == LEADS - 1
    undo = (*verb, "unmerge", merge_id)
    if failpoint == "unmerge.restored":
        assert product.spawn(*undo, HANDRAISER_FAILPOINT=failpoint).wait(60) == -signal.SIGKILL
        assert len(stores.ask(product.home, "records", everybody)) == LEADS - 1
    assert product.spawn(*undo).wait(60) == 0, product.log()
    assert stores.ask(product.home, "records", everybody) == before
    product.settle()
    told = "select count(*) from event where name = 'identity.persons_merged'"
    assert stores.ask(product.home, "journal", told) == [(1,)]
