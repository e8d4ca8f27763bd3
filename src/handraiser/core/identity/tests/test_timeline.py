"""The timeline: what an identified person did, and the anonymous past once they are known."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from handraiser.core.identity.actions import visitors
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal import outbox
from handraiser.core.journal.events.attract import PageViewed
from handraiser.core.people.actions import people

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)


def view(path: str, visitor: str, **more):
    with transaction.atomic():
        outbox.publish(PageViewed(url=f"https://x{path}", path=path, **more), at=NOW, visitor=visitor)


def paths():
    return list(TimelineItem.objects.filter(name="attract.page_viewed").values_list("body__path", flat=True))


def test_it_works(organisation, settle):
    view("/before/", "v_1")
    view("/other/", "v_2")
    settle()
    assert paths() == []
    person = people.create(at=NOW, how="hand", first_name="Ines")
    visitors.link(visitor="v_1", person_id=person.id, how="form", at=NOW)
    view("/after/", "v_1")
    settle()
    assert sorted(paths()) == ["/after/", "/before/"]


def test_bots_are_left_out(organisation, settle):
    person = people.create(at=NOW, how="hand", first_name="Ines")
    visitors.link(visitor="v_1", person_id=person.id, how="form", at=NOW)
    view("/", "v_1", bot="user agent")
    settle()
    assert paths() == []


def test_a_shared_browser_is_not_relabelled(organisation):
    one = people.create(at=NOW, how="hand", first_name="Ines")
    other = people.create(at=NOW, how="hand", first_name="Marcus")
    assert visitors.link(visitor="v_1", person_id=one.id, how="form", at=NOW)
    assert not visitors.link(visitor="v_1", person_id=other.id, how="form", at=NOW)
