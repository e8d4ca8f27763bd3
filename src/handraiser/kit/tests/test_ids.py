"""Public ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handraiser.kit import ids


def test_it_works():
    first = ids.new("lead")
    assert ids.is_id(first, "lead") and not ids.is_id(first, "person")


@given(st.integers(0, 2**47), st.integers(1, 10**9))
def test_later_ids_sort_later(moment, later):
    assert ids.new("lead", at_ms=moment) < ids.new("lead", at_ms=moment + later)


@given(st.text(max_size=60))
def test_any_text_is_judged(text):
    assert ids.is_id(text, "lead") in (True, False)


def test_a_thousand_of_one_moment_differ():
    assert len({ids.new("evt", at_ms=1) for _ in range(1000)}) == 1000
