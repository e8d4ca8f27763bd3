"""Fit by engagement: every open lead stands in one cell, and each cell leads to its leads."""

from __future__ import annotations

import pytest

from handraiser.core.people.models import Lead
from handraiser.qualify import feedback, queries
from handraiser.qualify.actions import stages
from handraiser.qualify.models import SalesAnswer
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_open_leads_are_counted_by_grade_and_temperature(ines, story_of, settle):
    tom, gone = story_of("tom@quarry.example.com"), story_of("gone@quarry.example.com")
    settle(at=NOON)
    stages.move(gone.lead, "disqualified", at=NOON, reason="a competitor")
    Lead.objects.filter(id=tom.lead.id).update(grade="")
    found = queries.grid(Lead.objects.all())
    assert found.total == 2 and found.grades == {"A3": 1, "": 1}
    assert found.temperatures == {"cold": 2}


def test_the_grid_leads_to_the_leads_of_a_cell(ines, story_of, settle, mira, login):
    story_of("tom@quarry.example.com")
    settle(at=NOON)
    SalesAnswer.objects.create(key="h1", lead=ines.lead, outcome="accepted", at=NOON, grade="A3")
    assert feedback.by_grade(feedback.answers())["A3"].hits == 1
    client = login(mira)
    page = client.get("/admin/qualify/fit/").content.decode()
    assert 'href="/admin/leads/?grade=A3&amp;state=open"' in page and "sales took 1 of 1" in page
    rows = client.get("/admin/leads/?grade=A3&state=open").content.decode()
    assert "Ines" in rows and "tom@quarry" not in rows


def test_an_empty_grid_says_what_will_be_here(mira, login):
    assert "No open leads yet" in login(mira).get("/admin/qualify/fit/").content.decode()
