"""The timeline for programs: any id, every filter, and pages that hold while events come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.identity import timelines
from handraiser.core.identity.actions import merges, visitors
from handraiser.core.identity.models import TimelineItem
from handraiser.core.identity.timelines import Place
from handraiser.core.people.actions import leads, people
from handraiser.core.staff.actions import keys
from handraiser.desk.rules import groups
from handraiser.desk.timeline import SENTENCES, rows_of, within
from handraiser.kit import clock

NOW = datetime(2026, 11, 19, 12, tzinfo=UTC)
PAGE, NOTE, OPENED = "attract.page_viewed", "people.note_added", "delivery.email_opened"


@pytest.fixture
def ask(organisation):
    """`ask(person_id, limit=5)`: the answer of the door; `scopes` of the key may be given."""

    def get(named, *, scopes=("events:read",), **query):
        if (client := clients.get(scopes)) is None:
            _, secret = keys.create(name="test", scopes=list(scopes), at=clock.now())
            client = clients[scopes] = Client(headers={"authorization": f"Bearer {secret}"})
        return client.get(f"/api/people/{named}/timeline?{urlencode(query, doseq=True)}")

    clients: dict = {}
    return get


@pytest.fixture
def person(organisation):
    return people.create(at=NOW, how="hand", first_name="Ines")


def put(person, *names, ago=timedelta(), **more):
    """Items that happened one second after each other, the first one first."""
    first = TimelineItem.objects.count()
    more.setdefault("body", {})
    TimelineItem.objects.bulk_create(
        TimelineItem(
            person=person,
            message_id=f"m_{first + n}",
            name=name,
            occurred_at=NOW - ago + timedelta(seconds=n),
            **more,
        )
        for n, name in enumerate(names)
    )


def names(answer):
    assert answer.status_code == 200, answer.content
    return [event["name"] for event in answer.json()["events"]]


def test_it_works(ask, person):
    put(person, PAGE, NOTE, visitor="v_1", body={"path": "/"})
    answer = ask(person.id).json()
    assert answer["person"] == person.id
    assert answer["next"] is None
    assert answer["events"][0] == {
        "id": "m_1", "name": NOTE, "group": "sales", "occurred_at": "2026-11-19T12:00:01Z", "lead": None,
        "visitor": "v_1", "body": {"path": "/"},
    }  # fmt: skip


def test_five_thousand_come_once_each_while_more_are_added(ask, person):
    # Many share a moment, so that the id must decide.
    TimelineItem.objects.bulk_create(
        TimelineItem(
            person=person,
            message_id=f"old_{n}",
            name=PAGE,
            occurred_at=NOW - timedelta(minutes=n // 7),
            body={},
        )
        for n in range(5_000)
    )
    seen, place, turns = [], "", 0
    while place is not None:
        # Somebody goes on looking at pages, and late events come in between those that were read.
        put(person, PAGE, ago=timedelta(seconds=-turns))
        put(person, PAGE, ago=timedelta(minutes=turns))
        answer = ask(person.id, limit=190, before=place).json()
        seen += [event["id"] for event in answer["events"]]
        place, turns = answer["next"], turns + 1
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one.startswith("old_")] == sorted(
        (f"old_{n}" for n in range(5_000)), key=lambda one: (int(one[4:]) // 7, -int(one[4:]))
    )
    assert turns > 5_000 // 190


def test_any_id_that_ever_named_them(ask, person):
    gone = people.create(at=NOW, how="hand", first_name="Ines")
    lead, _ = leads.open(person=gone, at=NOW, how="hand")
    visitors.link(visitor="v_1", person_id=gone.id, how="form", at=NOW)
    put(person, NOTE), put(gone, PAGE)
    merges.merge(keep=person.id, gone=gone.id, at=NOW)
    for some_id in (person.id, gone.id, lead.id, "v_1"):
        answer = ask(some_id)
        assert answer.json()["person"] == person.id
        assert {PAGE, NOTE} <= set(names(answer))
    assert ask("nobody").status_code == 404


def test_filters(ask, person):
    put(person, PAGE, NOTE, "qualify.score_changed", "somebody.else", OPENED)
    put(person, OPENED, body={"machine": "proxy"})
    put(person, PAGE, ago=timedelta(days=2))
    assert names(ask(person.id, group="website")) == [PAGE, PAGE]
    assert names(ask(person.id, group=["sales", "email"])) == [OPENED, NOTE]
    assert names(ask(person.id, group="system")) == ["somebody.else", "qualify.score_changed", OPENED]
    assert names(ask(person.id, name=[NOTE, "x"])) == [NOTE]
    assert names(ask(person.id, name=PAGE, **{"from": "2026-11-19"})) == [PAGE]
    assert names(ask(person.id, to="2026-11-17")) == [PAGE]
    assert names(ask(person.id, to="2026-11-17T12:00:00Z")) == []
    assert names(ask(person.id, to="2026-11-17T14:00:01+02:00")) == [PAGE]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"before": "yesterday"}, "before"),
        ({"before": "9" * 18 + "-1"}, "before"),
        ({"from": "2026-13-01"}, "from"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"limit": 201}, "limit"),
        ({"group": "rumours"}, "group"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, person, query, field):
    answer = ask(person.id, **query)
    assert answer.status_code in (400, 422), answer.content
    assert answer.json()["field"].startswith(field)


def test_only_with_the_scope(ask, person):
    assert ask(person.id, scopes=("leads:read",)).status_code == 403
    assert Client().get(f"/api/people/{person.id}/timeline").status_code == 401


def test_the_document_tells_of_it(ask):
    told = json.loads(Client().get("/api/openapi.json").content)["paths"]["/api/people/{person_id}/timeline"][
        "get"
    ]
    assert {one["name"] for one in told["parameters"]} == {
        "person_id", "group", "name", "from", "to", "before", "limit"
    }  # fmt: skip
    assert "newest first" in told["description"]


def test_every_sentence_falls_under_the_filter_that_finds_it(organisation):
    bodies = {
        "people.person_created": {"how": "hand"},
        "people.lead_opened": {"offer_line": ""},
    }

    # What a sentence asks for is looked up by name; words stand for all that is missing.
    class Anything(dict):
        def __missing__(self, key):
            return {"amount": 1, "total": 1, "previous": 0, "seconds": 1, "number": 1, "owner": None}.get(
                key, "x"
            )

    for name, say in SENTENCES.items():
        body = Anything(bodies.get(name, {}))
        assert say(body).group == groups.of(name, body), name
    for name in groups.BY_MACHINES:
        body = Anything(machine="proxy")
        assert SENTENCES[name](body).group == groups.of(name, body) == "system"


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**59))
def test_a_place_is_read_as_it_was_written(moment, row):
    assert Place.read(str(Place(moment, row))) == Place(moment, row)


def test_pages_and_counts_stay_inside_the_index(person):
    """What is far back costs what the newest costs."""
    from zoneinfo import ZoneInfo

    put(person, *[PAGE] * 50)
    place = Place(NOW, 5)
    rows = timelines.of(person.id).filter(name__in=[NOTE], lead_id__in=["", "x"])
    if connection.vendor == "sqlite":
        plan = timelines.beyond(rows, place).explain()
        assert "timeline_newest (person_id=? AND occurred_at<?" in plan
        assert "TEMP B-TREE" not in plan
    [month] = timelines.months(timelines.of(person.id), ZoneInfo("UTC"))
    assert (month.first.isoformat(), month.events) == ("2026-11-01", 50)


@pytest.mark.sqlite  # PostgreSQL keeps no text that is not JSON, by which one could tell
@pytest.mark.parametrize("group", ["website", "email", "sales", "system"])
def test_a_filter_reads_the_body_only_of_what_a_machine_may_do(person, group):
    """Of a long history the index says enough; each body is somewhere else on the disk."""
    lead, _ = leads.open(person=person, at=NOW, how="hand")
    put(
        person,
        OPENED,
        PAGE,
        NOTE,
        "delivery.message_sent",
        "qualify.score_changed",
        body={"machine": "proxy"},
    )
    with connection.cursor() as cursor:
        cursor.execute("pragma ignore_check_constraints = on")
        cursor.execute("update identity_timeline set body = 'no JSON' where name <> %s", [OPENED])
        cursor.execute("pragma ignore_check_constraints = off")
    there = {"website": {PAGE}, "email": {"delivery.message_sent"}, "sales": {NOTE}}
    there["system"] = {"qualify.score_changed", OPENED}
    for rows in (timelines.of(person.id).filter(within([group])), rows_of(lead, group)):
        assert set(rows.values_list("name", flat=True)) == there[group]


def test_the_screen_and_the_door_agree_on_every_group(person):
    lead, _ = leads.open(person=person, at=NOW, how="hand")
    put(person, *SENTENCES)
    for machine in ("", "proxy"):
        put(person, *groups.BY_MACHINES, body={"machine": machine})
    for group in groups.NAMES | {"system": ()}:
        found = rows_of(lead, group)
        assert set(found) == set(timelines.of(person.id).filter(within([group])))
        assert {groups.of(item.name, item.body) for item in found} == {group}


def test_months_are_those_of_the_reader(person):
    from zoneinfo import ZoneInfo

    put(person, PAGE, ago=NOW - datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    put(person, PAGE, NOTE, ago=NOW - datetime(2024, 2, 29, 12, tzinfo=UTC))

    def told(zone, **filters):
        rows = timelines.of(person.id).filter(**filters)
        return [(str(month.first)[:7], month.events) for month in timelines.months(rows, ZoneInfo(zone))]

    assert told("UTC") == [("2026-10", 1), ("2024-02", 2)]
    assert told("Europe/Berlin") == [("2026-11", 1), ("2024-02", 2)]
    assert told("UTC", name=NOTE) == [("2024-02", 1)]
    assert told("UTC", name="x") == []
