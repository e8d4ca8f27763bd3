from __future__ import annotations

import pytest
from django.urls import reverse

from handraiser.blueprints.northlight.install import FOLLOW_UP
from handraiser.nurture import starters
from handraiser.nurture.actions import enrolments, sequences
from handraiser.nurture.models import Enrolment, Sequence
from handraiser.nurture.rules import flow
from handraiser.nurture.tests.conftest import NOW, known_person


@pytest.fixture
def welcome(organisation):
    return starters.install(FOLLOW_UP, at=NOW)


def url(name, sequence, *more):
    return reverse(f"nurture:{name}", args=[sequence.id, *more])


def test_the_empty_list_names_the_next_click(marketer, login):
    page = login(marketer).get("/admin/nurture/").content.decode()
    assert "No sequence yet" in page and "New sequence" in page


def test_a_sequence_is_built_by_forms_alone_and_published(marketer, login):
    client = login(marketer)
    assert client.get(reverse("nurture:new")).status_code == 200
    client.post(reverse("nurture:create"), {"name": "Hello", "starter": ""})
    sequence = Sequence.objects.get()
    assert "Start with what sets it off" in client.get(url("steps", sequence)).content.decode()
    client.post(url("save_start", sequence), {"start": "intent:newsletter", "exits": ["customer"]})
    client.post(url("add_step", sequence), {"kind": "wait"})
    [wait] = sequences.current(sequence).flow["steps"]
    client.post(url("save_step", sequence, wait["key"]), {"amount": "3", "unit": "hours"})
    client.post(url("add_step", sequence), {"kind": "email", "after": wait["key"]})
    email = sequences.current(sequence).flow["steps"][1]
    answer = client.post(
        url("save_step", sequence, email["key"]),
        {"subject": "Hi {{ frist_name }}", "body": "x", "sender": "owner"},
    )
    assert answer.status_code == 422 and "frist_name" in answer.content.decode()
    client.post(
        url("save_step", sequence, email["key"]),
        {"subject": "Hello {{ first_name|there }}", "body": "[Read](/blog)", "sender": "owner"},
    )
    page = client.get(url("review", sequence)).content.decode()
    assert "Publish version 1" in page
    client.post(url("publish", sequence))
    live = sequence.versions.get(state="live")
    assert live.flow["trigger"] == {"type": "form", "form": "", "intent": "newsletter"}
    assert live.flow["exits"] == ["customer", "unsubscribed"]
    assert [step["kind"] for step in live.flow["steps"]] == ["wait", "email"]
    assert live.flow["steps"][0]["amount"] == 3


def test_editing_a_live_sequence_makes_a_draft_and_says_who_stays(marketer, login, welcome):
    person, lead = known_person()
    version = welcome.versions.get(state="live")
    enrolments.enrol(version=version, person=person, lead=lead, at=NOW)
    client = login(marketer)
    client.post(url("save_step", welcome, "w1"), {"amount": "2", "unit": "hours"})
    client.post(url("add_step", welcome), {"kind": "task", "inside": "c1", "branch": "no"})
    client.post(url("move_step", welcome, "w2"), {"to": "up"})
    client.post(url("remove_step", welcome, "e5"))
    page = client.get(url("steps", welcome)).content.decode()
    assert "Draft 2" in page and "Version 1 is live, 1 person inside" in page
    page = client.get(url("review", welcome)).content.decode()
    assert "The task has no title." in page and "Publish version 2</button>" not in page
    added = sequences.current(welcome).flow["steps"]
    task = next(step for step in flow.walk(added) if step["kind"] == "task" and not step["title"])
    client.post(
        url("save_step", welcome, task["key"]), {"title": "Write to them", "task": "email", "hours": "8"}
    )
    page = client.get(url("review", welcome)).content.decode()
    assert "1 person stays on version 1" in page and "Write to them" in page
    assert "Wait 2 hours (was 1 hour)" in page
    client.post(url("publish", welcome))
    assert Enrolment.objects.get().version.number == 1
    page = client.get(url("versions", welcome)).content.decode()
    assert "Use again as draft" in page
    client.post(url("again", welcome, 1))
    assert sequences.current(welcome).flow == version.flow


