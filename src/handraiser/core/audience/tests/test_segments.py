"""Segments in use: saved, fresh, told of once, counted, taken back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from handraiser.core.audience import asking, queries
from handraiser.core.audience.actions import memberships, segments
from handraiser.core.audience.models import DueLook, Exit, Membership, Segment
from handraiser.core.audience.rules import conditions as c
from handraiser.core.delivery.actions import suppressions
from handraiser.core.identity.actions import identifiers, merges, visitors
from handraiser.core.journal import history, outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.people.actions import companies, people
from handraiser.core.people.models import Person
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
DAY, MS = timedelta(days=1), timedelta(milliseconds=1)
GERMANS = c.Definition(c.AllOf((c.Attribute("person.country", "is", ("DE",)),)))
VIEWED = "attract.page_viewed"


@pytest.fixture
def turn(settle):
    """Let the product work at a moment."""

    def run(at=NOW):
        with clock.pretend(at):
            settle(at=at)

    return run


def known(email: str, **values) -> Person:
    return identifiers.resolve(at=NOW, how="hand", email=email, values=values, proven=True).person


def view(path: str, at=NOW, **who) -> None:
    with transaction.atomic():
        outbox.publish(PageViewed(url=f"https://x{path}", path=path), at=at, **who)


def segment(name: str, *of: c.Condition, without=(), at=NOW) -> Segment:
    made = segments.create(name=name, at=at)
    segments.save(segment=made, definition=c.Definition(c.AllOf(of), without), at=at)
    return made


def inside(one: Segment) -> set[str]:
    return set(Membership.objects.filter(segment=one).values_list("person__email", flat=True))


def test_a_permission_that_nobody_gave_yet_can_be_asked_about(db):
    assert inside(segment("Readers", c.Consent("marketing"))) == set()


def test_suppressed_addresses_come_and_go_with_the_list_and_with_the_address(db, turn):
    anna, carl = known("anna@x.example.com"), known("carl@x.example.com")
    bounced = segment("Bounced", c.Listed("suppressed", reasons=("bounced",)))
    reached = segment("Reached", c.Listed("suppressed", on=False))
    assert (inside(bounced), inside(reached)) == (set(), {anna.email, carl.email})
    suppressions.add(email="Anna@x.example.com ", reason="bounced", scope="all", at=NOW)
    suppressions.add(email=carl.email, reason="unsubscribed", at=NOW)
    turn()
    assert (inside(bounced), inside(reached)) == ({anna.email}, set())
    why = queries.why(c.Definition(c.AllOf((c.Listed("suppressed", on=False),))), anna.id, at=NOW)
    assert (why.inside, why.sentence) == (False, "Out: suppressed")
    suppressions.remove(email=carl.email)
    people.change(person=anna, values={"email": "anna@y.example.com"}, at=NOW, proven=True)
    turn()
    assert (inside(bounced), inside(reached)) == (set(), {"anna@y.example.com", carl.email})


def told() -> list[tuple[str, str, str]]:
    events = history.read(after=0, limit=1000, names=["audience.segment_joined", "audience.segment_left"])
    return [(event.name.rpartition("_")[2], event.person, event.body["why"]) for event in events]


def test_saving_fills_it_and_each_is_told_of_once(db, turn):
    anna, carl = known("anna@x.example.com", country="DE"), known("carl@x.example.com", country="FR")
    one = segment("Germans", c.Attribute("person.country", "is", ("de",)))
    assert inside(one) == {anna.email}
    turn()
    people.change(person=carl, values={"country": "DE"}, at=NOW, proven=True)
    people.change(person=anna, values={"country": "AT"}, at=NOW, proven=True)
    turn()
    turn()
    assert inside(one) == {carl.email}
    assert told() == [
        ("joined", anna.id, "rebuild"),
        ("joined", carl.id, "event"),
        ("left", anna.id, "event"),
    ]
    [gone] = Exit.objects.all()
    assert (gone.person_id, gone.since, gone.left_at) == (anna.id, NOW, NOW)


def test_a_window_moves_on_to_the_millisecond(db, turn):
    anna = known("anna@x.example.com")
    one = segment("Lately", c.Performed(VIEWED, days=7))
    quiet = segment("Quiet", c.LastPerformed(VIEWED, "more", 7))
    view("/", at=NOW, person=anna.id)
    turn()
    assert (inside(one), inside(quiet)) == ({anna.email}, set())
    assert set(DueLook.objects.values_list("due_at", flat=True)) == {NOW + 7 * DAY}
    turn(NOW + 7 * DAY - MS)
    assert (inside(one), inside(quiet)) == ({anna.email}, set())
    turn(NOW + 7 * DAY)
    assert (inside(one), inside(quiet)) == (set(), {anna.email})
    assert told()[-1][2] == "time"
    assert not DueLook.objects.exists()


def test_exactly_so_often_comes_and_goes_with_each_that_leaves(db, turn):
    anna = known("anna@x.example.com")
    one = segment("Twice", c.Performed(VIEWED, "exactly", 2, 7))
    for hours in (1, 2, 3):
        view("/", at=NOW - timedelta(hours=hours), person=anna.id)
    turn()
    seen = [inside(one) == {anna.email}]
    for hours in (3, 2, 1):
        turn(NOW + 7 * DAY - timedelta(hours=hours))
        seen.append(inside(one) == {anna.email})
    assert seen == [False, True, False, False]


def test_whom_time_cannot_bring_in_is_not_in_the_diary(db, turn):
    anna = known("anna@x.example.com", country="FR")
    segment("Lively Germans", GERMANS.match, c.Performed(VIEWED, days=7))
    view("/", person=anna.id)
    turn()
    assert not DueLook.objects.exists()


def test_a_company_that_becomes_known_better_moves_its_people(db, turn):
    anna = known("anna@x.example.com", company_name="Aster", company_domain="aster.example.com")
    one = segment("Solar", c.Attribute("company.industry", "is", ("solar",)))
    turn()
    companies.learn(domain="aster.example.com", values={"industry": "Solar"}, at=NOW)
    turn()
    assert inside(one) == {anna.email}


def test_a_stranger_brings_the_past_along(db, turn):
    one = segment("Came", c.Performed(VIEWED, "at_least", 2))
    view("/", visitor="v1")
    view("/b", visitor="v1")
    turn()
    anna = known("anna@x.example.com")
    visitors.link(visitor="v1", person_id=anna.id, how="form", at=NOW)
    turn()
    assert inside(one) == {anna.email}


def test_exceptions_and_segments_of_segments_follow_at_once(db, turn):
    anna, carl = known("anna@x.example.com", country="DE"), known("carl@x.example.com", country="DE")
    lively = segment("Lively", c.Performed(VIEWED))
    rest = segment("Rest", GERMANS.match, without=(lively.id,))
    assert inside(rest) == {anna.email, carl.email}
    turn()
    view("/", person=anna.id)
    turn()
    assert inside(rest) == {carl.email}
    assert ("left", anna.id, "segment") in told()
    assert [one.name for one in segments.users(lively.id)] == ["Rest"]
    with pytest.raises(DomainError, match="Rest asks about this segment"):
        segments.archive(segment=lively, at=NOW)


def test_a_circle_of_segments_is_refused(db):
    one = segment("One", c.Performed(VIEWED))
    two = segment("Two", c.InSegment(one.id))
    with pytest.raises(DomainError, match="One asks about Two asks about One"):
        segments.save(segment=one, definition=c.Definition(c.AllOf((c.InSegment(two.id),))), at=NOW)
    with pytest.raises(DomainError, match="One asks about One"):
        segments.save(segment=one, definition=c.Definition(GERMANS.match, (one.id,)), at=NOW)


def test_a_merge_and_its_undoing_keep_both_right(db, turn):
    anna = known("anna@x.example.com", country="DE")
    double = known("double@x.example.com")
    twice = segment("Twice", c.Performed(VIEWED, "at_least", 2))
    both = segment("Viewed", c.Performed(VIEWED))
    view("/", person=anna.id)
    view("/b", person=double.id)
    turn()
    done = merges.merge(keep=anna.id, gone=double.id, at=NOW)
    turn()
    assert (inside(twice), inside(both)) == ({anna.email}, {anna.email})
    merges.unmerge(merge=done.id, at=NOW)
    turn()
    assert (inside(twice), inside(both)) == (set(), {anna.email, double.email})


def test_an_archived_segment_rests_and_comes_back_true(db, turn):
    anna = known("anna@x.example.com", country="DE")
    one = segment("Germans", GERMANS.match)
    segments.archive(segment=one, at=NOW)
    people.change(person=anna, values={"country": "FR"}, at=NOW, proven=True)
    turn()
    segments.unarchive(segment=one, at=NOW)
    assert inside(one) == set()


def test_a_saved_change_is_taken_back(db):
    anna = known("anna@x.example.com", country="DE")
    one = segment("Germans", GERMANS.match)
    segments.save(
        segment=one, definition=c.Definition(c.AllOf((c.Attribute("person.country", "is", ("FR",)),))), at=NOW
    )
    assert inside(one) == set()
    segments.restore(segment=one, number=1, at=NOW)
    assert (inside(one), one.version) == ({anna.email}, 3)


def test_a_rebuild_goes_on_where_it_stopped(db, monkeypatch):
    monkeypatch.setattr(memberships, "PIECE", 2)
    everybody = {known(f"p{number}@x.example.com", country="DE").email for number in range(7)}
    one = segments.create(name="Germans", at=NOW)
    segments.save(segment=one, definition=GERMANS, at=NOW)  # a piece at once, the rest for the worker
    assert (len(inside(one)), one.rebuilding, one.rebuild_done, one.rebuild_total) == (2, True, 2, 7)
    assert not memberships.rebuild(one.id, clock=lambda: NOW, pieces=1)
    assert memberships.rebuild(one.id, clock=lambda: NOW)
    assert inside(one) == everybody


@pytest.mark.sqlite  # elsewhere a rebuild reads while nobody else decides
def test_whoever_changes_while_a_rebuild_reads_is_seen_as_they_are(transactional_db):
    anna = known("anna@x.example.com", country="DE")
    one = segments.create(name="Germans", at=NOW)
    moved: list[str] = []

    def meanwhile() -> None:
        with transaction.atomic():
            people.change(person=anna, values={"country": "FR"}, at=NOW, proven=True)
            memberships.follow(memberships.live(), {one.id: [anna.id]}, at=NOW, why="event")
        moved.append(anna.id)
        connection.close()

    def reading(execute, sql, *rest):
        answer = execute(sql, *rest)
        if "from people_person p where" in sql and not moved:
            thread = threading.Thread(target=meanwhile)
            thread.start()
            thread.join()
        return answer

    with connection.execute_wrapper(reading):
        segments.save(segment=one, definition=GERMANS, at=NOW)
    assert (moved, inside(one)) == ([anna.id], set())


def test_a_draft_decides_nothing_and_says_whom_it_would_move(db):
    anna, carl = known("anna@x.example.com", country="DE"), known("carl@x.example.com", country="FR")
    one = segment("Germans", *GERMANS.match.of)
    french = c.Definition(c.AllOf((c.Attribute("person.country", "is", ("FR",)),)))
    segments.draft(segment=one, definition=french)
    assert (inside(one), one.drafted) == ({anna.email}, french)
    moved = queries.preview(one, french, at=NOW)
    assert (moved.entering, moved.leaving) == (1, 1)
    assert ([one.id for one in moved.enter], [one.id for one in moved.leave]) == ([carl.id], [anna.id])
    segments.draft(segment=one, definition=GERMANS)
    assert one.draft is None


def test_counts_are_exact_for_few_and_told_from_a_sample_for_many(db, monkeypatch):
    for number in range(40):
        known(f"p{number}@x.example.com", country="DE" if number % 2 else "FR")
    how = asking.asked(NOW)
    nodes = [GERMANS.match, c.AllOf()]
    assert asking.count(nodes, how) == asking.Counted((20, 40), 40, True)
    monkeypatch.setattr(asking, "EXACT_UP_TO", 10)
    told = asking.count(nodes, how)
    assert not told.exact and told.people == 40 and all(one % 32 == 0 for one in told.counts)
    assert asking.count(nodes, how, exact=True).counts == (20, 40)


def test_why_somebody_is_out(db, turn):
    anna = known("anna@x.example.com", country="DE")
    quiet = c.Definition(c.AllOf((*GERMANS.match.of, c.Performed(VIEWED, "at_most", 0, 30))))
    assert queries.why(quiet, anna.id, at=NOW).sentence == "In: everything holds"
    view("/", at=datetime(2026, 11, 12, 9, tzinfo=UTC), person=anna.id)
    turn()
    why = queries.why(quiet, anna.id, at=NOW)
    assert (why.inside, why.sentence) == (False, "Out: visited 1 time, last 12 Nov")
    assert [(line.path, line.holds) for line in why.lines] == [((0,), True), ((1,), False)]


def test_erased_people_are_in_no_segment(db):
    anna = known("anna@x.example.com", country="DE")
    Person.objects.filter(id=anna.id).update(erased_at=NOW)
    assert inside(segment("Germans", GERMANS.match)) == set()


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_name_is_needed(db, name):
    with pytest.raises(DomainError):
        segments.create(name=name, at=NOW)


def test_a_name_stands_for_one_segment(db):
    segment("Germans", GERMANS.match)
    with pytest.raises(DomainError, match="There is a segment germans already"):
        segments.create(name="germans", at=NOW)
