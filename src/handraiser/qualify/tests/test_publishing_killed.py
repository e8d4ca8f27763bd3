"""A real worker dies while it gives everybody the points of a new rule set; the next one goes on."""

from __future__ import annotations

import signal
import time

import pytest

from handraiser.kit.envelope import Event
from tests import databases, stores
from tests.product import Product

LEADS = 260  # more than the sweep does by itself, and than the first transaction holds

_PUBLISH = """
import django; django.setup()
import msgspec
from handraiser.kit import clock
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.rules.rule_set import POINT
at = clock.now()
draft = rule_sets.draft_from_live(at=at)
bands = msgspec.structs.replace(draft.rules.bands, engagement_1=20 * POINT, engagement_2=10 * POINT)
rules = msgspec.structs.replace(draft.rules, threshold=20 * POINT, bands=bands)
rule_sets.publish(rule_sets.change(draft, rules, at=at), at=at)
"""
_STANDING = "select id, points, grade, temperature, stage from people_lead order by id"
_LEFT = "select count(*) from qualify_score_state where rule_set_number < 2"
_TOLD = (
    "select name, lead, count(*) from event where position > ? and name in ('qualify.score_changed',"
    " 'qualify.stage_changed') group by name, lead order by name, lead"
)


def _worked(product: Product, **environment: str) -> int:
    """A worker's exit code: it does what waits, and ends."""
    product.settle()
    worker = ("-m", "django", "db_worker", "--batch", "--no-startup-delay", "--no-reload")
    settings = {"DJANGO_SETTINGS_MODULE": "handraiser.config.settings"}
    return product.spawn(*worker, **settings, **environment).wait(120)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A data folder in which a rule set just went live, and how far its journal was."""
    folder = tmp_path_factory.mktemp("published")
    product = Product(home=folder / "home")
    people = folder / "people.csv"
    people.write_text("email\n" + "".join(f"lead-{n}@halden.example.com\n" for n in range(LEADS)))
    (folder / "map.toml").write_text('[columns]\nemail = "email"\n')
    product.command("import", "leads", str(people), "--map", str(folder / "map.toml"))
    leads = stores.ask(product.home, "records", "select id, person_id from people_lead order by id")
    now = int(time.time() * 1000)
    journal = stores.journal(product.home)
    journal.append(
        [
            Event(
                message_id=f"demo-{person}",
                name="capture.form_submitted",
                occurred_at=now,
                received_at=now,
                person=person,
                lead=lead,
                body={"form": "form_demo", "form_version": 1, "submission": "sub_1", "intent": "demo"},
            )
            for lead, person in leads[::3]
        ]
    )
    journal.close()
    product.settle()
    [(head,)] = stores.ask(product.home, "journal", "select max(position) from event")
    product.script(_PUBLISH)
    return product.home, head


def test_killed_after_a_chunk_everybody_has_the_new_points_and_each_fact_is_told_once(published, tmp_path):
    home, head = published
    unharmed = Product(home=databases.lay(tmp_path / "unharmed", like=home))
    assert _worked(unharmed) == 0, unharmed.log()
    unharmed.settle()

    product = Product(home=databases.lay(tmp_path / "home", like=home))
    assert _worked(product, HANDRAISER_FAILPOINT="qualify.chunk_published") == -signal.SIGKILL, product.log()
    [(left,)] = stores.ask(product.home, "records", _LEFT)
    assert 0 < left < LEADS
    assert _worked(product) == 0, product.log()
    product.settle()

    assert stores.ask(product.home, "records", _LEFT) == [(0,)]
    assert stores.ask(product.home, "records", _STANDING) == stores.ask(unharmed.home, "records", _STANDING)
    told = stores.ask(product.home, "journal", _TOLD, head)
    assert told == stores.ask(unharmed.home, "journal", _TOLD, head)
    assert {name for name, _, _ in told} == {"qualify.score_changed", "qualify.stage_changed"}
    assert {times for _, _, times in told} == {1}
