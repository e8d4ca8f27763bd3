"""Whose turn it is: fair, explained, and never nobody's without saying so."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.convert import queries
from handraiser.convert.actions import routes
from handraiser.convert.models import Route, RouteMember
from handraiser.convert.rules.routing import Member, next_in_turn
from handraiser.kit.errors import DomainError


def _turns(members: list[Member], count: int, last: int | None = None) -> list[int | None]:
    got = []
    for _ in range(count):
        choice = next_in_turn(members, last_served=last)
        got.append(choice.user)
        last = choice.user if choice.user is not None else last
    return got


def test_it_goes_round_in_order():
    members = [Member(1, "Dana"), Member(2, "Ben"), Member(3, "Noor")]
    assert _turns(members, 5) == [1, 2, 3, 1, 2]


def test_it_passes_over_the_unavailable_and_says_why():
    members = [Member(1, "Dana", "takes no leads now"), Member(2, "Ben")]
    choice = next_in_turn(members, last_served=2)
    assert (choice.user, choice.why) == (2, "next in turn (Dana takes no leads now)")


def test_nobody_free_is_said_and_is_not_an_error():
    choice = next_in_turn([Member(1, "Dana", "has left")], last_served=None)
    assert choice.user is None and "open to everybody" in choice.why


def test_it_starts_at_the_top_when_the_last_served_has_left_the_turn():
    assert next_in_turn([Member(1, "Dana"), Member(2, "Ben")], last_served=9).user == 1


@given(
    available=st.lists(st.booleans(), min_size=1, max_size=12),
    rounds=st.integers(1, 20),
    start=st.one_of(st.none(), st.integers(0, 12)),
)
def test_in_whole_rounds_everybody_available_gets_the_same(available, rounds, start):
    members = [Member(n, str(n), "" if free else "is away") for n, free in enumerate(available)]
    free = [member.user for member in members if not member.unavailable]
    got = Counter(_turns(members, rounds * max(len(free), 1), last=start))
    assert got == (dict.fromkeys(free, rounds) if free else {None: rounds})


@given(available=st.lists(st.booleans(), min_size=1, max_size=12), count=st.integers(1, 60))
def test_at_no_moment_is_anybody_two_ahead(available, count):
    members = [Member(n, str(n), "" if free else "is away") for n, free in enumerate(available)]
    got = Counter(_turns(members, count))
    free = [got[member.user] for member in members if not member.unavailable]
    assert not free or max(free) - min(free) <= 1


def test_everybody_who_takes_leads_has_a_place(dana, ben, mira, analyst):
    route = Route.catch_all()
    routes.fill(route=route)
    assert [member.name for member in queries.turn(route=route)] == ["Dana", "Ben"]
    choice = queries.who_is_next(route=route)
    assert (choice.user, choice.why) == (dana.id, "next in turn")


def test_a_switched_off_member_keeps_the_place(dana, ben):
    route = Route.catch_all()
    routes.fill(route=route)
    member = RouteMember.objects.get(user=dana)
    routes.switch(member=member, on=False)
    assert queries.who_is_next(route=route).user == ben.id
    routes.switch(member=member, on=True)
    assert queries.who_is_next(route=route).user == dana.id


def test_the_order_can_be_changed(dana, ben):
    route = Route.catch_all()
    routes.fill(route=route)
    routes.reorder(route=route, user_ids=[ben.id, dana.id])
    assert queries.who_is_next(route=route).user == ben.id


def test_an_order_that_forgets_somebody_is_refused(dana, ben):
    route = Route.catch_all()
    routes.fill(route=route)
    with pytest.raises(DomainError, match="other members"):
        routes.reorder(route=route, user_ids=[ben.id])


def test_an_analyst_cannot_join(analyst):
    with pytest.raises(DomainError, match="reads only"):
        routes.join(route=Route.catch_all(), user=analyst)


@pytest.mark.parametrize("minutes", [0, 10081])
def test_an_impossible_answer_time_is_refused(db, minutes):
    with pytest.raises(DomainError, match="Between 1 and"):
        routes.set_answer_time(route=Route.catch_all(), minutes=minutes)
