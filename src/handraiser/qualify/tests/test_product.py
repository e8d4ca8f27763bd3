"""Product events make a PQL: once, with the moment and the event, however they come."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from handraiser.core.identity.actions import merges, visitors
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import EventTracked
from handraiser.core.journal.live import journal
from handraiser.kit import clock
from handraiser.qualify import explanations, tasks
from handraiser.qualify.actions import product as actions
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

    @pytest.fixture
    def waits_for(self, mira):
        def publish(name, *, at=NOON + HOUR, **more):
            draft = rule_sets.draft_from_live(at=at)
            signals = (Signal(key="new", event=name, times=2),)
            rule_sets.change(draft, msgspec.structs.replace(draft.rules, signals=signals, **more), at=at)
            return rule_sets.publish(draft, at=at, by=mira)

        return publish

    def test_a_new_signal_finds_who_met_it_before_once(self, ines, does, story_of, waits_for):
        once, never, left = (story_of(f"{name}@oriel.example.com") for name in ("omar", "nia", "lev"))
        for story, name in (
            (ines, "seat_added"),
            (ines, "Seat  Added"),
            (once, "seat_added"),
            (never, "Seat"),
        ):
            does(name, NOON - HOUR, story=story)
        for _ in range(2):
            does("seat-added", NOON - HOUR, story=left)
        ines.score()
        out = Exclusion(key="o", reason="rival", field="job_title", test="is", value="spy")
        left.person.job_title = "spy"
        left.person.save()
        waits_for("Seat added", exclusions=(out,))
        assert actions.look_at_everybody(lambda: NOON + 2 * HOUR) == 1
        assert actions.look_at_everybody(lambda: NOON + 3 * HOUR) == 0
        row = ProductLead.objects.get()
        # A PQL from when somebody waited for it.
        assert (row.lead, row.at, row.signal) == (ines.lead, NOON + HOUR, "Seat added")
        does("seat added", NOON + 4 * HOUR)
        ines.score(NOON + 4 * HOUR)
        assert [fact.lead for fact in self.told()] == [ines.lead.id]

    def test_more_than_a_chunk_and_cut_off_anywhere(self, does, story_of, waits_for, ines, monkeypatch):
        monkeypatch.setattr(actions, "_CHUNK", 2)
        for number in range(5):
            story = story_of(f"user-{number}@oriel.example.com")
            for _ in range(2):
                does("Seat Added", NOON - HOUR, story=story)
        ines.score()
        waits_for("Seat Added")
        moments = iter([NOON, NOON, KeyError])

        def until():
            if (moment := next(moments)) is KeyError:
                raise KeyError
            return moment

        with pytest.raises(KeyError):
            actions.look_at_everybody(until)
        assert ProductLead.objects.count() == 2
        assert actions.look_at_everybody(lambda: NOON + 2 * HOUR) == 3
        ines.score(NOON + 2 * HOUR)
        assert len(self.told()) == 5

    def test_a_set_that_goes_live_is_looked_through_for_once(self, ines, waits_for, settle):
        path = tasks.look_for_product_leads.module_path
        handed = DBTaskResult.objects.filter(task_path=path)
        ines.score()
        assert not handed.exists()  # the first set: the reader saw every event
        live = waits_for("Seat Added")
        for _ in range(3):
            tasks.look_at_signals(clock.now())
        assert [row.args_kwargs["args"] for row in handed] == [[live.id]]
        handed.update(status="SUCCESSFUL", enqueued_at=clock.now() - 24 * HOUR)
        tasks.look_at_signals(clock.now())
        assert handed.count() == 1
        # A worker that was lost leaves it running: it is handed on again.
        handed.update(status="RUNNING")
        tasks.look_at_signals(clock.now())
        assert handed.count() == 2
