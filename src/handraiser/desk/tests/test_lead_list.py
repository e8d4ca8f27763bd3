"""The lead list: rows and rights, search, filters, order, tabs, and what an empty list says."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handraiser.core.audience.rules import conditions as c
from handraiser.core.people.models import FieldDefinition
from handraiser.desk.models import SavedView
from handraiser.kit import clock
from handraiser.qualify.actions import ideals
from handraiser.qualify.models import ProductLead
from handraiser.qualify.rules.ideal import Need


def names(answer) -> list[str]:
    return [lead.person.name for lead in answer.context["rows"]]


def test_the_list_shows_open_leads_with_the_best_score_first(login, mira, make_lead):
    make_lead("Ana Adler", points=20)
    make_lead("Bea Berg", points=80)
    make_lead("Cal Costa", points=50, closed_at=clock.now(), stage="customer")
    answer = login(mira).get("/admin/leads/")
    assert names(answer) == ["Bea Berg", "Ana Adler"]
    assert "2 leads" in answer.content.decode()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("adler", ["Ana Adler"]),
        ("ANA adler", ["Ana Adler"]),
        ("berg@", ["Bea Berg"]),
        ("bea.berg", ["Bea Berg"]),
        ("kestrel", ["Bea Berg"]),
        ("7946 0142", ["Ana Adler"]),
        ("020 79460142", ["Ana Adler"]),
        ("%", []),
        ("000", []),
        ("'; drop table", []),
    ],
)
def test_search_finds_by_name_email_company_and_phone(login, mira, make_lead, words, found):
    make_lead("Ana Adler", person={"phone": "+442079460142"})
    make_lead("Bea Berg", company="Kestrel Books")
    assert names(login(mira).get("/admin/leads/", {"q": words})) == found


def test_a_rep_sees_own_and_unowned_leads_only(login, dana, ben, make_lead):
    make_lead("Ana Adler", owner=dana)
    make_lead("Bea Berg", owner=ben)
    make_lead("Cal Costa")
    answer = login(dana).get("/admin/leads/?filters=none")
    assert sorted(names(answer)) == ["Ana Adler", "Cal Costa"]
    assert "Bea Berg" not in answer.content.decode()
    assert names(login(dana).get("/admin/leads/", {"q": "Berg"})) == []
    assert names(login(dana).get("/admin/leads/", {"owner": str(ben.id)})) == []


def test_the_tabs_count_what_they_show(login, dana, make_lead):
    make_lead("Ana Adler", owner=dana, temperature="hot")
    make_lead("Bea Berg", temperature="hot")
    make_lead("Cal Costa", ago=timedelta(days=40), last_activity_at=clock.now() - timedelta(days=30))
    client = login(dana)
    tabs = {name: (url, n) for name, url, _, n in client.get("/admin/leads/").context["tabs"]}
    counted = {name: n for name, (_, n) in tabs.items()}
    assert counted == {
        "All open": 3, "Hot, nobody yet": 1, "Mine": 1, "New this week": 2, "Going quiet": 1,
    }  # fmt: skip
    for url, n in tabs.values():
        assert client.get(url).context["total"] == n


def test_filters_are_and_their_values_or(login, mira, make_lead):
    make_lead("Ana Adler", stage="mql", source="email")
    make_lead("Bea Berg", stage="sql", source="email")
    make_lead("Cal Costa", stage="mql", source="")
    client = login(mira)
    assert sorted(names(client.get("/admin/leads/?stage=mql&stage=sql&source=email"))) == [
        "Ana Adler",
        "Bea Berg",
    ]
    assert names(client.get("/admin/leads/?stage.not=mql")) == ["Bea Berg"]
    assert names(client.get("/admin/leads/?source=unknown")) == ["Cal Costa"]


def test_dates_are_days_where_the_reader_is(login, mira, make_lead):
    lead = make_lead("Ana Adler")
    # Half past midnight in London in summer is still the day before in UTC.
    type(lead).objects.filter(id=lead.id).update(opened_at="2026-06-30T23:30:00Z")
    client = login(mira)
    assert names(client.get("/admin/leads/?opened=2026-07-01..2026-07-01")) == ["Ana Adler"]
    assert names(client.get("/admin/leads/?opened=2026-06-30..2026-06-30")) == []


def test_a_lead_that_never_did_anything_is_not_recent(login, mira, make_lead):
    make_lead("Ana Adler", last_activity_at=None)
    client = login(mira)
    assert names(client.get("/admin/leads/?seen=30d")) == []
    assert names(client.get("/admin/leads/?seen.not=30d")) == ["Ana Adler"]


def test_custom_fields_are_filters(login, mira, make_lead):
    FieldDefinition.objects.create(
        entity="person", key="team", label="Team size", kind="number", created_at=clock.now()
    )
    lead = make_lead("Ana Adler")
    lead.person.attributes = {"team": 12}
    lead.person.save()
    client = login(mira)
    answer = client.get("/admin/leads/?field.person.team=12")
    assert names(answer) == ["Ana Adler"]
    assert "Team size" in answer.content.decode()
    assert names(client.get("/admin/leads/?field.person.team=13")) == []


@pytest.mark.parametrize(
    "column", ["name", "stage", "score", "activity", "raised", "source", "owner", "opened"]
)
def test_every_column_sorts_both_ways(login, mira, dana, make_lead, column):
    make_lead("Ana Adler", points=1, stage="lead", raised_with="A", source="a", owner=dana)
    make_lead("Bea Berg", points=2, stage="sql", raised_with="B", source="b", ago=timedelta(minutes=5))
    client = login(mira)
    rising = client.get(f"/admin/leads/?columns={column}&sort={column}")
    assert 'aria-sort="ascending"' in rising.content.decode()
    falling = client.get(f"/admin/leads/?columns={column}&sort=-{column}")
    assert 'aria-sort="descending"' in falling.content.decode()
    if column != "owner":
        assert names(falling) == list(reversed(names(rising)))


def test_fifty_a_page_with_a_constant_number_of_queries(login, mira, dana, make_lead):
    client = login(mira)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/admin/leads/").status_code == 200
        return len(seen)

    for n in range(3):
        make_lead(f"Ana Adler{n}", owner=dana, company=f"Company {n}")
    client.get("/admin/leads/")
    few = queries()
    for n in range(52):
        make_lead(f"Bea Berg{n}", owner=dana if n % 2 else None, company=f"Firm {n}")
    assert queries() == few
    answer = client.get("/admin/leads/?page=2")
    assert len(names(answer)) == 5
    assert "51–55 of 55" in answer.content.decode()
    assert len(names(client.get("/admin/leads/?page=999"))) == 5


def test_the_search_box_swaps_rows_and_chips(login, mira, make_lead):
    make_lead("Ana Adler")
    answer = login(mira).get(
        "/admin/leads/", {"q": "adler"}, headers={"HX-Request": "true", "HX-Target": "list"}
    )
    body = answer.content.decode()
    assert "<html" not in body
    assert 'hx-swap-oob="true"' in body


def test_an_empty_instance_has_three_doors(login, mira, analyst):
    body = login(mira).get("/admin/leads/").content.decode()
    assert "No leads yet" in body
    for door in ("Build a form", "Import a list", "Add a lead by hand"):
        assert door in body
    assert "Build a form" not in login(analyst).get("/admin/leads/").content.decode()


def test_filtered_to_nothing_names_the_filter_that_excludes_most(login, mira, make_lead):
    for n in range(3):
        make_lead(f"Ana Adler{n}", stage="mql", source="email")
    make_lead("Bea Berg", stage="lead", source="ads")
    body = login(mira).get("/admin/leads/?source=ads&stage=mql").content.decode()
    assert "Without “Source Ads” it would be 3." in body


def test_saved_views_are_private_until_shared(login, mira, dana, make_lead):
    make_lead("Ana Adler", stage="mql")
    client = login(mira)
    client.post("/admin/leads/views/save/", {"name": "My MQLs", "stage": "mql"})
    view = SavedView.objects.get()
    assert names(client.get(f"/admin/leads/?view={view.id}")) == ["Ana Adler"]
    assert "My MQLs" in client.get("/admin/leads/").content.decode()
    assert "My MQLs" not in login(dana).get("/admin/leads/").content.decode()
    SavedView.objects.update(shared=True)
    assert "My MQLs" in login(dana).get("/admin/leads/").content.decode()
    assert login(dana).post(f"/admin/leads/views/{view.id}/delete/").status_code == 404
    assert client.post(f"/admin/leads/views/{view.id}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_can_take_another_state(login, mira):
    client = login(mira)
    client.post("/admin/leads/views/save/", {"name": "Mine alone", "stage": "mql"})
    view = SavedView.objects.get()
    assert "Edited" in client.get(f"/admin/leads/?view={view.id}&stage=sql").content.decode()
    client.post("/admin/leads/views/save/", {"into": view.id, "view": view.id, "stage": "sql"})
    view.refresh_from_db()
    assert view.filters == [{"key": "stage", "values": ["sql"], "negated": False}]


@pytest.mark.parametrize(
    ("name", "said"), [("", "A view needs a name."), ("Twice", "You have a view called")]
)
def test_a_view_needs_a_name_of_its_own(login, mira, name, said):
    client = login(mira)
    client.post("/admin/leads/views/save/", {"name": "Twice", "stage": "mql"})
    answer = client.post("/admin/leads/views/save/", {"name": name, "stage": "mql"})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_the_filter_dialog_leads_to_an_address(login, mira, make_lead):
    make_lead("Ana Adler", source="email")
    client = login(mira)
    assert "Last activity" in client.get("/admin/leads/filter/?view=all").content.decode()
    assert "Email" in client.get("/admin/leads/filter/?view=all&pick=source").content.decode()
    chosen = client.get("/admin/leads/filter/?view=all&pick=source&apply=1&op=not&value=email")
    assert chosen.url == "/admin/leads/?view=all&state=open&source.not=email"
    dates = client.get("/admin/leads/filter/?pick=opened&apply=1&op=is&value=&first=2026-01-01&last=")
    assert dates.url.endswith("opened=2026-01-01..")


def test_columns_can_be_chosen(login, mira, make_lead):
    make_lead("Ana Adler")
    client = login(mira)
    chosen = client.get("/admin/leads/columns/?view=all&apply=1&column=email&column=stage")
    assert chosen.url == "/admin/leads/?view=all&columns=stage%2Cemail"
    assert "ana.adler@halden.example.com" in client.get(chosen.url).content.decode()


@pytest.fixture
def product_lead(make_lead):
    def make(name, signal, *, ago):
        lead = make_lead(name)
        at = clock.now() - ago
        ProductLead.objects.create(lead=lead, at=at, signal=signal, event="event_1", rule_set_number=1)
        return lead

    return make


def test_pqls_are_a_column_and_a_filter(login, mira, make_lead, product_lead):
    product_lead("Ana Adler", "Trial Started", ago=timedelta(days=2))
    product_lead("Bea Berg", "Limit Reached", ago=timedelta(hours=2))
    make_lead("Cal Costa")
    client = login(mira)
    answer = client.get("/admin/leads/?columns=pql&sort=-pql")
    assert names(answer) == ["Bea Berg", "Ana Adler", "Cal Costa"]
    assert "Limit Reached" in answer.content.decode()
    assert names(client.get("/admin/leads/?columns=pql&sort=pql")) == ["Ana Adler", "Bea Berg", "Cal Costa"]
    assert names(client.get("/admin/leads/?pql=yes&sort=-pql")) == ["Bea Berg", "Ana Adler"]
    assert names(client.get("/admin/leads/?pql=no")) == names(client.get("/admin/leads/?pql.not=yes"))
    assert names(client.get("/admin/leads/?pql=no")) == ["Cal Costa"]
    assert "Not yet" in client.get("/admin/leads/filter/?pick=pql").content.decode()


@pytest.fixture
def food_makers(make_lead):
    """Ana makes food, Bea makes books; of Cal's firm nothing is known. Who makes food fits."""
    for name, firm, industry in (
        ("Ana Adler", "Halden Foods", "Food"),
        ("Bea Berg", "Kestrel Books", "Books"),
        ("Cal Costa", "Oriel", ""),
    ):
        lead = make_lead(name, company=firm)
        lead.person.company.industry = industry
        lead.person.company.save()
    ideals.add(
        about="industry",
        condition=c.Attribute(key="company.industry", test="is", values=("Food",)),
        decides=ideals.Decides(Need.MUST, 3),
        at=clock.now(),
    )


