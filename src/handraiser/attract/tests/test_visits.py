"""Visits: the pure fold, and the reader on a real journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from handraiser.attract import queries, readers
from handraiser.attract.actions import touches
from handraiser.attract.models import PageSeen, Visit
from handraiser.attract.rules.channels import Touch
from handraiser.attract.rules.visits import GAP_MS, View, fold
from handraiser.core.journal import loop, outbox
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.live import journal
from handraiser.kit import clock
from handraiser.kit.envelope import Event

START = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
ADS = Touch("paid_search", "google", "cpc", "fridays", "/playbook/")
NONE = Touch("direct")


@pytest.fixture
def turn(db):
    """Let this stage's readers take everything that waits."""
    return lambda: loop.settle([readers.visits(), readers.conversions()], [])


def view(
    minute: float, *, touch: Touch = NONE, path: str = "/", number: int = 0, named: bool = False
) -> View:
    return View("v_a", int(minute * 60_000) + 10**9, path, touch, named, f"m{minute}{number}")


def test_a_pause_of_half_an_hour_begins_a_visit():
    spans = fold({}, [view(0), view(29), view(60)])
    assert [span.views for span in spans] == [2, 1]


def test_a_new_campaign_begins_a_visit_and_the_same_one_does_not():
    spans = fold({}, [view(0), view(1, touch=ADS, named=True), view(2, touch=ADS, named=True), view(3)])
    assert [(span.touch.channel, span.views) for span in spans] == [("direct", 1), ("paid_search", 3)]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40))
def test_every_view_is_in_one_visit_and_visits_keep_their_distance(minutes):
    spans = fold({}, [view(minute, number=number) for number, minute in enumerate(minutes)])
    assert sum(span.views for span in spans) == len(minutes)
    for earlier, later in pairwise(spans):
        assert later.started_ms - earlier.last_ms > GAP_MS


def page(number: int, at: datetime, *, visitor: str = "b_" + "1" * 32, path: str = "/", **body) -> Event:
    return Event(
        message_id=f"m{number}",
        name="attract.page_viewed",
        occurred_at=clock.ms(at),
        received_at=clock.ms(at),
        visitor=visitor,
        body={
            "url": f"https://northlight.example.com{path}",
            "path": path,
            "title": "",
            "referrer": "",
            "consent": True,
            "bot": "",
            "utm": {},
            "click_ids": {},
            **body,
        },
    )


def test_page_views_become_visits_with_their_source(turn):
    utm = {"source": "google", "medium": "cpc", "campaign": "fridays"}
    journal().append(
        [
            page(1, START, path="/playbook/", utm=utm),
            page(2, START + timedelta(minutes=2), path="/pricing/"),
            page(3, START + timedelta(minutes=3), path="/pricing/"),
        ]
    )
    turn()
    journal().append([page(4, START + timedelta(minutes=20)), page(5, START + timedelta(hours=2))])
    turn()
    first, second = Visit.objects.order_by("started_at")
    assert (first.channel, first.campaign, first.pages, first.landing_path) == (
        "paid_search",
        "fridays",
        4,
        "/playbook/",
    )
    assert second.channel == "direct"
    assert PageSeen.objects.filter(visit=first).count() == 3
    started = [event for event in journal().read(after=0, limit=50) if event.name == "attract.visit_started"]
    assert [(event.visitor, event.cause) for event in started] == [
        ("b_" + "1" * 32, "m1"),
        ("b_" + "1" * 32, "m5"),
    ]


def test_a_batch_gives_the_same_visits_as_single_events(turn):
    moments = [START + timedelta(minutes=number * 11) for number in (0, 1, 2, 6, 7, 20)]
    for number, moment in enumerate(moments):
        journal().append([page(number, moment, visitor="v_single")])
        turn()
    journal().append([page(100 + number, moment, visitor="v_batch") for number, moment in enumerate(moments)])
    turn()
    seen = {
        visitor: list(
            Visit.objects.filter(visitor=visitor)
            .order_by("started_at")
            .values_list("started_at", "last_at", "pages")
        )
        for visitor in ("v_single", "v_batch")
    }
    assert seen["v_single"] == seen["v_batch"] and len(seen["v_batch"]) == 3


def test_bots_and_nobody_make_no_visit(turn):
    journal().append([page(1, START, bot="user agent"), page(2, START, visitor="")])
    turn()
    assert not Visit.objects.exists()


