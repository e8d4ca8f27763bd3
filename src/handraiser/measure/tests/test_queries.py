"""KPIs of hand-made cohorts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handraiser.attract.models import Conversion, PageSeen, Visit
from handraiser.measure import queries
from handraiser.measure.actions import spend
from handraiser.measure.queries import Scope
from handraiser.qualify.models import StageChange

from .conftest import NOVEMBER, NOW

SCOPE = Scope(NOVEMBER)


def test_it_counts_who_reached_each_step_or_went_further(lead):
    lead()
    lead("mql")
    lead("customer", path=("customer",))
    lead("recycled", path=("mql", "accepted", "recycled"))
    cohort = queries.total(SCOPE, now=NOW)
    assert dict(cohort.reached) == {
        "lead": 4,
        "mql": 3,
        "accepted": 2,
        "sql": 1,
        "opportunity": 1,
        "customer": 1,
    }
    assert cohort.young == 4
    assert cohort.share("customer").n == 4
    assert {row.stage for row in queries.leads_at(SCOPE, "accepted")} == {"customer", "recycled"}


def test_a_win_that_was_taken_back_is_no_customer(lead):
    row = lead("customer")
    StageChange.objects.create(lead=row, number=9, previous="customer", stage="opportunity", at=NOW)
    row.stage = "opportunity"
    row.save()
    cohort = queries.total(SCOPE, now=NOW)
    assert (cohort.customers, cohort.reached["opportunity"]) == (0, 1)


def test_the_edges_of_a_period_are_midnights_of_the_organisation(lead):
    london = ZoneInfo("Europe/London")
    lead(at=datetime(2026, 10, 31, 23, 59, tzinfo=london))
    lead(at=datetime(2026, 11, 1, 0, 0, tzinfo=london))
    lead(at=datetime(2026, 11, 30, 23, 59, tzinfo=london))
    lead(at=datetime(2026, 12, 1, 0, 0, tzinfo=london))
    assert queries.total(SCOPE, now=NOW).leads == 2
    assert queries.leads_by_day(SCOPE) == {date(2026, 11, 1): 1, date(2026, 11, 30): 1}


def test_a_lead_opened_again_is_not_counted_twice(lead):
    first = lead()
    lead(recycled_from=first)
    assert queries.total(SCOPE, now=NOW).leads == 1


def test_groups_keep_unknown_and_not_given_apart(lead):
    lead(source="unknown")
    lead(source="")
    lead(source="")
    found = {cohort.key: cohort.leads for cohort in queries.cohorts(SCOPE, "source", now=NOW)}
    assert found == {"unknown": 1, "": 2}
    assert queries.shown("") == "(not given)"
    with pytest.raises(ValueError, match="shoe"):
        queries.cohorts(SCOPE, "shoe", now=NOW)


def test_cost_and_return_by_channel(lead, mira):
    for _ in range(3):
        lead(channel="paid_search")
    lead("customer", channel="paid_search", amount=300_00)
    lead(channel="email")
    spend.enter(
        channel="paid_search",
        from_date=date(2026, 11, 1),
        to_date=date(2026, 11, 30),
        amount=100_00,
        at=NOW,
        by=mira,
    )
    # Half of its days lie in November.
    spend.enter(
        channel="display", from_date=date(2026, 10, 22), to_date=date(2026, 11, 10), amount=40_00, at=NOW
    )
    spend.enter(
        channel="email",
        from_date=date(2026, 11, 1),
        to_date=date(2026, 11, 1),
        amount=9,
        at=NOW,
        currency="USD",
    )
    found = {cohort.key: cohort for cohort in queries.cohorts(SCOPE, "channel", now=NOW)}
    search = found["paid_search"]
    assert (search.cost_per_lead.value, search.cac.value) == (25_00, 100_00)
    assert (search.roi.value, search.roas.value) == (2.0, 3.0)
    # Money in another currency is not counted: the cost is unknown, not zero.
    assert found["email"].spend is None and found["email"].cost_per_lead.value is None
    assert (found["display"].leads, found["display"].spend) == (0, 20_00)
    assert queries.total(SCOPE, now=NOW).spend == 120_00
    assert queries.other_currencies() == 1


def test_won_deals_without_an_amount_leave_the_return_unknown(lead):
    lead("customer", amount=0)
    spend.enter(channel="email", from_date=date(2026, 11, 1), to_date=date(2026, 11, 1), amount=100, at=NOW)
    cohort = queries.total(SCOPE, now=NOW)
    assert cohort.revenue is None and cohort.roi.value is None


def test_a_rep_counts_their_own_leads_and_no_money(lead, dana, mira):
    lead(owner=dana)
    lead()
    spend.enter(channel="email", from_date=date(2026, 11, 1), to_date=date(2026, 11, 1), amount=100, at=NOW)
    assert queries.total(queries.scope_for(mira, NOVEMBER), now=NOW).leads == 2
    own = queries.total(queries.scope_for(dana, NOVEMBER), now=NOW)
    assert (own.leads, own.spend) == (1, None)
    assert queries.first_lead_at(dana) is not None


def test_the_median_wait_is_from_the_step_before(lead):
    for _ in range(3):
        lead("sql")
    lead("customer", path=("customer",), at=NOW - timedelta(days=12))
    waits = queries.median_days(SCOPE)
    assert {step: round(days, 3) for step, days in waits.items()} == {
        "mql": 1.0,
        "accepted": 1.0,
        "sql": 1.0,
        "customer": 1.0,
    }


def test_landing_pages_count_visits_and_forms_sent(organisation):
    at = NOVEMBER.begins_at + timedelta(days=3)
    for number in range(10):
        visit = Visit.objects.create(visitor=f"v{number}", started_at=at, last_at=at, channel="email")
        PageSeen.objects.create(visit=visit, path="/guide/", at=at)
        PageSeen.objects.create(visit=visit, path="/about/", at=at)
    for number in range(2):
        Conversion.objects.create(message_id=str(number), path="/guide/", intent="magnet", form="f", at=at)
    found = queries.landing_page_conversion(SCOPE)
    assert (found.hits, found.n) == (2, 10)
    assert queries.visits_of(SCOPE) == 10
    assert queries.visits_of(Scope(NOVEMBER, channel="direct")) == 0
    assert queries.landing_page_conversion(Scope(NOVEMBER, owner=1)).value is None


def test_without_leads_nothing_is_known(organisation):
    cohort = queries.total(SCOPE, now=NOW)
    assert cohort.leads == 0 and cohort.share("customer").value is None
    assert queries.cohorts(SCOPE, "source", now=NOW) == []
