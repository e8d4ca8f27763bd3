"""The lead page: who, why, what next; and what may be done from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from handraiser.capture.models import Form, FormVersion, Submission
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.people.actions import leads, notes, tasks
from handraiser.core.people.models import FieldDefinition, Identifier, Lead, Note, Task
from handraiser.kit import clock


def page(client, lead, query="") -> str:
    answer = client.get(f"/admin/leads/{lead.id}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def tell(fact, lead, *, ago=timedelta()):
    with transaction.atomic():
        outbox.publish(fact, at=clock.now() - ago, person=lead.person_id, lead=lead.id)


DEMO = FormSubmitted(form="f", form_name="Book a demo", form_version=1, submission="s", intent="demo")


def test_the_page_says_who_why_and_what_happened(login, mira, make_lead, settle):
    lead = make_lead("Ines Brandt", person={"job_title": "VP of Marketing"}, source="Google Ads")
    tell(DEMO, lead, ago=timedelta(minutes=5))
    for n in range(4):
        tell(PageViewed(url="u", path="/blog/", title="Blog"), lead, ago=timedelta(minutes=10 + n))
    settle()
    body = page(login(mira), lead)
    assert "VP of Marketing" in body
    assert "Halden Foods" in body
    assert "Sent the form <b>Book a demo</b>" in body
    assert "Viewed <b>4 pages</b>" in body
    assert "+40" in body  # beside the form, and in the reasons


def test_another_persons_lead_does_not_exist_for_a_rep(login, dana, ben, make_lead):
    lead = make_lead("Ines Brandt", owner=ben)
    task = tasks.add(
        title="x", kind="call", person=lead.person, lead=lead, assignee=ben, due_at=None, at=clock.now()
    )
    client = login(dana)
    for path in ("", "why/", "note/", "task/", "owner/", "stage/", "person/"):
        assert client.get(f"/admin/leads/{lead.id}/{path}").status_code == 404
    writes = ("note/add/", "task/add/", "owner/set/", "stage/move/", "person/change/", "fields/")
    for path in writes:
        assert client.post(f"/admin/leads/{lead.id}/{path}", {"text": "x"}).status_code == 404
    assert client.post(f"/admin/tasks/{task.id}/done/").status_code == 404
    assert client.get("/admin/leads/lead_nonsense/").status_code == 404


def test_events_of_another_lead_of_the_person_stay_there(login, mira, make_lead, settle):
    lead = make_lead("Ines Brandt", stage="recycled", closed_at=clock.now())
    with transaction.atomic():
        second, created = leads.open(person=lead.person, at=clock.now(), how="form")
    assert created
    notes.add(person=lead.person, lead=second, author=mira, text="About the second", at=clock.now())
    settle()
    client = login(mira)
    assert "About the second" not in page(client, lead)
    assert "About the second" in page(client, second)


def test_the_timeline_can_be_filtered_and_goes_on(login, mira, make_lead, settle):
    lead = make_lead("Ines Brandt")
    notes.add(person=lead.person, lead=lead, author=mira, text="A word", at=clock.now())
    for n in range(120):
        tell(PageViewed(url="u", path=f"/p{n}/", title=f"Page {n}"), lead, ago=timedelta(hours=n))
    settle()
    client = login(mira)
    assert "A word" in page(client, lead, "?show=sales")
    assert "A word" not in page(client, lead, "?show=website")
    first = page(client, lead)
    assert "Page 119" not in first
    addresses = [part.split('"')[0] for part in first.split('hx-get="')[1:]]
    [earlier] = [address for address in addresses if "before=" in address]
    answer = client.get(
        earlier.replace("&amp;", "&"),
        headers={"HX-Request": "true", "HX-Target": "earlier"},
    ).content.decode()
    assert "Page 119" in answer
    assert "<html" not in answer


def test_the_number_of_queries_does_not_grow_with_the_history(login, mira, make_lead, settle):
    lead = make_lead("Ines Brandt")
    client = login(mira)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            page(client, lead)
        return len(seen)

    tell(PageViewed(url="u", path="/", title="Home"), lead)
    notes.add(person=lead.person, lead=lead, author=mira, text="One", at=clock.now())
    settle()
    page(client, lead)
    few = queries()
    for n in range(20):
        tell(PageViewed(url="u", path=f"/{n}/", title=f"Page {n}"), lead)
        notes.add(person=lead.person, lead=lead, author=mira, text=f"Note {n}", at=clock.now())
    settle()
    assert queries() <= few


def test_j_and_k_know_the_neighbours(login, mira, make_lead):
    low = make_lead("Ana Adler", points=10)
    middle = make_lead("Bea Berg", points=50)
    high = make_lead("Cal Costa", points=90)
    body = page(login(mira), middle, "?view=all")
    assert "2 of 3" in body
    assert f'href="/admin/leads/{high.id}/?view=all" data-walk="k"' in body
    assert f'href="/admin/leads/{low.id}/?view=all" data-walk="j"' in body


def test_a_note_is_quoted_and_escaped(login, mira, make_lead, settle):
    lead = make_lead("Ines Brandt")
    client = login(mira)
    client.post(f"/admin/leads/{lead.id}/note/add/", {"text": "<b>Call</b> after **lunch**"})
    assert Note.objects.get().author == mira
    assert page(client, lead).count("Mira Voss wrote a") == 1  # at once
    settle()
    body = page(client, lead)
    assert body.count("Mira Voss wrote a") == 1  # and once
    assert "&lt;b&gt;Call&lt;/b&gt; after **lunch**" in body
    assert "Mira Voss wrote a" in body
    empty = client.post(f"/admin/leads/{lead.id}/note/add/", {"text": "  "})
    assert empty.status_code == 422
    assert "A note needs some words." in empty.content.decode()


def test_a_task_is_added_done_and_opened_again(login, dana, make_lead):
    lead = make_lead("Ines Brandt", owner=dana)
    client = login(dana)
    client.post(
        f"/admin/leads/{lead.id}/task/add/",
        {"title": "Call back", "task_kind": "call", "due": "2026-12-01", "hour": "09:30"},
    )
    task = Task.objects.get()
    assert (task.assignee, task.due_at.isoformat()) == (dana, "2026-12-01T09:30:00+00:00")
    assert "Call back" in page(client, lead)
    client.post(f"/admin/tasks/{task.id}/done/")
    assert Task.objects.get().done_at is not None
    client.post(f"/admin/tasks/{task.id}/reopen/")
    assert Task.objects.get().done_at is None
    wrong = client.post(f"/admin/leads/{lead.id}/task/add/", {"title": "x", "due": "soon"})
    assert "This is not a day and time." in wrong.content.decode()


def test_the_stage_moves_with_a_reason(login, mira, make_lead):
    lead = make_lead("Ines Brandt", stage="accepted")
    client = login(mira)
    refused = client.post(f"/admin/leads/{lead.id}/stage/move/", {"stage": "disqualified"})
    assert refused.status_code == 422
    assert "Say why it moves" in refused.content.decode()
    client.post(f"/admin/leads/{lead.id}/stage/move/", {"stage": "disqualified", "reason": "A student"})
    assert Lead.objects.get().stage == "disqualified"
    late = client.post(f"/admin/leads/{lead.id}/stage/move/", {"stage": "sql", "seen": "accepted"})
    assert "Somebody moved this lead" in late.content.decode()


def test_giving_a_lead_away(login, dana, ben, make_lead):
    lead = make_lead("Ines Brandt", owner=dana)
    client = login(dana)
    answer = client.post(f"/admin/leads/{lead.id}/owner/set/", {"owner": ben.id})
    # It is Ben's now, so Dana goes back to the list.
    assert answer.url == "/admin/leads/"
    assert Lead.objects.get().owner == ben
    assert login(ben).post(f"/admin/leads/{lead.id}/owner/set/", {"owner": "x"}).status_code == 422


def test_details_change_and_an_address_of_another_is_refused(login, mira, make_lead):
    lead, other = make_lead("Ines Brandt"), make_lead("Ana Adler")
    client = login(mira)
    client.post(
        f"/admin/leads/{lead.id}/person/change/", {"job_title": "CMO", "email": "ines@oriel.example.com"}
    )
    lead.person.refresh_from_db()
    assert (lead.person.job_title, lead.person.email) == ("CMO", "ines@oriel.example.com")
    assert Identifier.objects.filter(person=lead.person, kind="email").count() == 2
    refused = client.post(f"/admin/leads/{lead.id}/person/change/", {"email": other.person.email})
    assert "Somebody else has this address." in refused.content.decode()
    wrong = client.post(f"/admin/leads/{lead.id}/person/change/", {"email": "ana"})
    assert "This address has no @." in wrong.content.decode()


def test_custom_fields_keep_their_types(login, mira, make_lead):
    now = clock.now()
    FieldDefinition.objects.create(
        entity="person", key="team", label="Team size", kind="number", created_at=now
    )
    FieldDefinition.objects.create(
        entity="lead", key="tried", label="Tried it", kind="boolean", created_at=now
    )
    lead = make_lead("Ines Brandt")
    client = login(mira)
    client.post(f"/admin/leads/{lead.id}/fields/", {"person.team": "1,200", "lead.tried": "true"})
    lead = Lead.objects.select_related("person").get()
    assert lead.person.attributes == {"team": 1200}
    assert lead.attributes == {"tried": True}
    refused = client.post(f"/admin/leads/{lead.id}/fields/", {"person.team": "many"})
    assert refused.status_code == 422
    assert "Team size takes a number" in refused.content.decode()


def test_a_channel_without_permission_is_closed_and_says_why(login, mira, make_lead):
    from handraiser.core.consent.actions import grants

    lead = make_lead("Ines Brandt", person={"phone": "+442079460142"})
    client = login(mira)
    assert "They did not allow us to call." in page(client, lead)
    with transaction.atomic():
        grants.grant(
            person=lead.person, purpose_key="sales", wording_text="You may call.", at=clock.now(), proof={}
        )
    body = page(client, lead)
    assert 'href="tel:+442079460142"' in body
    assert "They did not allow us to call." not in body


def test_back_never_leaves_the_house(login, mira, make_lead):
    lead = make_lead("Ines Brandt")
    answer = login(mira).post(
        f"/admin/leads/{lead.id}/note/add/", {"text": "x", "back": "https://evil.example.com/admin/"}
    )
    assert answer.url == f"/admin/leads/{lead.id}/"


@pytest.mark.parametrize("path", ["note/add/", "stage/move/", "fields/"])
def test_an_analyst_reads_only(login, analyst, make_lead, path):
    lead = make_lead("Ines Brandt")
    client = login(analyst)
    body = page(client, lead)
    assert "Add a task" not in body
    assert client.post(f"/admin/leads/{lead.id}/{path}", {"text": "x"}).status_code == 403


def test_the_answers_of_a_form_are_shown_with_their_questions(login, mira, make_lead, settle):
    lead, now = make_lead("Ines Brandt"), clock.now()
    form = Form.objects.create(name="Book a demo", slug="demo", intent="demo", created_at=now)
    schema = {
        "fields": [
            {"key": "email", "type": "email", "label": "Work email", "maps_to": "email"},
            {
                "key": "size",
                "type": "choice",
                "label": "Team size",
                "choices": [{"value": "s", "label": "3 to 5"}, {"value": "m", "label": "6 or more"}],
            },
            {"key": "why", "type": "textarea", "label": "What brings you here"},
            {"key": "ok", "type": "consent", "label": "You may call me", "purpose": "sales"},
        ]
    }
    version = FormVersion.objects.create(form=form, number=1, schema=schema, created_at=now, published_at=now)
    submission = Submission.objects.create(
        form=form,
        version=version,
        state="accepted",
        person=lead.person,
        lead=lead,
        answers={"email": "i@x.example.com", "size": "m", "why": "It takes <two> of us.", "ok": True},
        client_token="t",
        submitted_at=now,
    )
    tell(replace(DEMO, submission=submission.id), lead)
    settle()
    body = page(login(mira), lead)
    assert "“It takes &lt;two&gt; of us.”" in body
    assert "<dt>Team size</dt><dd>6 or more</dd>" in body
    assert "You may call me" not in body
