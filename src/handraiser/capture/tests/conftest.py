from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handraiser.capture import starters

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _private_folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path


@pytest.fixture
def playbook(organisation):
    """The live form of the Reporting Playbook."""
    return starters.playbook(at=NOW)


@pytest.fixture
def demo_form(organisation):
    """The live form "Book a demo"."""
    return starters.demo(at=NOW)
