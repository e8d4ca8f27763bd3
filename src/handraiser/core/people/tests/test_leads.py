"""Leads: one open one for a person and line, whatever comes at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from handraiser.core.people.actions import leads, notes, people, tasks
from handraiser.core.people.models import Lead, OfferLine, Person
from handraiser.kit.errors import DomainError

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)


@pytest.fixture
def ines(organisation) -> Person:
    return people.create(at=NOW, how="hand", first_name="Ines", last_name="Brandt")


def test_it_works(ines):
    lead, created = leads.open(person=ines, at=NOW, how="form", raised_with="Book a demo")
    again, second = leads.open(person=ines, at=NOW + timedelta(days=1), how="form", raised_with="Playbook")
    assert created and not second and lead == again
    assert again.raised_with == "Playbook" and again.opened_at == NOW


def test_another_line_is_another_lead(ines):
    solar = OfferLine.objects.create(name="Solar")
    leads.open(person=ines, at=NOW, how="form")
    _, created = leads.open(person=ines, at=NOW, how="form", offer_line=solar)
    assert created


def test_a_recycled_lead_is_named_as_origin(ines):
    first, _ = leads.open(person=ines, at=NOW, how="form")
    Lead.objects.filter(id=first.id).update(stage="recycled", closed_at=NOW)
    second, created = leads.open(person=ines, at=NOW + timedelta(days=9), how="form")
    assert created and second.recycled_from_id == first.id


def test_the_first_touch_stays(ines):
    leads.open(person=ines, at=NOW, how="form", touch={"source": "google", "channel": "paid_search"})
    lead, _ = leads.open(person=ines, at=NOW, how="form", touch={"source": "mail", "channel": "email"})
    assert (lead.source, lead.last_touch["source"]) == ("google", "mail")


@pytest.mark.django_db(transaction=True)
def test_two_forms_at_once_open_one_lead(transactional_db):
    person = people.create(at=NOW, how="hand", first_name="Ines")
    OfferLine.default()
    errors = []

    def submit():
        try:
            leads.open(person=person, at=NOW, how="form")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == [] and Lead.objects.count() == 1


def test_a_rep_sees_own_and_unowned(ines, dana, ben):
    lead, _ = leads.open(person=ines, at=NOW, how="form")
    assert list(Lead.objects.visible_to(ben)) == [lead]
    leads.assign(lead=lead, owner=dana, at=NOW)
    assert list(Lead.objects.visible_to(ben)) == [] and list(Lead.objects.visible_to(dana)) == [lead]


def test_an_empty_note_is_refused(ines, dana):
    with pytest.raises(DomainError, match="needs some words"):
        notes.add(person=ines, lead=None, author=dana, text="  ", at=NOW)


def test_a_task_is_done_once(ines, dana):
    task = tasks.add(
        title="Call", kind="call", person=ines, lead=None, assignee=dana, due_at=NOW, at=NOW, by="1"
    )
    assert tasks.complete(task=task, at=NOW, by="1") and not tasks.complete(task=task, at=NOW, by="1")


def test_an_unknown_field_is_refused(ines):
    with pytest.raises(DomainError, match="no person field shoe_size"):
        people.change(person=ines, values={"shoe_size": 40}, at=NOW)
