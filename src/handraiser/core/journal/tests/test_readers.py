"""Batches: what one reader decoded serves those that come behind it, and nothing that it must not."""

from __future__ import annotations

import pytest

from handraiser.core.journal import readers
from handraiser.core.journal.events.attract import EventTracked, PageViewed
from handraiser.core.journal.events.base import CATALOGUE
from handraiser.core.journal.live import journal
from handraiser.core.journal.readers import Reader, reader
from handraiser.kit.envelope import Event

pytestmark = pytest.mark.django_db


def happened(number: int) -> Event:
    return Event(
        message_id=f"m{number}",
        name=(PageViewed if number % 3 else EventTracked).name,
        occurred_at=number,
        received_at=number,
        visitor=f"v_{number % 4}",
    )


@pytest.fixture
def taken():
    return {"everything": [], "views": [], "behind": []}


@pytest.fixture
def three(taken):
    """One who reads everything, one who reads views, and one who must not overtake the first."""

    def keep(name):
        return lambda events: taken[name].extend(event.message_id for event in events)

    everything = Reader("everything", frozenset(CATALOGUE), keep("everything"), batch=10)
    return [
        everything,
        reader("views", [PageViewed], keep("views"), batch=25),
        reader("behind", [PageViewed], keep("behind"), batch=4, after="everything"),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 0, 0, 2), (0, 2, 2, 2, 1)])
def test_everybody_gets_each_of_their_events_once_in_order(three, taken, order):
    for begin in range(0, 60, 20):
        journal().append([happened(number) for number in range(begin, begin + 20)])
        while sum([readers.step(three[which]) for which in order]):
            if len(taken["behind"]) > len([one for one in taken["everything"] if int(one[1:]) % 3]):
                pytest.fail("overtaken")
    views = [f"m{number}" for number in range(60) if number % 3]
    assert taken == {
        "everything": [f"m{number}" for number in range(60)],
        "views": views,
        "behind": views,
    }


def test_who_is_forgotten_is_not_met_in_what_was_decoded_before(three, taken):
    journal().append([happened(number) for number in range(10)])
    assert readers.step(three[0]) == 10
    journal().forget(["v_1"])  # as another process does it
    while readers.step(three[1]):
        pass
    assert taken["views"] == ["m2", "m4", "m7", "m8"]
