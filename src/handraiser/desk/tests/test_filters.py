"""Filters travel through addresses unharmed and read as phrases."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.desk.rules import filters, listing
from handraiser.desk.rules.filters import Filter, Window


def said(one: Filter) -> str:
    names = {"customer": "Customer", "mql": "MQL", "sql": "SQL", "nobody": "nobody yet"}
    label, text = filters.phrase(one, lambda key, value: names.get(value, value or key))
    return f"{label} {text}"


def test_filters_read_as_phrases():
    assert said(Filter("stage", ("customer",), negated=True)) == "Stage not Customer"
    assert said(Filter("stage", ("mql", "sql"))) == "Stage MQL or SQL"
    assert said(Filter("seen", ("30d",))) == "Last activity in 30 days"
    assert said(Filter("opened", ("1d",))) == "Opened in 1 day"
    assert said(Filter("seen", ("14d",), negated=True)) == "Last activity not in 14 days"
    assert said(Filter("opened", ("2026-11-01..2026-11-19",))) == "Opened 1 Nov 2026 to 19 Nov 2026"
    assert said(Filter("opened", ("..2026-11-19",))) == "Opened until 19 Nov 2026"
    assert said(Filter("owner", ("nobody",))) == "Owner nobody yet"


def test_a_window_is_days_or_dates_or_nothing():
    assert filters.window("30d") == Window(days=30)
    assert filters.window("2026-01-01..") == Window(first=date(2026, 1, 1))
    for wrong in ("", "..", "30", "30d..", "2026-13-01..", "yesterday", "99999d"):
        assert filters.window(wrong) is None


VALUES = st.text("aZ9 &=+%#/.,;é語\"'<", min_size=1, max_size=12).map(str.strip).filter(bool)
CHOSEN = st.builds(
    Filter,
    key=st.sampled_from(sorted(filters.CHOICES)),
    values=st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple),
    negated=st.booleans(),
)


@given(st.lists(CHOSEN, max_size=5, unique_by=lambda one: (one.key, one.negated)))
def test_an_address_gives_the_same_filters_back(chosen):
    params: dict[str, list[str]] = {}
    for name, value in filters.write(chosen):
        params.setdefault(name, []).append(value)
    assert filters.read(params) == tuple(chosen)
    assert filters.load(filters.dump(chosen)) == tuple(chosen)


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=30), max_size=3), max_size=6))
def test_no_address_breaks_the_list(params):
    state = listing.read(params, listing.OUR_VIEWS)
    assert state.page >= 1
    assert state.sort.removeprefix("-") in listing.SORTS


def test_nothing_in_the_address_is_all_open():
    state = listing.read({}, listing.OUR_VIEWS)
    assert state.view.id == "all"
    assert not state.edited
    assert state.address() == "view=all"


def test_a_view_without_its_filter_is_edited_and_can_be_shared():
    state = listing.read({"view": ["all"]}, listing.OUR_VIEWS).without(listing.OPEN)
    assert state.edited
    assert state.address() == "view=all&filters=none"
    assert listing.read({"view": ["all"], "filters": ["none"]}, listing.OUR_VIEWS).filters == ()


def test_a_filter_without_a_view_is_a_link_from_a_figure():
    state = listing.read({"source": ["organic_search"]}, listing.OUR_VIEWS)
    assert state.view.id == ""
    assert state.filters == (Filter("source", ("organic_search",)),)


@pytest.mark.parametrize(("sort", "again"), [("-score", "score"), ("score", "-score"), ("name", "-score")])
def test_a_second_click_turns_the_order(sort, again):
    state = listing.read({"sort": [sort]}, listing.OUR_VIEWS)
    assert state.sorted_by("score").sort == again
