"""The demo firm lives: a short stretch of its story, through the real actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handraiser.blueprints.northlight import history, install
from handraiser.config import wiring
from handraiser.core.audience.models import Membership
from handraiser.core.journal.models import ParkedEvent
from handraiser.core.people.models import Lead, Person

NOW = datetime(2026, 11, 19, 10, 30, tzinfo=UTC)


@pytest.fixture
def short(monkeypatch, settings):
    """Three weeks and a small crowd are enough to see that everything is connected."""
    settings.DEMO = True  # nothing leaves the machine
    monkeypatch.setattr(history, "WEEKS", 3)
    monkeypatch.setattr(history, "CROWD", 12)


@pytest.mark.parametrize("now", [NOW, NOW + timedelta(days=3, hours=2, minutes=50)])
def test_it_works_at_any_time(short, transactional_db, now):
    install.run(now=now, readers=wiring.READERS, sweeps=wiring.SWEEPS)
    assert not ParkedEvent.objects.exists()
    ines = Lead.objects.select_related("owner").get(person__email="ines@haldenfoods.example.com")
    assert (ines.stage, ines.owner.name) == ("mql", "Dana Okafor")
    assert Membership.objects.filter(segment__name="Leaders to win").exists()
    assert ines.score >= 75 and ines.stage_at == now - timedelta(minutes=11)


def test_every_address_is_reserved(short, transactional_db):
    install.run(now=NOW, readers=wiring.READERS, sweeps=wiring.SWEEPS)
    addresses = Person.objects.exclude(email="").values_list("email", flat=True)
    assert addresses and all(address.endswith(".example.com") for address in addresses)
