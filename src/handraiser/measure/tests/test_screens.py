"""What the Measure screens say, and to whom."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from handraiser.kit import clock
from handraiser.measure.models import Spend

PAGES = ("", "funnel/", "channels/", "rows/", "spend/")
RANGE = "?period=days&from=2026-11-01&to=2026-11-30"


@pytest.fixture
def read(login, mira):
    def get(place="", user=None):
        response = login(user or mira).get(f"/admin/measure/{place}")
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    return get


def test_without_leads_it_names_the_next_click(read):
    page = read()
    assert "first numbers after the first lead" in page
    assert "/admin/capture/imports/" in page


def test_the_dashboard_shows_numbers_with_n_range_definition_and_rows(read, lead):
    for _ in range(30):
        lead(channel="email")
    for _ in range(10):
        lead("mql", channel="organic_search")
    page = read(RANGE)
    assert "10 of 40, 14–40" in page
    assert "step=mql" in page
    assert "Leads of the period that became MQL or went further" in page
    assert "Organic search" in page
    assert "<td>Leads</td>" in page  # the funnel as a table
    assert "style=" not in page.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("place", PAGES)
def test_every_screen_opens_with_and_without_numbers(read, lead, place):
    assert "<main" in read(place)
    lead("customer", amount=100_00, channel="email", source="", campaign="spring & co", landing_page="/a b")
    Spend.objects.create(
        channel="email",
        from_date="2026-11-01",
        to_date="2026-11-30",
        amount=5_000,
        currency="GBP",
        entered_at=clock.now(),
    )
    for by in ("", "&by=source", "&by=campaign", "&by=landing_page"):
        assert "<main" in read(f"{place}{RANGE}{by}")


def test_a_sales_rep_sees_their_own_numbers_and_no_money(read, lead, dana, ben, login):
    lead(owner=dana)
    for _ in range(4):
        lead(owner=ben)
    lead()
    page = read(RANGE, user=dana)
    assert "Your own leads" in page
    assert '<dd class="v">1</dd>' in page
    assert "Spend</a>" not in page
    assert login(dana).get("/admin/measure/spend/").status_code == 403
    assert read(f"rows/{RANGE}", user=dana).count('href="/admin/leads/lead_') == 1


def test_an_analyst_reads_and_enters_nothing(read, analyst, login):
    assert "Enter spend" not in read("spend/", user=analyst)
    assert login(analyst).post("/admin/measure/spend/enter/", {}).status_code == 403


def test_a_period_that_cannot_be_read_says_so(read, lead):
    lead()
    page = read("?period=days&from=2026-11-30&to=2026-11-01")
    assert "Choose a first and a last day" in page


def test_html_in_a_source_is_only_text(read, lead):
    lead(source="<script>alert(1)</script>", campaign='"><b>x')
    for place in ("channels/", "funnel/", "rows/"):
        page = read(f"{place}{RANGE}&by=source")
        assert "<script>alert" not in page and "<b>x" not in page


def test_rows_stand_behind_each_number(read, lead):
    lead("customer", channel="email")
    lead("mql", channel="email")
    lead(channel="direct")
    assert "1–2 of 2" in read(f"rows/{RANGE}&step=mql")
    assert "1–1 of 1" in read(f"rows/{RANGE}&step=customer&channel=email")
    assert "Nobody here" in read(f"rows/{RANGE}&step=customer&channel=direct")


@pytest.mark.parametrize("what", ["funnel", "leads", "channels", "sources", "campaigns", "landing-pages"])
def test_every_table_is_exported(login, mira, lead, what):
    lead("customer", channel="email", source="=1+1")
    response = login(mira).get(f"/admin/measure/export/{what}.csv{RANGE}")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) > 1
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_unknown_tables_and_steps_are_not_found(login, mira):
    client = login(mira)
    assert client.get("/admin/measure/export/all.csv").status_code == 404
    assert client.get("/admin/measure/rows/?step=king").status_code == 404
    assert client.get("/admin/measure/channels/?by=shoe").status_code == 404


def test_spend_is_entered_and_taken_out(login, mira, settle):
    client = login(mira)
    said = {
        "channel": "paid_search",
        "from_date": "2026-11-01",
        "to_date": "2026-11-30",
        "amount": "1250.50",
        "campaign": "spring",
    }
    assert client.post("/admin/measure/spend/enter/", said).status_code == 302
    row = Spend.objects.get()
    assert (row.amount, row.currency, row.entered_by) == (125050, "GBP", mira)
    assert "£1,250.50" in client.get("/admin/measure/spend/").content.decode()
    bad = client.post("/admin/measure/spend/enter/", {**said, "to_date": "2026-10-01"})
    assert bad.status_code == 422 and "The last day comes before the first." in bad.content.decode()
    client.post(f"/admin/measure/spend/{row.id}/remove/")
    assert not Spend.objects.exists()
    settle()


def test_the_first_sentence_speaks_of_real_changes_only(read, lead):
    for day in range(60):
        lead(at=clock.now() - timedelta(days=day))
    assert "No clear change in these 4 weeks." in read("?period=4w")
    for _ in range(60):
        lead(at=clock.now() - timedelta(days=3))
    assert "More leads." in read("?period=4w")
