"""Visits: the pure fold, and the reader on a real journal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import msgspec
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from handraiser.attract import queries, readers
from handraiser.attract.actions import touches
from handraiser.attract.models import PageSeen, Visit
from handraiser.attract.rules.channels import Touch
from handraiser.attract.rules.visits import GAP_MS, Span, View, fold
from handraiser.core.journal import loop, outbox, replay
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.kit import clock
from handraiser.kit.envelope import Event

START = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
ADS = Touch("paid_search", "google", "cpc", "fridays", "/playbook/")
NONE = Touch("direct")


@pytest.fixture
def turn(db):
    """Let this stage's readers take everything that waits."""
    return lambda: loop.settle([readers.visits(), readers.conversions()], [])


TOUCHES = {"": NONE, "ads": ADS, "mail": Touch("email", "mail", "email", "fridays", "/playbook/")}


def view(minute: float, *, told: str = "", path: str = "/") -> View:
    return View(int(minute * 60_000) + 10**9, path, False, bool(told), told)


def folded(*batches: Iterable[View]) -> list[Span]:
    """The visits that stand when views were told of in these batches; in between they are kept and read again."""
    standing: dict[str, Span] = {}
    for number, batch in enumerate(batches):
        kept = [
            dataclasses.replace(span, views=[msgspec.structs.replace(view) for view in span.views])
            for span in standing.values()
        ]
        news = fold(kept, {"v_a": [msgspec.structs.replace(view) for view in batch]}, TOUCHES.__getitem__)
        for gone in news.gone:
            del standing[gone.id]
        standing |= {span.id: span for span, _ in news.changed}
        for at, span in enumerate(news.began):
            span.id = f"visit_{number}_{at}"
            standing[span.id] = span
    return sorted(standing.values(), key=lambda span: (span.started_ms, span.views[0].told))


def told_by(spans: Iterable[Span]) -> list[tuple]:
    return [(span.touch, span.consent, span.views, span.paths) for span in spans]


def test_a_pause_of_half_an_hour_begins_a_visit():
    assert [len(span.views) for span in folded([view(0), view(29), view(60)])] == [2, 1]


def test_a_new_campaign_begins_a_visit_and_the_same_one_does_not():
    spans = folded([view(0), view(1, told="ads"), view(2, told="ads"), view(3)])
    assert [(span.touch.channel, len(span.views)) for span in spans] == [("direct", 1), ("paid_search", 3)]


def test_a_late_view_joins_two_visits_and_the_earlier_one_stays():
    spans = folded([view(0)], [view(50)], [view(25)])
    assert [(span.id, len(span.views)) for span in spans] == [("visit_0_0", 3)]


def test_a_late_view_before_a_visit_begins_it():
    spans = folded([view(20, path="/pricing/")], [view(0, told="ads")])
    assert [(span.id, span.touch, span.paths) for span in spans] == [
        ("visit_0_0", ADS, {"/": 10**9, "/pricing/": 10**9 + 20 * 60_000})
    ]


def test_a_late_campaign_cuts_a_visit():
    spans = folded([view(0), view(10), view(20)], [view(5, told="ads")])
    assert [(span.id, span.touch.channel, len(span.views)) for span in spans] == [
        ("visit_0_0", "direct", 1),
        ("visit_1_0", "paid_search", 3),
    ]


VIEWS = st.builds(
    view,
    st.integers(0, 300),
    told=st.sampled_from(["", "", "", "ads", "mail"]),
    path=st.sampled_from(["/", "/pricing/"]),
)


@given(st.lists(VIEWS, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_visits_follow_from_the_views_and_not_from_when_they_were_told_of(views, rng):
    at_once = folded(views)
    assert sum(len(span.views) for span in at_once) == len(views)
    for earlier, later in pairwise(at_once):
        assert later.started_ms - earlier.last_ms > GAP_MS or later.views[0].named
    shuffled = rng.sample(views, len(views))
    batches = []
    while shuffled:
        size = rng.randrange(1, 6)
        batches.append(shuffled[:size])
        del shuffled[:size]
    assert told_by(folded(*batches)) == told_by(at_once)


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


@pytest.mark.parametrize("seed", range(4))
def test_late_views_make_the_same_rows_as_punctual_ones(turn, seed):
    rng = Random(seed)
    campaigns = [{}, {}, {}, {"utm": {"source": "mail", "medium": "email", "campaign": "may"}}]
    campaigns += [{"click_ids": {"gclid": "x"}}, {"referrer": "https://www.google.com/"}]

    def rows(batches):
        journal().clear()
        for model in (PageSeen, Visit, Cursor):
            model.objects.all().delete()
        for batch in batches:
            journal().append(batch)
            turn()
        columns = ("visitor", "started_at", "last_at", "pages", "channel", "campaign", "told", "views")
        visits = Visit.objects.order_by("visitor", "started_at", "told").values_list(*columns)
        seen = PageSeen.objects.order_by("visit__visitor", "visit__started_at", "path")
        return list(visits), list(seen.values_list("visit__visitor", "visit__started_at", "path", "at"))

    told = [
        page(
            number,
            START + timedelta(minutes=rng.randrange(400)),
            visitor=f"v_{rng.randrange(3)}",
            path=rng.choice(("/", "/pricing/", "/blog/")),
            **rng.choice(campaigns),
        )
        for number in range(60)
    ]
    punctual = rows([sorted(told, key=lambda event: event.occurred_at)])
    late = rng.sample(told, len(told))
    assert rows([late[begin : begin + 4] for begin in range(0, 60, 4)]) == punctual
    again = replay.compare(readers.visits())
    assert [(one.name, one.examples) for one in again.tables if not one.same] == []


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
