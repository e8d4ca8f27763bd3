"""Leads from a file: new, joined, turned away, taken back."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from handraiser.capture.imports import report, sentences
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.models import Import, ImportRow
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.core.identity.actions import identifiers
from handraiser.core.people.actions import leads as lead_actions
from handraiser.core.people.actions import notes
from handraiser.core.people.models import Company, FieldDefinition, Identifier, Lead, Person
from handraiser.kit.errors import DomainError

from .conftest import NOW

PEOPLE = """email,first name,phone,company,source
ines@example.com,Ines,020 7946 0101,Aster,newsletter
marcus@example.com,Marcus,,Aster,
"""


def test_it_works(bring, settle):
    this = bring(PEOPLE)
    assert sentences.of_import(this) == "2 rows: 2 new."
    ines = Person.objects.get(email="ines@example.com")
    assert (ines.first_name, ines.phone, ines.company.name) == ("Ines", "+442079460101", "Aster")
    assert Company.objects.count() == 1
    lead = Lead.objects.get(person=ines)
    assert (lead.how, lead.source, lead.opened_at) == ("import", "newsletter", NOW)
    settle()
    assert Import.objects.get().state == "done"


def test_a_second_time_changes_nothing(bring):
    bring(PEOPLE)
    again = bring(PEOPLE)
    assert sentences.of_import(again) == "2 rows: 0 new, 2 joined to people you know."
    assert (Person.objects.count(), Lead.objects.count(), Identifier.objects.count()) == (2, 2, 3)


def test_duplicates_join_by_email_phone_and_id(bring):
    known = identifiers.resolve(at=NOW, how="form", email="Ines@Example.com", values={"first_name": "Inés"})
    this = bring(
        "id,email,phone,first name,job title\n"
        "7,INES@example.com,+44 20 7946 0101,Ines,Head of Sales\n"
        "7,,,,\n"
        ",,(020) 7946 0101,,\n"
        ",other@example.com,020 7946 0101,,\n"
    )
    assert (this.created, this.joined) == (1, 3)
    known.person.refresh_from_db()
    # What is filled stays; a gap is filled.
    assert (known.person.first_name, known.person.job_title) == ("Inés", "Head of Sales")
    assert Lead.objects.filter(person=known.person).count() == 1
    assert Identifier.objects.get(kind="external:file", value="7").person == known.person


def test_a_closed_lead_of_the_same_row_is_not_opened_again(bring):
    bring("id,date\n7,2026-01-02\n", columns={"id": ["external_id"], "date": ["opened_at"]})
    Lead.objects.update(stage="customer", closed_at=NOW)
    again = bring("id,date\n7,2026-01-02\n", columns={"id": ["external_id"], "date": ["opened_at"]})
    assert (again.joined, Lead.objects.count()) == (1, 1)


def test_the_given_day_is_when_the_hand_was_raised(bring):
    bring(
        "id,when\n7,02.01.2026\n",
        columns={"id": ["external_id"], "when": ["opened_at"]},
        date_format="%d.%m.%Y",
        zone="Europe/London",
    )
    assert Lead.objects.get().opened_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_rows_that_cannot_be_taken_are_reported_with_their_reason(bring):
    this = bring(
        "id,email,date,note\n"
        ",not-an-address,2026-01-01,=cmd()\n"
        ",,2026-01-01,nobody\n"
        "3,c@example.com,yesterday,bad day\n"
        "4,d@example.com,2030-01-01,future\n"
        "5,e@example.com\n"
        "6,f@example.com,2026-01-01,fine\n",
        columns={"id": ["external_id"], "email": ["email"], "date": ["opened_at"], "note": ["lead.note"]},
    )
    assert (this.created, this.rejected) == (1, 5)
    assert "2 with a date that cannot be read" in sentences.of_import(this)
    rows = list(csv.reader(io.StringIO("".join(report.lines(this)).removeprefix("\ufeff"))))
    assert rows[0] == ["id", "email", "date", "note", "line in the file", "why it was not taken"]
    assert rows[1] == [
        "",
        "not-an-address",
        "2026-01-01",
        "'=cmd()",
        "2",
        "“not-an-address” is not an email address.",
    ]
    assert rows[5][-2:] == ["6", "The row has 2 columns, the header has 4."]
    assert report.write(this).read_text(encoding="utf-8-sig").count("\n") == 6


def test_custom_fields_are_made_and_filled(bring):
    bring("email,size\na@example.com,40\n", columns={"email": ["email"], "size": ["lead.firm_size"]})
    assert Lead.objects.get().attributes == {"firm_size": "40"}
    assert FieldDefinition.objects.get(entity="lead", key="firm_size").label == "Firm size"


def test_a_dry_run_says_the_same_and_writes_nothing(bring, private_folder):
    content = PEOPLE + "ines@example.com,,,,\n,,,,x\n"
    this = runs.receive(file=io.BytesIO(content.encode()), name="p.csv", kind="leads", at=NOW)
    forecast = runs.dry_run(this=this, at=NOW)
    assert (forecast.created, forecast.joined, forecast.rejected) == (2, 1, 1)
    assert not Person.objects.exists() and not ImportRow.objects.exists()
    runs.start(this=this, at=NOW)
    this = runs.run(import_id=this.id, clock=lambda: NOW)
    assert (this.created, this.joined, this.rejected) == (2, 1, 1)


def test_sql_and_html_are_only_text(bring):
    nasty = "Robert'); drop table people_lead;--<script>alert(1)</script>"
    this = bring(f'email,first name\na@example.com,"{nasty}"\n')
    assert this.created == 1
    assert Person.objects.get().first_name == nasty


def test_columns_must_say_who_it_is(private_folder, organisation):
    this = runs.receive(file=io.BytesIO(b"name\nInes\n"), name="p.csv", kind="leads", at=NOW)
    with pytest.raises(DomainError) as refused:
        runs.choose_columns(this=this, mapping=Mapping(columns={"name": ["name"]}))
    assert refused.value.message == "Choose a column for Email or Phone or Id in the other system."


def test_undo_takes_back_what_nobody_touched(bring, mira, settle):
    known = identifiers.resolve(at=NOW, how="form", email="known@example.com").person
    lead_actions.open(person=known, at=NOW, how="form")
    settle()
    this = bring(
        "email,first name,id\nknown@example.com,Kim,1\nnew@example.com,Nia,2\nbusy@example.com,Bo,3\n",
        columns={"email": ["email"], "first name": ["first_name"], "id": ["external_id"]},
    )
    settle()
    busy = Lead.objects.get(person__email="busy@example.com")
    notes.add(person=busy.person, lead=busy, author=mira, text="Called", at=NOW)
    assert runs.undo(this=this, at=NOW) == (2, 1)
    settle()
    assert {person.email for person in Person.objects.all()} == {"known@example.com", "busy@example.com"}
    known.refresh_from_db()
    assert known.first_name == "" and Lead.objects.filter(person=known).count() == 1
    assert not Identifier.objects.filter(kind="external:file", value="1").exists()
    this.refresh_from_db()
    assert (this.state, this.removed, this.kept) == ("undone", 2, 1)
    assert runs.stalled(at=NOW) == []


def test_undone_people_can_be_imported_again(bring, settle):
    first = bring(PEOPLE)
    settle()
    runs.undo(this=first, at=NOW)
    settle()
    assert bring(PEOPLE).created == 2


def test_a_running_import_cannot_be_undone(bring):
    this = bring(PEOPLE)
    Import.objects.filter(id=this.id).update(state="running")
    this.refresh_from_db()
    with pytest.raises(DomainError):
        runs.undo(this=this, at=NOW)
