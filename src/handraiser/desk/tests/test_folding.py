"""Days are headings; runs of one kind fold, unless a line has more to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handraiser.desk.rules import folding
from handraiser.desk.rules.folding import Entry, Run

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)


def view(minutes=0, **more):
    base = Entry(NOON - timedelta(minutes=minutes), "attract.page_viewed", "eye", "Looked", "website")
    return replace(base, **more)


def test_three_page_views_are_one_line():
    [line] = folding.folded([view(0), view(1), view(2)])
    assert isinstance(line, Run)
    assert line.label == "Viewed **3 pages**"


def test_what_was_read_folds_with_the_page_views():
    left = {
        "name": "attract.event_tracked",
        "kind": folding.kind_of("attract.event_tracked", {"event": "page_left"}),
    }
    [line] = folding.folded([view(0), view(1, **left), view(2), view(3, **left)])
    assert line.label == "Viewed **2 pages**"
    [line] = folding.folded([view(n, **left) for n in range(3)])
    assert line.label == "Read **3 pages**"
    assert folding.goes_on(view(0), view(1, **left))
    assert not folding.goes_on(view(0), view(60 * 24))
    assert not folding.goes_on(view(0), view(1, points="+10"))


def test_two_stay_two_and_points_are_never_hidden():
    assert folding.folded([view(0), view(1)]) == [view(0), view(1)]
    lines = folding.folded([view(0), view(1, points="+10"), view(2), view(3)])
    assert not any(isinstance(line, Run) for line in lines)


def test_other_kinds_do_not_fold():
    notes = [view(n, name="people.note_added") for n in range(4)]
    assert folding.folded(notes) == notes


def test_days_are_named():
    days = folding.days([view(), view(60 * 24), view(60 * 24 * 400)], today=date(2026, 11, 19))
    assert [day.heading for day in days] == [
        "Today, Thursday 19 November",
        "Yesterday, Wednesday 18 November",
        "Wednesday 15 October 2025",
    ]


@given(st.lists(st.sampled_from(["attract.page_viewed", "people.note_added", "x"]), max_size=30))
def test_no_event_is_lost(names):
    entries = [view(n, name=name) for n, name in enumerate(names)]
    unfolded = []
    for line in folding.folded(entries):
        unfolded += line.entries if isinstance(line, Run) else [line]
    assert unfolded == entries
