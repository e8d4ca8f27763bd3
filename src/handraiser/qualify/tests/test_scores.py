"""Scores from facts to columns: through the journal, the reader and the sweep."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.test.utils import CaptureQueriesContext

from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor
from handraiser.core.people.actions import leads, people
from handraiser.kit import clock
from handraiser.qualify import explanations, readers
from handraiser.qualify.actions import rule_sets, scores, stages
from handraiser.qualify.models import Profile, ScoreState, StageChange
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def announced(name: str) -> list:
    return [event for event in journal().read(after=0, limit=10_000) if event.name == name]


def test_a_person_is_scored_from_the_moment_they_raise_a_hand(ines):
    assert ines.score() == 15
    assert (ines.lead.grade, ines.lead.temperature) == ("A3", "cold")
    [change] = announced("qualify.score_changed")
    assert (change.body["total"], change.body["previous"]) == (15 * POINT, 0)


def test_a_demo_request_and_pricing_make_an_mql(ines):
    for day in (4, 3):
        ines.visits_pricing(NOON - day * DAY)
    assert ines.score(NOON - 2 * DAY) == 35
    assert ines.lead.stage == "lead"
    cause = ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    assert (ines.lead.stage, ines.lead.stage_at, ines.lead.temperature) == ("mql", NOON, "hot")
    [change] = StageChange.objects.all()
    assert (change.previous, change.stage, change.reason) == ("lead", "mql", "75 of 75 points")
    assert change.rule_set_number == 1
    [fact] = announced("qualify.stage_changed")
    assert (fact.message_id, fact.cause) == (f"stage:{ines.lead.id}:1", cause)


def test_an_anonymous_past_counts_once_the_visitor_is_known(story_of):
    from django.db import transaction

    from handraiser.core.identity.actions import visitors
    from handraiser.core.journal import outbox
    from handraiser.core.journal.events.attract import PageViewed

    ben = story_of("ben@oriel.example.com")
    with transaction.atomic():
        page = PageViewed(url="https://northlight.example.com/pricing/", path="/pricing/")
        outbox.publish(page, at=NOON - HOUR, visitor="anonymous")
    assert ben.score() == 0
    visitors.link(visitor="anonymous", person_id=ben.person.id, how="form", at=NOON)
    assert ben.score() == 10
    # and what the browser does from now on, without naming the person
    with transaction.atomic():
        outbox.publish(page, at=NOON + HOUR, visitor="anonymous")
    assert ben.score(NOON + HOUR) == 20


def test_pricing_counts_four_times_in_thirty_days(ines):
    for day in range(1, 8):
        ines.visits_pricing(NOON - day * DAY)
    assert ines.score() == 15 + 40


def test_five_different_emails_in_a_week(ines):
    for number in range(4):
        ines.opens(f"msg_{number}", NOON - number * DAY)
        ines.opens(f"msg_{number}", NOON - number * DAY + HOUR)
    assert ines.score(NOON + HOUR) == 15
    ines.opens("msg_5", NOON + HOUR)
    assert ines.score(NOON + HOUR) == 35


def test_machine_opens_and_bots_weigh_nothing(ines):
    for number in range(9):
        ines.opens(f"msg_{number}", NOON, machine="apple_mpp")
        ines.visits_pricing(NOON - number * DAY, bot="crawler")
    assert ines.score() == 15


def test_a_free_mail_address_takes_points(story_of):
    assert story_of("ines@gmail.com", job_title="VP of Marketing").score() == 10


def test_a_changed_title_changes_the_fit(ines):
    assert ines.score() == 15
    people.change(person=ines.person, values={"job_title": "Student"}, at=NOON, proven=True)
    assert ines.score() == 0


def test_points_expire_by_time_alone(ines):
    ines.visits_pricing(NOON)
    assert ines.score() == 25
    state = ScoreState.objects.get()
    assert state.next_change_at == NOON + 30 * DAY
    assert ines.score(NOON + 30 * DAY - timedelta(milliseconds=1)) == 25
    assert ines.score(NOON + 30 * DAY) == 15
    state.refresh_from_db()
    assert state.next_change_at is None


def test_the_classic_set_as_it_is_told(ines):
    """A VP, four visits to the prices, an ebook and five emails in a week; then time passes."""
    for day in (26, 20, 12, 6):
        ines.visits_pricing(NOON - day * DAY)
    ines.downloads_ebook(NOON - 5 * DAY)
    for number in range(5):
        ines.opens(f"msg_{number}", NOON - number * HOUR)
    assert ines.score() == 80
    assert (ines.lead.stage, ines.lead.stage_at) == ("mql", NOON)
    assert ines.score(NOON + 3 * DAY) == 80
    assert ines.score(NOON + 8 * DAY) == 50  # the emails are a week old, and one visit a month
    assert ines.lead.stage == "lead"
    became, left = StageChange.objects.order_by("number")
    assert (became.at, became.reason) == (NOON, "80 of 75 points")
    # The visit went first: 70, still MQL. With the fifth newest email it fell to 50.
    assert (left.at, left.reason, left.by) == (NOON - 4 * HOUR + 7 * DAY, "50 points, below 60", "")


def test_between_the_two_lines_an_mql_stays(ines):
    for day in (12, 10, 8, 6):
        ines.visits_pricing(NOON - day * DAY)
    ines.downloads_ebook(NOON - 5 * DAY)
    for number in range(5):
        ines.opens(f"msg_{number}", NOON - number * HOUR)
    assert ines.score() == 80
    assert ines.score(NOON + 8 * DAY) == 60
    assert ines.lead.stage == "mql"
    gone = NOON + 18 * DAY  # the first visit is thirty days old
    assert ines.score(gone + 3 * HOUR) == 50
    assert (ines.lead.stage, ines.lead.stage_at) == ("lead", gone)
    ines.asks_for_a_demo(gone + 4 * HOUR)
    assert ines.score(gone + 4 * HOUR) == 90
    assert (ines.lead.stage, StageChange.objects.count()) == ("mql", 3)


def test_a_lead_may_leave_and_come_back_within_a_batch(ines, story_of):
    for day in (2, 1):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    # Nobody looked for a hundred days; both moments are those at which it happened.
    ines.opens("late", NOON + 95 * DAY)
    for day in (0, 1):
        ines.visits_pricing(NOON + (96 + day) * DAY)
    ines.asks_for_a_demo(NOON + 98 * DAY)
    assert ines.score(NOON + 98 * DAY) == 75
    moments = list(StageChange.objects.order_by("number").values_list("stage", "at"))
    assert moments == [("mql", NOON), ("lead", NOON + 29 * DAY), ("mql", NOON + 98 * DAY)]


def test_an_mql_by_hand_stays_until_its_points_cross_the_line(ines):
    ines.score()
    stages.move(ines.lead, "mql", at=NOON, by="usr_1")
    ines.visits_pricing(NOON)
    assert ines.score() == 25
    assert ines.lead.stage == "mql"


def test_an_mql_leaves_when_something_else_becomes_known_of_the_person(ines):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    values = {"job_title": "Student", "email": "ines@gmail.com"}
    people.change(person=ines.person, values=values, at=NOON + HOUR, proven=True)
    assert ines.score(NOON + HOUR) == 55
    assert (ines.lead.stage, ines.lead.stage_at) == ("lead", NOON + HOUR)


def test_without_a_second_line_an_mql_stays(ines, mira):
    draft = rule_sets.draft_from_live(at=NOON)
    never = msgspec.structs.replace(draft.rules, leave=None)
    rule_sets.publish(rule_sets.change(draft, never, at=NOON), at=NOON, by=mira)
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    ines.score()
    assert ines.score(NOON + 100 * DAY) == 15
    assert ines.lead.stage == "mql"
    assert StageChange.objects.count() == 1


def test_whom_somebody_moved_back_becomes_mql_when_the_points_cross_the_threshold_anew(ines):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    ines.score()
    stages.move(ines.lead, "lead", at=NOON, reason="a competitor")
    ines.downloads_ebook(NOON)
    assert ines.score() == 80
    assert ines.lead.stage == "lead"
    assert ines.score(NOON + 100 * DAY) == 15
    ines.asks_for_a_demo(NOON + 100 * DAY)
    for day in (100, 101):
        ines.visits_pricing(NOON + day * DAY)
    assert ines.score(NOON + 101 * DAY) == 75
    assert ines.lead.stage == "mql"


def test_a_lead_that_comes_back_is_scored_again(ines):
    stages.move(ines.lead, "disqualified", at=NOON, reason="wrong_fit")
    ines.visits_pricing(NOON)
    assert ines.score() == 0
    stages.move(ines.lead, "sql", at=NOON, reason="a mistake")
    assert ines.score() == 25


def test_a_batch_read_twice_counts_once(ines):
    for day in (1, 2):
        ines.visits_pricing(NOON - day * DAY)
    ines.asks_for_a_demo(NOON)
    assert ines.score() == 75
    before = (len(announced("qualify.score_changed")), len(announced("qualify.stage_changed")))
    Cursor.objects.filter(reader="qualify.scores").update(position=0)
    assert ines.score() == 75
    assert (len(announced("qualify.score_changed")), len(announced("qualify.stage_changed"))) == before
    assert (StageChange.objects.count(), Profile.objects.count()) == (1, 1)


def test_a_late_event_is_counted_at_the_present_score(ines):
    ines.visits_pricing(NOON)
    ines.score()
    ines.visits_pricing(NOON - 3 * DAY)
    assert ines.score() == 35


def test_a_lead_that_is_closed_is_left_alone_and_its_person_forgotten(ines):
    ines.score()
    stages.move(ines.lead, "disqualified", at=NOON, reason="wrong_fit")
    ines.visits_pricing(NOON)
    assert ines.score() == 15
    assert not ScoreState.objects.exists()


def test_engagement_counts_for_each_open_lead_of_a_person(ines):
    from handraiser.core.people.models import OfferLine

    other = OfferLine.objects.create(name="Training")
    second, _ = leads.open(person=ines.person, at=NOON, how="hand", offer_line=other)
    ines.visits_pricing(NOON)
    assert ines.score() == 25
    second.refresh_from_db()
    assert second.score == 25


def test_the_cache_equals_the_rebuild(ines, story_of):
    marcus = story_of("marcus@gmail.com", job_title="Head of Growth")
    for day in range(1, 6):
        ines.visits_pricing(NOON - day * DAY)
        marcus.opens(f"msg_{day}", NOON - day * DAY)
    marcus.downloads_ebook(NOON - DAY)
    cached = {story.lead.id: story.score() for story in (ines, marcus)}
    ScoreState.objects.all().delete()
    type(ines.lead).objects.update(points=0, fit_points=0, engagement_points=0, grade="")
    scores.rescore({ines.person.id: NOON, marcus.person.id: NOON})
    assert {story.lead.id: story.score() for story in (ines, marcus)} == cached


def test_the_statements_do_not_grow_with_the_people(story_of, django_assert_max_num_queries):
    from django.db import connection

    def batch(size):
        stories = [story_of(f"person{size}-{number}@firm.example.com") for number in range(size)]
        for story in stories:
            story.visits_pricing(NOON)
            story.score()
        events = [
            event
            for event in journal().read(after=0, limit=10_000)
            if event.person in {story.person.id for story in stories}
        ]
        ScoreState.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            readers.scores().apply(events)
        return len(captured)

    assert batch(12) == batch(3)


class TestPast:
    def test_the_score_of_a_past_moment_uses_what_was_known_and_live_then(self, ines):
        ines.visits_pricing(NOON - 20 * DAY)
        ines.score(NOON - 20 * DAY)
        people.change(person=ines.person, values={"job_title": "Student"}, at=NOON - 10 * DAY, proven=True)
        ines.score(NOON - 10 * DAY)
        ines.visits_pricing(NOON)
        assert ines.score() == 20

        then = explanations.why(ines.lead, as_of=NOON - 15 * DAY)
        assert then.past
        assert then.points == "25"
        assert [line.title for line in then.lines] == [
            "Job title contains **VP of Marketing**",
            "Visited **/pricing/**",
        ]
        assert explanations.why(ines.lead, as_of=NOON - 41 * DAY).points == "0"

    def test_by_the_rule_set_of_that_moment(self, ines, mira):
        ines.score()
        draft = rule_sets.draft_from_live(at=NOON)
        fresh = type(draft.rules)(
            threshold=draft.rules.threshold, limits=draft.rules.limits, bands=draft.rules.bands, rules=()
        )
        rule_sets.publish(rule_sets.change(draft, fresh, at=NOON), at=NOON, by=mira)
        assert ines.score(NOON + HOUR) == 0
        assert explanations.why(ines.lead, as_of=NOON - HOUR).points == "15"
        assert explanations.why(ines.lead, as_of=NOON - HOUR).rule_set.number == 1
        assert explanations.why(ines.lead, as_of=NOON + HOUR).rule_set.number == 2


def test_why_names_the_events_and_what_is_missing(ines):
    first = ines.visits_pricing(NOON - 2 * DAY)
    second = ines.visits_pricing(NOON - DAY)
    ines.score()
    why = explanations.why(ines.lead, as_of=NOON)
    assert sum(line.points for line in why.score.lines) == why.score.total == ines.lead.points
    pricing = next(line for line in why.lines if line.title == "Visited **/pricing/**")
    assert (pricing.points, pricing.reason) == ("+20", "2 visits")
    assert [event.id for event in pricing.events] == [first, second]
    assert pricing.until == NOON + 28 * DAY
    assert why.missing == ("5 to be warm", "30 of engagement to 1", "40 to become MQL")
    assert ("+40", "Asked for **a demo**") in why.could_add
    assert TimelineItem.objects.filter(message_id=first).exists()


def test_why_says_when_time_alone_changes_the_total(ines):
    now = clock.now()
    ines.visits_pricing(now - 29 * DAY)
    ines.visits_pricing(now - 2 * DAY)
    ines.score(now)
    told = explanations.why(ines.lead)
    assert (told.points, told.next_points) == ("35", "25")
    assert now + DAY - HOUR < told.next_at <= now + DAY + HOUR
    assert explanations.why(ines.lead, as_of=now - DAY).next_at is None
