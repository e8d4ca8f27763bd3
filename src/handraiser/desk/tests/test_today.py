"""Today: one card is next, the rest is in an order; owners see the team."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from handraiser.convert.models import HandOff
from handraiser.core.consent.actions import grants
from handraiser.core.people.actions import tasks
from handraiser.core.people.models import Lead
from handraiser.desk import navigation, today
from handraiser.kit import clock
from handraiser.qualify.actions import stages

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def qualified(make_lead, settle):
    def make(name, **columns):
        lead = make_lead(name, ago=timedelta(minutes=2), **columns)
        stages.move(lead=lead, to="mql", at=clock.now())
        settle()
        return Lead.objects.get(id=lead.id)

    return make


def task(lead, user, *, due, title="Call back", kind="call"):
    return tasks.add(
        title=title, kind=kind, person=lead.person, lead=lead, assignee=user, due_at=due, at=clock.now()
    )


def test_a_hand_off_is_next_and_can_be_accepted(login, dana, qualified):
    lead = qualified("Ines Brandt")
    client = login(dana)
    body = client.get("/admin/").content.decode()
    offer = HandOff.objects.get(lead=lead)
    assert "Ines Brandt" in body
    assert f"/admin/hand-offs/{offer.id}/accept/" in body
    assert navigation.due(dana) == (1, True)
    client.post(f"/admin/hand-offs/{offer.id}/accept/")
    assert Lead.objects.get(id=lead.id).stage == "accepted"
    after = client.get("/admin/").content.decode()
    assert "Nothing is waiting for you" in after
    assert "1 of 1" in after  # answered in time


def test_tasks_follow_by_clock_or_by_score(login, dana, make_lead):
    now = clock.now()
    low = make_lead("Ana Adler", owner=dana, points=10)
    high = make_lead("Bea Berg", owner=dana, points=90)
    task(low, dana, due=now + timedelta(minutes=5), title="First by clock")
    task(high, dana, due=now + timedelta(hours=1), title="First by score")
    client = login(dana)
    by_clock = client.get("/admin/").content.decode()
    assert by_clock.index("First by clock") < by_clock.index("First by score")
    by_score = client.get("/admin/?order=score").content.decode()
    assert by_score.index("First by score") < by_score.index("First by clock")


def test_seven_are_shown_then_the_rest_on_request(login, dana, make_lead):
    for n in range(9):
        task(make_lead(f"Ana Adler{n}", owner=dana), dana, due=clock.now())
    client = login(dana)
    body = client.get("/admin/").content.decode()
    assert "7 of 9" in body
    assert "Show 2 more" in body
    assert "9 of 9" in client.get("/admin/?all=1").content.decode()


def test_a_task_on_a_lead_that_went_to_a_colleague_is_gone(login, dana, ben, make_lead):
    lead = make_lead("Ines Brandt", owner=dana)
    task(lead, dana, due=clock.now())
    Lead.objects.update(owner=ben)
    assert "Ines Brandt" not in login(dana).get("/admin/").content.decode()
    assert navigation.due(dana) == (None, False)


def test_when_something_is_due_in_words():
    at = clock.now().replace(year=2026, month=11, day=19, hour=12, minute=0)

    def said(delta):
        return today.due_in_words(at + delta, at=at, zone=LONDON)

    assert said(timedelta(hours=1)) == ("Due 13:00", "calm")
    assert said(timedelta(hours=-1)) == ("Due 11:00", "late")
    assert said(timedelta(days=1)) == ("Tomorrow", "calm")
    assert said(timedelta(days=-1)) == ("Since yesterday", "late")
    assert said(timedelta(days=-3)) == ("3 days late", "late")
    assert today.due_in_words(None, at=at, zone=LONDON) == ("No day set", "calm")


def test_an_owner_sees_who_waits_for_whom(login, mira, dana, qualified, make_lead):
    qualified("Ines Brandt")
    make_lead("Ana Adler", temperature="hot")
    body = login(mira).get("/admin/").content.decode()
    assert "Waiting for an answer" in body
    assert "Dana Okafor" in body
    assert "Ana Adler" in body
    assert "Getting ready" in body


def test_a_rep_does_not_see_the_team(login, dana, ben, make_lead):
    make_lead("Ines Brandt", owner=ben, temperature="hot")
    body = login(dana).get("/admin/").content.decode()
    assert "Waiting for an answer" not in body
    assert "Ines Brandt" not in body


def test_an_analyst_reads_only(login, analyst, qualified, dana):
    qualified("Ines Brandt")
    body = login(analyst).get("/admin/").content.decode()
    assert "accept" not in body
    assert "Add lead" not in body


def test_what_is_lost_is_said(login, mira):
    from handraiser.core.journal.models import ParkedEvent

    at = clock.now()
    ParkedEvent.objects.create(
        reader="x", message_id="m", position=1, name="n", payload="{}", parked_at=at, next_try_at=at
    )
    assert "1 event is parked." in login(mira).get("/admin/").content.decode()


def test_a_new_instance_names_the_next_clicks(login, mira):
    body = login(mira).get("/admin/").content.decode()
    for line in ("Build a form", "Put it on a page", "Add a rule of your own", "Start a sequence"):
        assert line in body
    assert 'href="/admin/capture/"' in body


def test_a_call_is_offered_where_it_is_allowed(login, dana, make_lead):
    lead = make_lead("Ines Brandt", owner=dana, person={"phone": "+442079460142"})
    task(lead, dana, due=clock.now())
    client = login(dana)
    assert "tel:" not in client.get("/admin/").content.decode()
    grants.grant(
        person=lead.person, purpose_key="sales", wording_text="You may call.", at=clock.now(), proof={}
    )
    assert 'href="tel:+442079460142"' in client.get("/admin/").content.decode()