def test_leads_are_narrowed_to_those_that_fit_the_ideal_customer(login, mira, food_makers):
    client = login(mira)
    for words, found in (
        ("ideal=yes", ["Ana Adler"]),
        ("ideal=no", ["Bea Berg"]),
        ("ideal=unknown", ["Cal Costa"]),
        ("ideal.not=no", ["Ana Adler", "Cal Costa"]),
        ("ideal=yes&ideal=no", ["Ana Adler", "Bea Berg"]),
    ):
        assert sorted(names(client.get(f"/admin/leads/?{words}"))) == found
    page = client.get("/admin/leads/?columns=ideal").content.decode()
    assert "Does not fit" in page and "Unknown" in page
    assert "does not fit" in client.get("/admin/leads/?ideal=no").content.decode()


def test_without_criteria_nobody_is_known_to_fit(login, mira, make_lead):
    make_lead("Ana Adler")
    client = login(mira)
    assert names(client.get("/admin/leads/?ideal=yes")) == []
    assert names(client.get("/admin/leads/?ideal=unknown&columns=ideal")) == ["Ana Adler"]


def test_the_export_says_who_is_a_pql_and_who_fits(login, mira, food_makers, product_lead):
    product_lead("Dee Dahl", "Trial Started", ago=timedelta(days=2))
    text = b"".join(login(mira).get("/admin/leads/export/").streaming_content).decode("utf-8-sig")
    told = {
        row["first name"]: (row["pql signal"], bool(row["pql since"]), row["ideal customer"])
        for row in csv.DictReader(io.StringIO(text))
    }
    assert told == {
        "Ana": ("", False, "Fits"),
        "Bea": ("", False, "Does not fit"),
        "Cal": ("", False, "Unknown"),
        "Dee": ("Trial Started", True, "Fits"),
    }
