"""Won deals from a file: attached to their leads, told when odd, taken back."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from handraiser.capture.imports import sentences
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.convert.models import Deal
from handraiser.core.people.models import Lead

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.fixture
def bring(settings, tmp_path, organisation):
    settings.PRIVATE_ROOT = tmp_path

    def run(content: str, kind: str, **fields):
        this = runs.receive(file=io.BytesIO(content.encode()), name="f.csv", kind=kind, at=NOW)
        guessed = Mapping.from_dict(this.mapping).columns
        runs.choose_columns(this=this, mapping=Mapping(**{"columns": guessed, **fields}))
        runs.start(this=this, at=NOW)
        return runs.run(import_id=this.id, clock=lambda: NOW)

    return run


@pytest.fixture
def leads(bring):
    return bring(
        "id,email,date\n1,a@example.com,2026-01-10\n2,b@example.com,2026-01-10\n3,,2026-01-10\n", "leads"
    )


DEALS = """mql id,deal id,won date,amount
1,d1,2026-02-01,1200.50
2,d2,2026-01-09,
9,d3,2026-02-01,1
1,d4,soon,1
3,d5,2027-01-01,1
3,d6,2026-02-01,lots
"""


def test_deals_find_their_leads_by_the_id_they_were_imported_with(bring, leads, settle):
    this = bring(DEALS, "deals")
    assert sentences.of_import(this) == (
        "6 rows: 2 recorded, 2 with a date that cannot be read, 1 with an amount that cannot be read,"
        " 1 of leads that are not here. 1 deal was won before its first contact."
    )
    first = Deal.objects.get(external_id="d1")
    assert (first.amount, first.currency, first.won_at) == (120050, "GBP", datetime(2026, 2, 1, tzinfo=UTC))
    assert first.lead.stage == "customer"
    settle()
    assert bring(DEALS, "deals").joined == 2


def test_a_person_can_also_be_found_by_email(bring, leads):
    this = bring("email,close date\nA@example.com,2026-02-01\n", "deals")
    assert this.created == 1
    assert Lead.objects.get(stage="customer").person.email == "a@example.com"


def test_a_recycled_lead_cannot_be_won_any_more(bring, leads):
    Lead.objects.filter(external_id="1").update(stage="recycled", closed_at=NOW)
    this = bring(DEALS, "deals")
    assert "1 that cannot be won any more" in sentences.of_import(this)


def test_a_dry_run_tells_of_the_early_deal_and_writes_nothing(bring, leads):
    this = runs.receive(file=io.BytesIO(DEALS.encode()), name="f.csv", kind="deals", at=NOW)
    forecast = runs.dry_run(this=this, at=NOW)
    assert (forecast.created, forecast.rejected) == (2, 4)
    assert forecast.remarks == {"won_before_first_contact": 1}
    assert not Deal.objects.exists()


def test_undo_makes_them_leads_again(bring, leads, settle):
    this = bring(DEALS, "deals")
    settle()
    assert runs.undo(this=this, at=NOW) == (2, 0)
    assert not Deal.objects.exists()
    assert set(Lead.objects.values_list("stage", "closed_at")) == {("lead", None)}
    settle()


def test_a_deal_that_somebody_changed_stays(bring, leads, settle):
    this = bring(DEALS, "deals")
    Deal.objects.filter(external_id="d1").update(version=2)
    assert runs.undo(this=this, at=NOW) == (1, 1)
