"""The timeline of the lead page over years: its pages, filters, search, years and export."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handraiser.core.identity.actions import merges
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.actions import notes
from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.nurture.models import Sequence

VIEWED, LEFT, SCORE = "attract.page_viewed", "attract.event_tracked", "attract.visit_started"
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _then():
    with clock.pretend(NOON):
        yield


@pytest.fixture
def put():
    def items(lead, *titles, every=timedelta(minutes=1), end=NOON, name=VIEWED, body=None):
        """Looked at these pages, the newest first."""
        TimelineItem.objects.bulk_create(
            TimelineItem(
                person_id=lead.person_id,
                message_id=f"m_{TimelineItem.objects.count()}_{n}",
                name=name,
                occurred_at=end - every * n,
                body=body or {"title": title, "path": "/"},
            )
            for n, title in enumerate(titles)
        )

    return items


def show(client, lead, part="", **query):
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    answer = client.get(f"/admin/leads/{lead.id}/", query, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def follow(client, body, part=""):
    """The page behind "Show earlier"; None when there is none."""
    found = re.search(r'id="earlier">.*?hx-get="([^"]+)"', body, re.S)
    if not found:
        return None
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    return client.get(unescape(found[1]), headers=headers).content.decode()


def pages(body):
    return re.findall(r"Looked at <b>(\w+)</b>", body)


def test_to_the_beginning_without_gaps_or_repeats_while_more_comes(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    # Two of a kind are not folded, then a visit; many share a moment.
    for n in range(120):
        put(lead, f"a{n}", f"b{n}", every=timedelta(), end=NOON - timedelta(hours=n))
        put(lead, "x", end=NOON - timedelta(hours=n, minutes=1), name=SCORE, body={"channel": "direct"})
    client = login(mira)
    seen, body = [], show(client, lead)
    while body:
        seen += pages(body)
        put(lead, "new", end=NOON + timedelta(minutes=len(seen)))
        body = follow(client, body, "earlier")
    assert sorted(seen) == sorted(f"{letter}{n}" for n in range(120) for letter in "ab")


def test_it_goes_on_without_javascript_and_under_the_day_that_began(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    for n in range(50):
        put(lead, f"a{n}", f"b{n}", end=NOON - timedelta(minutes=5 * n))
        put(lead, "x", end=NOON - timedelta(minutes=5 * n + 2), name=SCORE, body={"channel": "direct"})
    client = login(mira)
    first = show(client, lead)
    assert first.count("Today, Thursday 19 November</h2>") == 1
    plain = follow(client, first)
    assert "<html" in plain and "Today, Thursday 19 November</h2>" in plain
    part = follow(client, first, "earlier")
    assert "<html" not in part and "<h2>Today" not in part
    assert "Today, Thursday 19 November, continued" in part


def test_a_long_run_is_one_line_on_one_page(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    for n in range(70):
        end = NOON - timedelta(minutes=2 * n)
        put(lead, f"p{n}", end=end)
        put(lead, "", end=end - timedelta(minutes=1), name=LEFT,
            body={"event": "page_left", "properties": {"page": f"p{n}", "seconds": 30}})  # fmt: skip
    body = show(login(mira), lead)
    assert "Viewed <b>70 pages</b>" in body
    assert body.count("<summary>Viewed") == 1
    assert "Read <b>p69</b> for 30 s" in body  # unfolded, nothing is missing


def test_search_looks_at_the_words_that_are_shown(login, mira, make_lead, put, settle):
    lead = make_lead("Ines Brandt")
    put(lead, "Pricing", "Blog", "Careers")
    notes.add(person=lead.person, lead=lead, author=mira, text="Budget is signed in May", at=NOON)
    settle(at=NOON)
    client = login(mira)
    assert pages(show(client, lead, find="PRIC look")) == ["Pricing"]
    assert "Budget is signed" in show(client, lead, find="signed")
    nothing = show(client, lead, find="<zebra>")
    assert "Nothing says “&lt;zebra&gt;”" in nothing and "All of it was looked through" in nothing


def test_a_search_far_back_goes_on_where_it_stopped(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    put(lead, *["Blog"] * 2_300, "Pricing")
    client = login(mira)
    body, turns = show(client, lead, find="pricing"), 1
    assert "Search further back" in body and "Looked through to" in body
    while pages(body) != ["Pricing"]:
        body, turns = follow(client, body, "earlier"), turns + 1
    assert turns == 3
    assert "Search further back" not in body


def test_jumping_to_a_month_of_the_reader(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    put(lead, "May", end=datetime(2024, 5, 31, 22, 30, tzinfo=UTC))
    put(lead, "June", end=datetime(2024, 5, 31, 23, 30, tzinfo=UTC))  # it is June in London
    put(lead, "Now", "Then", every=timedelta(days=400))
    client = login(mira)
    years = show(client, lead, "tl-years", jump="1")
    assert re.findall(r"<b>(\d+)</b><span[^>]*>(\d+)<", years) == [
        ("2026", "1"),
        ("2025", "1"),
        ("2024", "2"),
    ]
    assert "upto=2024-05" in years and "<html" not in years
    assert "upto=2024-05" in show(client, lead, jump="1")  # and without JavaScript
    assert pages(show(client, lead, upto="2024-05")) == ["May"]
    assert pages(show(client, lead, upto="2025")) == ["Then", "June", "May"]
    assert "Nothing so early" in show(client, lead, upto="2019-01")
    assert pages(show(client, lead, upto="2024-13")) == ["Now", "Then", "June", "May"]


def test_many_years_ask_no_more_than_one(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    client = login(mira)

    def asked():
        with CaptureQueriesContext(connection) as seen:
            body = show(client, lead, "tl-years", jump="1")
        return len(seen), body.count("upto=")

    put(lead, "now")
    asked()
    one = asked()
    put(lead, *"abcdefghij", every=timedelta(days=300))
    many = asked()
    assert many[1] > one[1] + 10
    assert many[0] == one[0]


def test_times_are_those_of_the_reader_to_the_second(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    put(lead, "June", end=datetime(2024, 6, 3, 22, 30, 5, tzinfo=UTC))
    body = show(login(mira), lead)
    assert (
        '<time datetime="2024-06-03T23:30:05+01:00" title="Monday 3 June 2024, 23:30:05 BST">23:30</time>'
        in body
    )


def test_merged_people_have_one_timeline(login, mira, make_lead, put):
    keep, gone = make_lead("Ines Brandt"), make_lead("Ines Other")
    put(keep, "Kept"), put(gone, "Gone", end=NOON - timedelta(minutes=5))
    merges.merge(keep=keep.person_id, gone=gone.person_id, at=NOON)
    [lead] = Lead.objects.filter(person=keep.person_id)
    body = show(login(mira), lead)
    assert pages(body) == ["Kept", "Gone"]


def test_groups_and_their_empty_states(login, mira, make_lead, put):
    lead = make_lead("Ines Brandt")
    client = login(mira)
    assert "Nothing happened yet" in show(client, lead)
    put(lead, "", name="qualify.score_changed", body={"total": 5_000_000, "previous": 0})
    assert "Score is now" in show(client, lead, "timeline", show="system")
    nothing = show(client, lead, "timeline", show="email")
    assert "Nothing of this kind yet" in nothing and "Show everything" in nothing
    assert "<html" not in nothing


def test_the_export_has_all_that_was_asked_and_no_formula(login, mira, dana, ben, make_lead, put):
    lead = make_lead("Ines Brandt", owner=dana)
    put(lead, *[f"p{n}" for n in range(700)])
    notes.add(person=lead.person, lead=lead, author=mira, text="=cmd()", at=NOON)
    put(lead, "", name="people.note_added", body={"note": lead.person.notes.get().id})
    client = login(mira)
    address = f"/admin/leads/{lead.id}/timeline.csv"

    def rows(**query):
        answer = client.get(address, query)
        assert answer.headers["Content-Disposition"].endswith('.csv"')
        return list(csv.DictReader(io.StringIO(answer.getvalue().decode().removeprefix("\ufeff"))))

    everything = rows()
    assert len(everything) == 701
    assert everything[-1]["what happened"] == "Looked at p699"
    [note] = rows(show="sales")
    assert note["in their words"] == "'=cmd()"
    assert [row["what happened"] for row in rows(find="p699")] == ["Looked at p699"]
    assert login(ben).get(address).status_code == 404


def test_emails_and_sequences_are_named_with_one_question_each(login, mira, make_lead, put):
    from handraiser.core.delivery.models import Message

    lead = make_lead("Ines Brandt")
    client = login(mira)

    def asked():
        with CaptureQueriesContext(connection) as seen:
            body = show(client, lead)
        return len(seen), body

    put(lead, "", name="delivery.email_opened", body={"message": "none"})
    put(lead, "", name="nurture.step_done", body={"sequence": "none", "kind": "email"})
    few, _ = asked()
    for n in range(12):
        message = Message.objects.create(
            key=f"k{n}",
            person=lead.person,
            subject=f"Subject {n}",
            queued_at=NOON,
            due_at=NOON,
            purpose="marketing",
        )
        day = NOON - timedelta(days=n)
        put(lead, "", name="delivery.email_opened", body={"message": message.id}, end=day)
        # Another one, which nobody keeps any more.
        put(lead, "", name="delivery.message_sent", body={"message": f"gone{n}"}, end=day)
        sequence = Sequence.objects.create(name=f"Sequence {n}", created_at=NOON)
        put(lead, "", name="nurture.step_done", body={"sequence": sequence.id, "kind": "email"}, end=day)
    many, body = asked()
    assert "Opened <b>Subject 11</b>" in body
    assert "<b>Sequence 11</b>: an email was due" in body
    assert many <= few
