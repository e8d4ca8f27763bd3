"""The export holds the rows of the list, for those who may see them, and no formula."""

from __future__ import annotations

import csv
import io

from handraiser.core.people.models import FieldDefinition
from handraiser.kit import clock


def rows(answer) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_export_holds_what_the_list_shows(login, mira, dana, make_lead):
    make_lead("Ana Adler", stage="mql", owner=dana, points=12)
    make_lead("Bea Berg", stage="sql")
    answer = login(mira).get("/admin/leads/export/?stage=mql")
    assert answer["Content-Disposition"].startswith("attachment")
    [row] = rows(answer)
    assert (row["first name"], row["stage"], row["owner"], row["score"]) == (
        "Ana",
        "MQL",
        "Dana Okafor",
        "12",
    )


def test_a_rep_exports_own_and_unowned_leads_only(login, dana, ben, make_lead):
    theirs = make_lead("Ana Adler", owner=ben)
    make_lead("Bea Berg", owner=dana)
    client = login(dana)
    assert [row["first name"] for row in rows(client.get("/admin/leads/export/?filters=none"))] == ["Bea"]
    assert rows(client.get("/admin/leads/export/", {"lead": theirs.id})) == []


def test_ticked_leads_alone(login, mira, make_lead):
    lead = make_lead("Ana Adler")
    make_lead("Bea Berg")
    assert len(rows(login(mira).get("/admin/leads/export/", {"lead": lead.id}))) == 1


def test_a_formula_becomes_text(login, mira, make_lead):
    FieldDefinition.objects.create(entity="person", key="x", label="=X()", created_at=clock.now())
    evil = '=HYPERLINK("http://evil.example.com")'
    lead = make_lead("Ana Adler", company="@SUM(A1)", person={"job_title": evil})
    lead.person.attributes = {"x": "+cmd|calc"}
    lead.person.save()
    [row] = rows(login(mira).get("/admin/leads/export/"))
    assert row["job title"] == f"'{evil}"
    assert row["company"].startswith("'@")
    assert row["person: =X()"].startswith("'+")
