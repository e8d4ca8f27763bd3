"""Adding a lead by hand: known people are recognised, and a colleague's lead is not taken."""

from __future__ import annotations

import pytest

from handraiser.core.people.models import Lead, Note, Person

INES = {"first_name": "Ines", "last_name": "Brandt", "email": "Ines.Brandt@halden.example.com"}


def test_a_lead_is_added_with_owner_and_note(login, dana):
    client = login(dana)
    answer = client.post(
        "/admin/leads/add/",
        {
            **INES,
            "company_name": "Halden Foods",
            "owner": dana.id,
            "note": "Met at a fair.",
            "raised_with": "Fair",
        },
    )
    lead = Lead.objects.select_related("person__company").get()
    assert answer.url == f"/admin/leads/{lead.id}/"
    assert (lead.how, lead.owner, lead.raised_with) == ("hand", dana, "Fair")
    assert (lead.person.email, lead.person.company.name) == ("ines.brandt@halden.example.com", "Halden Foods")
    assert Note.objects.get().text == "Met at a fair."


def test_somebody_known_is_shown_first(login, mira, make_lead):
    lead = make_lead("Ines Brandt")
    client = login(mira)
    answer = client.post("/admin/leads/add/", INES)
    body = answer.content.decode()
    assert "You know this person" in body
    assert f"/admin/leads/{lead.id}/" in body
    client.post("/admin/leads/add/", {**INES, "sure": "1", "phone": "020 7946 0142"})
    assert Lead.objects.count() == 1
    assert Person.objects.get().phone == "+442079460142"


def test_the_same_name_in_the_same_company_is_a_guess(login, mira, make_lead):
    make_lead("Ines Brandt")
    values = {"first_name": "ines", "last_name": "brandt", "company_name": "halden foods"}
    client = login(mira)
    assert "Perhaps you know this person" in client.post("/admin/leads/add/", values).content.decode()
    client.post("/admin/leads/add/", {**values, "sure": "1"})
    assert Person.objects.count() == 2


def test_the_lead_of_a_colleague_is_not_taken(login, dana, ben, make_lead):
    lead = make_lead("Ines Brandt", owner=ben)
    client = login(dana)
    body = client.post("/admin/leads/add/", INES).content.decode()
    assert "The lead belongs to Ben Aldous." in body
    assert lead.id not in body
    refused = client.post("/admin/leads/add/", {**INES, "first_name": "X", "sure": "1"})
    assert "We know this person" in refused.content.decode()
    assert Person.objects.get().first_name == "Ines"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Give at least a name"),
        ({"email": "ines"}, "This address has no @."),
        ({"email": "ines@halden"}, "This address is not complete."),
        ({"phone": "12"}, "This number cannot be called."),
    ],
)
def test_what_cannot_be_added_says_why(login, mira, values, said):
    answer = login(mira).post("/admin/leads/add/", values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Lead.objects.exists()


def test_people_without_an_address_are_legal(login, mira):
    login(mira).post("/admin/leads/add/", {"first_name": "Ines", "owner": "nobody"})
    assert Lead.objects.get().owner is None
