"""The journal's screen: what is parked is shown, retried, set aside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.core.journal import readers
from handraiser.core.journal.events.people import PersonCreated
from handraiser.core.journal.models import ParkedEvent
from handraiser.core.journal.outbox import publish, relay
from handraiser.kit import clock


class Fussy:
    """A reader that refuses one person until told otherwise."""

    def __init__(self, refuse: str) -> None:
        self.refuse = refuse
        self.taken: list[str] = []

    def apply(self, events) -> None:
        for event in events:
            if event.person == self.refuse:
                raise ValueError("step 3 no longer exists")
            self.taken.append(event.person)


@pytest.fixture
def fussy(db, settings):
    reader = Fussy("person_ana")
    wired = readers.reader("nurture.enrol", [PersonCreated], reader.apply)
    settings.READERS = lambda: [wired]
    now = clock.now()
    for person in ("person_ana", "person_carl", "person_ana"):
        publish(PersonCreated(how="form"), at=now, person=person)
    relay()
    while readers.step(wired):
        pass
    return reader


def test_a_parked_event_is_shown_and_retried(fussy, mira, login):
    browser = login(mira)
    screen = browser.get("/admin/settings/journal/").content.decode()
    assert "step 3 no longer exists" in screen and "2 parked" in screen
    first = ParkedEvent.objects.order_by("position")[0]
    assert (
        "people.person_created" in browser.get(f"/admin/settings/journal/parked/{first.id}/").content.decode()
    )
    fussy.refuse = ""
    assert browser.post("/admin/settings/journal/nurture.enrol/retry/").status_code == 302
    assert fussy.taken == ["person_carl", "person_ana", "person_ana"]
    assert "Every event was read." in browser.get("/admin/settings/journal/").content.decode()


def test_a_retry_that_fails_leaves_it_parked(fussy, mira, login):
    login(mira).post("/admin/settings/journal/nurture.enrol/retry/")
    assert ParkedEvent.objects.order_by("position")[0].attempts == 2


def test_what_is_set_aside_lets_the_later_ones_go(fussy, mira, login):
    first = ParkedEvent.objects.order_by("position")[0]
    browser = login(mira)
    assert browser.post(f"/admin/settings/journal/parked/{first.id}/set-aside/").status_code == 302
    assert browser.post(f"/admin/settings/journal/parked/{first.id}/set-aside/").status_code == 409
    fussy.refuse = ""
    browser.post("/admin/settings/journal/nurture.enrol/retry/")
    assert fussy.taken == ["person_carl", "person_ana"]


def test_only_an_owner_retries(fussy, marketer, login):
    browser = login(marketer)
    assert "Retry" not in browser.get("/admin/settings/journal/").content.decode()
    assert browser.post("/admin/settings/journal/nurture.enrol/retry/").status_code == 403


def test_a_late_reader_is_named(db, settings, mira, login):
    wired = readers.reader("qualify.scores", [PersonCreated], lambda events: None)
    settings.READERS = lambda: [wired]
    publish(PersonCreated(how="form"), at=clock.now(), person="person_ana")
    relay()
    from handraiser.core.journal import health

    assert health.look([wired], at=clock.now()).readers[0].behind >= 1
    assert health.look([wired], at=clock.now()).flowing
    assert not health.look([wired], at=clock.now() + timedelta(minutes=2)).flowing