def test_every_step_opens_in_the_panel(marketer, login, welcome):
    client = login(marketer)
    known_person()
    for key in ["start", *(step["key"] for step in flow.walk(FOLLOW_UP.plan["steps"]))]:
        answer = client.get(url("steps", welcome), {"step": key, "view": "list"})
        assert answer.status_code == 200 and 'class="insp"' in answer.content.decode()
    page = client.get(url("steps", welcome), {"step": "e1"}).content.decode()
    assert "Hi Leila," in page


def test_the_dry_run_is_a_calendar_and_sends_nothing(marketer, login, welcome):
    known_person()
    client = login(marketer)
    no = client.get(url("dry_run", welcome), {"c1": "no"}).content.decode()
    yes = client.get(url("dry_run", welcome), {"c1": "yes"}).content.decode()
    assert "Leila Haddad would get 5 emails" in no
    assert "The one number your board remembers" in no and "Call: they looked at the prices" in yes
    assert not Enrolment.objects.exists()


def test_people_are_stopped_resumed_and_taken_out(marketer, login, welcome):
    person, lead = known_person()
    version = welcome.versions.get(state="live")
    row = enrolments.enrol(version=version, person=person, lead=lead, at=NOW)
    client = login(marketer)
    assert "Leila Haddad" in client.get(url("people", welcome)).content.decode()
    for verb, state in (("stop", "paused"), ("resume", "active"), ("remove", "exited")):
        client.post(reverse("nurture:change_person", args=[row.id, verb]))
        row.refresh_from_db()
        assert row.state == state
    assert client.get(url("people", welcome), {"state": "active"}).status_code == 200
    assert client.get(url("people", welcome), {"state": "x"}).status_code == 404


def test_the_list_shows_people_and_results(marketer, login, welcome):
    page = login(marketer).get("/admin/nurture/").content.decode()
    assert "Playbook follow-up" in page and "Asks for a download" in page


def test_an_analyst_reads_and_a_rep_does_not_enter(analyst, dana, login, welcome):
    for name in ("steps", "people", "versions", "dry_run"):
        assert login(analyst).get(url(name, welcome)).status_code == 200
        assert login(dana).get(url(name, welcome)).status_code == 403
    for name, more in (("publish", ()), ("add_step", ()), ("remove_step", ("e1",)), ("pause", ())):
        assert login(analyst).post(url(name, welcome, *more)).status_code == 403


@pytest.mark.parametrize(
    ("given", "test"),
    [
        ({"type": "visited", "path": "/demo", "days": "5"}, {"type": "visited", "path": "/demo", "days": 5}),
        ({"type": "clicked", "path": "", "days": ""}, {"type": "clicked"}),
        ({"type": "stage", "stage": "sql"}, {"type": "stage", "stage": "sql"}),
        ({"type": "visited", "path": "demo", "days": "5"}, None),
        ({"type": "visited", "path": "/demo", "days": ""}, None),
        ({"type": "weather"}, None),
    ],
)
def test_a_condition_asks_one_question(marketer, login, welcome, given, test):
    answer = login(marketer).post(url("save_step", welcome, "c1"), given)
    assert answer.status_code == (302 if test else 422)
    if test:
        step = flow.find(sequences.current(welcome).flow["steps"], "c1")
        assert step["test"] == test and [child["key"] for child in step["yes"]] == ["t1", "e4y"]


def test_a_name_is_needed(marketer, login):
    answer = login(marketer).post(reverse("nurture:create"), {"name": " ", "starter": ""})
    assert answer.status_code == 422 and "needs a name" in answer.content.decode()
