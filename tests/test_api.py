"""The API through its own doors: keys, scopes, repeats, bad input."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from handraiser.core.consent.models import Grant
from handraiser.core.people.models import Company, Lead, Person
from handraiser.core.staff.actions import keys
from handraiser.kit import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(organisation):
    """A caller with a key: `program(["leads:write"]).post(path, body)`."""

    def make(scopes):
        _, secret = keys.create(name="test", scopes=scopes, at=clock.now())

        class Program:
            def __init__(self):
                self.client = Client(raise_request_exception=True)

            def get(self, path):
                return self.client.get(f"/api{path}", headers={"authorization": f"Bearer {secret}"})

            def post(self, path, body, key="", raw=None):
                return self.client.post(
                    f"/api{path}",
                    raw if raw is not None else json.dumps(body),
                    content_type="application/json",
                    headers={"authorization": f"Bearer {secret}", "idempotency-key": key},
                )

        return Program()

    return make


def test_it_works(program):
    caller = program(["leads:write", "leads:read"])
    added = caller.post(
        "/leads", {"email": "Ines@Halden.example.com", "first_name": "Ines", "source": "google"}
    )
    assert added.status_code == 201, added.content
    lead = caller.get(f"/leads/{added.json()['lead']}").json()
    assert (lead["name"], lead["stage"], lead["source"]) == ("Ines", "lead", "google")


def test_a_repeat_with_the_same_key_adds_nothing(program):
    caller = program(["leads:write"])
    body = {"first_name": "Ann", "external_id": "7"}
    first = caller.post("/leads", body, key="once")
    again = caller.post("/leads", body, key="once")
    assert first.json() == again.json() and Lead.objects.count() == 1
    other = caller.post("/leads", {"external_id": "8"}, key="once")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


def test_a_key_without_the_scope_is_refused(program):
    answer = program(["leads:read"]).post("/leads", {"email": "a@b.example.com"})
    assert (
        answer.status_code == 403
        and answer.json()["message"] == "This key may not add and change leads and people."
    )


def test_a_stranger_is_refused(organisation):
    assert Client().get("/api/leads").status_code == 401
    assert Client().get("/api/leads", headers={"authorization": "Bearer nonsense"}).status_code == 401


def test_a_revoked_key_is_refused(organisation):
    key, secret = keys.create(name="old", scopes=["leads:read"], at=clock.now())
    keys.revoke(key=key, at=clock.now())
    assert Client().get("/api/leads", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_a_lead_nobody_could_find_again_is_refused(program):
    answer = program(["leads:write"]).post("/leads", {"first_name": "Nobody", "email": "no at sign"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no_identity")
    assert not Person.objects.exists()


def test_a_bad_line_of_a_batch_stops_no_other(program):
    caller = program(["leads:write"])
    lines = [{"email": "a@one.example.com"}, {"first_name": "x"}, {"phone": "+44 20 7946 0018"}]
    answer = caller.post("/leads/batch", {"leads": lines}, key="b1").json()
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert answer["results"][1]["code"] == "no_identity"
    caller.post("/leads/batch", {"leads": lines}, key="b1")
    assert Lead.objects.count() == 2


def test_a_batch_knows_whom_it_named_before(program):
    caller = program(["leads:write"])
    first = caller.post("/leads", {"email": "a@one.example.com", "first_name": "Ann"}).json()
    consent = {"purpose": "marketing", "wording": "News by email."}
    lines = [{"email": f"{n}@two.example.com", "company": "Two"} for n in range(120)]
    lines += [
        {"email": "A@one.example.com", "consents": [consent], "raised_with": "Demo"},
        {"email": "0@two.example.com", "first_name": "Bea", "consents": [consent, consent]},
    ]
    results = caller.post("/leads/batch", {"leads": lines}).json()["results"]
    assert [line["index"] for line in results] == list(range(122))
    assert results[120]["added"] == {**first, "created": False, "new_person": False}
    assert results[121]["added"]["person"] == results[0]["added"]["person"]
    assert (Person.objects.count(), Lead.objects.count(), Company.objects.count()) == (121, 121, 1)
    assert Person.objects.get(email="0@two.example.com").first_name == "Bea"
    assert Lead.objects.get(id=first["lead"]).raised_with == "Demo"
    assert Grant.objects.count() == 2


@pytest.mark.parametrize(
    "raw",
    ["", "{", "[]", "null", '{"email": 5}', '{"email": "a\\u0000@b.example.com"}', '{"email": "\\ud800"}'],
)
def test_bad_bodies_get_a_clear_answer(program, raw):
    answer = program(["leads:write"]).post("/leads", None, raw=raw)
    assert answer.status_code in (400, 422) and answer.json()["message"]


def test_pages_walk_through_all(program):
    caller = program(["leads:write", "leads:read"])
    caller.post("/leads/batch", {"leads": [{"external_id": str(n)} for n in range(5)]})
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"/leads?limit=2&cursor={cursor}").json()
        seen += [lead["external_id"] for lead in page["leads"]]
        cursor = page["next"]
    assert sorted(seen) == list("01234") and len(seen) == 5


def test_the_document_is_openapi_31(client, db):
    document = client.get("/api/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert {"/api/leads", "/api/leads/batch", "/api/events"} <= set(document["paths"])
