"""Product events make a PQL: once, with the moment and the event, however they come."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.db import transaction

from handraiser.core.identity.actions import merges, visitors
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import EventTracked
from handraiser.core.journal.live import journal
from handraiser.qualify import explanations
from handraiser.qualify.actions import rule_sets
from handraiser.qualify.models import ProductLead
from handraiser.qualify.rules import product
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import Exclusion, Signal
from handraiser.qualify.rules.scoring import Evidence
from handraiser.qualify.tests.conftest import NOON

HOUR = timedelta(hours=1)


def used(key: int, name: str, **more) -> Evidence:
    return Evidence(str(key), "attract.event_tracked", key, "", {"event": name, **more})


def test_the_signal_that_is_complete_first_tells():
    signals = (Signal(key="a", event="Limit reached", times=2), Signal(key="b", event="trial-started"))
    events = [used(1, "limit_reached"), used(2, "Trial_Started", bot="x"), used(1, "limit_reached")]
    assert product.qualified(signals, events) is None
    assert product.qualified(signals, [*events, used(3, "Limit Reached")])[1].id == "3"
    assert product.qualified(signals, [used(5, " TRIAL  started "), used(4, "Trial")])[0].key == "b"
    assert product.qualified((), events) is None


@pytest.mark.django_db
class TestLeads:
    @pytest.fixture
    def does(self, ines):
        def tell(name, at=NOON, *, story=None, **about):
            about = about or {"person": (story or ines).person.id}
            with transaction.atomic():
                return outbox.publish(EventTracked(event=name), at=at, **about)

        return tell

    def told(self):
        return journal().read(after=0, limit=10_000, names=frozenset({"qualify.product_qualified"}))

    def test_a_product_event_makes_a_pql_once(self, ines, does, login, dana):
        does("Logged In")
        ines.score()
        assert not ProductLead.objects.exists()
        event = does("limit_reached", NOON + HOUR)
        does("trial_started", NOON + 2 * HOUR)
        ines.score(NOON + 3 * HOUR)
        does("trial_started", NOON + 4 * HOUR)
        ines.score(NOON + 5 * HOUR)
        row = ProductLead.objects.get()
        assert (row.lead, row.at, row.signal, row.event) == (ines.lead, NOON + HOUR, "Limit Reached", event)
        [fact] = self.told()
        assert (fact.lead, fact.body["signal"]) == (ines.lead.id, "Limit Reached")
        assert (ines.lead.stage, ines.lead.score) == ("lead", 15)
        page = login(dana).get(f"/admin/qualify/why/{ines.lead.id}/").content.decode()
        assert "PQL" in page and "Limit Reached" in page
        assert explanations.why(ines.lead, NOON).product is None

    def test_what_they_did_before_we_knew_them_counts(self, ines, does):
        does("Trial Started", NOON - HOUR, visitor="somebody")
        ines.score()
        assert not ProductLead.objects.exists()
        visitors.link(visitor="somebody", person_id=ines.person.id, how="form", at=NOON)
        ines.score(NOON + HOUR)
        assert ProductLead.objects.get().at == NOON - HOUR

    def test_who_is_left_out_becomes_none(self, ines, does, mira):
        out = Exclusion(key="o", reason="rival", field="email_domain", test="is", value="halden.example.com")
        draft = rule_sets.draft_from_live(at=NOON)
        rule_sets.change(draft, msgspec.structs.replace(CLASSIC, exclusions=(out,)), at=NOON)
        rule_sets.publish(draft, at=NOON, by=mira)
        does("Trial Started", NOON + HOUR)
        ines.score(NOON + HOUR)
        assert not ProductLead.objects.exists()

    def test_a_merge_announces_nobody_anew_and_its_undoing_restores(self, ines, does, story_of):
        other = story_of("ines.private@halden.example.com")
        does("Trial Started", story=other)
        ines.score()
        merge = merges.merge(keep=ines.person.id, gone=other.person.id, at=NOON + HOUR)
        ines.score(NOON + 2 * HOUR)
        assert ProductLead.objects.get().lead == ines.lead
        assert len(self.told()) == 1
        merges.unmerge(merge=merge.id, at=NOON + 3 * HOUR)
        ines.score(NOON + 4 * HOUR)
        assert ProductLead.objects.filter(lead=other.lead.id).exists()
        assert len(self.told()) == 1
