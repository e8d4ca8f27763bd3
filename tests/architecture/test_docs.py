"""Generated pages are up to date, and nothing is undocumented."""

from __future__ import annotations

from pathlib import Path

from handraiser.config.settings import Environment
from handraiser.core.journal.events.base import CATALOGUE
from tests.architecture.pages import events_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_events_is_up_to_date():
    assert (ROOT / "docs" / "events.md").read_text() == events_page(), (
        "run: python -m tests.architecture.pages"
    )


def test_every_fact_says_what_it_means():
    assert [name for name, fact in CATALOGUE.items() if not (fact.__doc__ or "").strip()] == []


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text()
    missing = [n for n in Environment.model_fields if f"HANDRAISER_{n.upper()}" not in text]
    assert missing == []


def test_every_stage_has_a_readme_of_one_screen():
    root = ROOT / "src" / "handraiser"
    for stage in ("attract", "capture", "qualify", "nurture", "convert", "measure", "desk", "website"):
        lines = (root / stage / "README.md").read_text().splitlines()
        assert 3 < len(lines) <= 40, stage