def test_touches_of_a_person(turn):
    journal().append(
        [
            page(1, START, utm={"source": "google", "medium": "cpc", "campaign": "fridays"}),
            page(2, START + timedelta(days=1), referrer="https://chatgpt.com/"),
            page(3, START + timedelta(days=2)),
        ]
    )
    turn()
    touches = queries.touches_of(["b_" + "1" * 32])
    assert touches.first and touches.first.channel == "paid_search"
    assert touches.last and touches.last.channel == "ai_assistant"  # a direct visit takes no credit
    assert queries.touches_of(["v_unknown"]).first is None


def test_touches_of_a_form():
    touches = queries.touches_of_form(
        {
            "hr_last_url": "https://northlight.example.com/playbook/?utm_source=linkedin&utm_medium=social",
            "hr_last_referrer": "",
        }
    )
    assert touches.first == touches.last
    assert touches.first and touches.first.as_dict()["channel"] == "organic_social"
    assert queries.touches_of_form({"hr_first_url": "http://[broken"}).first is None


def test_pages_with_their_conversion(turn):
    journal().append([page(n, START, visitor=f"v_{n}", path="/playbook/") for n in range(10)])
    for number in range(2):
        with transaction.atomic():
            outbox.publish(
                FormSubmitted(
                    form="form_1",
                    form_name="Playbook",
                    form_version=1,
                    submission=f"s{number}",
                    intent="magnet",
                    page="https://northlight.example.com/playbook/?utm_source=google",
                ),
                at=START,
            )
    turn()
    (row,) = queries.pages(START - timedelta(hours=1), START + timedelta(hours=1))
    assert (row.path, row.visits, row.submissions, row.conversion.n) == ("/playbook/", 10, 2, 10)
    day = queries.visits_by_day(START - timedelta(days=1), START + timedelta(days=1))
    assert list(day.values()) == [10]


def answers() -> list[tuple]:
    return list(
        Visit.objects.order_by("started_at", "visitor").values_list(
            "visitor",
            "channel",
            "source",
            "medium",
            "campaign",
            "landing_path",
            "referrer_host",
            "rule_version",
        )
    )


OWN = "https://northlight.example.com/pricing/"
ORIGINS = [
    {"referrer": "https://x.com/i/grok"},
    {"referrer": "https://www.google.com/"},
    {"referrer": OWN},
    {"utm": {"source": "fb", "medium": "cpc", "campaign": "fridays"}},
    {"click_ids": {"gad_source": "1"}},
    {},
]


def test_older_answers_follow_newer_rules_in_batches_and_only_once(turn):
    journal().append(
        [
            page(
                number, START + timedelta(minutes=number), visitor=f"v_{number}", path="/playbook/", **origin
            )
            for number, origin in enumerate(ORIGINS * 3)
        ]
    )
    turn()
    truth = answers()
    Visit.objects.update(
        rule_version=1, channel="referral", source="old", medium="", campaign="", referrer_host=""
    )
    before = Visit.objects.create(visitor="v_ancient", started_at=START, last_at=START, channel="direct")
    progress = list(touches.rederive(batch=4))
    assert [one.asked for one in progress] == [4, 8, 12, 16, 18] and progress[-1].changed == 18
    assert [row for row in answers() if row[0] != "v_ancient"] == truth
    assert list(touches.rederive()) == []
    before.refresh_from_db()
    assert (before.channel, before.rule_version) == ("direct", 1)


def test_a_run_that_was_cut_off_is_taken_up_again(turn):
    journal().append(
        [page(n, START + timedelta(minutes=n), visitor=f"v_{n}", **ORIGINS[0]) for n in range(6)]
    )
    turn()
    truth = answers()
    Visit.objects.update(rule_version=1, channel="referral")
    next(touches.rederive(batch=2))
    assert Visit.objects.filter(rule_version=1).count() == 4
    assert [one.asked for one in touches.rederive(batch=2)] == [2, 4]
    assert answers() == truth


def test_rules_of_the_same_version_change_nothing(turn):
    journal().append([page(1, START, **ORIGINS[1])])
    turn()
    assert list(touches.rederive()) == []


def test_marked_machines_never_make_a_visit_whatever_the_reason(turn):
    journal().append(
        [
            page(number, START + timedelta(hours=number), bot=reason)
            for number, reason in enumerate(("too quick", "honeypot link", "user agent, data centre"))
        ]
    )
    turn()
    assert not Visit.objects.exists() and not PageSeen.objects.exists()
