"""Companies and the palette show what the asker may see, and nothing else."""

from __future__ import annotations

from handraiser.core.people.models import Company
from handraiser.desk import finding


def test_companies_with_their_figures(login, mira, make_lead):
    make_lead("Ines Brandt")
    make_lead("Ana Adler")
    make_lead("Bea Berg", company="Kestrel Books")
    client = login(mira)
    answer = client.get("/admin/companies/")
    rows = {row.name: (row.people_n, row.open_n) for row in answer.context["rows"]}
    assert rows == {"Halden Foods": (2, 2), "Kestrel Books": (1, 1)}
    found = client.get("/admin/companies/?q=kestrel").context["rows"]
    assert [row.name for row in found] == ["Kestrel Books"]
    assert "No company matches" in client.get("/admin/companies/?q=zzz").content.decode()


def test_a_rep_sees_companies_through_own_leads(login, dana, ben, make_lead):
    make_lead("Ines Brandt", owner=ben)
    make_lead("Bea Berg", company="Kestrel Books", owner=dana)
    make_lead("Ana Adler", company="Kestrel Books", owner=ben)
    client = login(dana)
    assert [row.name for row in client.get("/admin/companies/").context["rows"]] == ["Kestrel Books"]
    halden, kestrel = Company.objects.get(name="Halden Foods"), Company.objects.get(name="Kestrel Books")
    assert client.get(f"/admin/companies/{halden.id}/").status_code == 404
    body = client.get(f"/admin/companies/{kestrel.id}/").content.decode()
    assert "Bea Berg" in body
    assert "Ana Adler" not in body


def test_the_palette_finds_people_companies_and_actions(login, mira, make_lead):
    make_lead("Ines Brandt")
    kinds = {line.kind: line.label for line in finding.find(mira, "halden")}
    assert kinds == {"Lead": "Ines Brandt", "Company": "Halden Foods"}
    assert finding.find(mira, "add lea")[-1].label == "Add lead"
    assert "Ines Brandt" in login(mira).get("/admin/find/?q=ines").content.decode()


def test_the_palette_hides_what_is_not_yours(dana, ben, analyst, make_lead):
    make_lead("Ines Brandt", owner=ben)
    assert finding.find(dana, "ines") == []
    assert finding.find(dana, "halden") == []
    assert [line.label for line in finding.find(analyst, "ines")] == ["Ines Brandt"]
    assert all(line.kind != "Action" for line in finding.find(analyst, ""))
