"""Deals through the API: opened once, moved by who has seen them, refused with a reason."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from handraiser.convert.models import Deal
from handraiser.core.people.models import Lead
from handraiser.core.staff.actions import keys
from handraiser.kit import clock


@pytest.fixture
def call(organisation):
    """`call("post", "/deals", {...})` with a key for deals."""
    _, secret = keys.create(name="test", scopes=["deals:read", "deals:write"], at=clock.now())

    def send(verb: str, path: str, body: dict | None = None, key: str = ""):
        headers = {"authorization": f"Bearer {secret}", "idempotency-key": key}
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(Client(), verb)(f"/api{path}", headers=headers, **data)

    return send


def test_a_deal_is_opened_once_and_read(call, lead):
    body = {"lead_id": lead().id, "title": "Team plan", "amount": 480_000, "stage": "Proposal"}
    first = call("post", "/deals", body, key="k1")
    again = call("post", "/deals", body, key="k1")
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert Deal.objects.count() == 1 and Lead.objects.get().stage == "opportunity"
    made = first.json()
    assert call("get", f"/deals/{made['id']}").json() == made
    page = call("get", "/deals?limit=1").json()
    assert page == {"deals": [made], "next": None}


def test_a_deal_is_won_by_its_stage(call, lead):
    made = call("post", "/deals", {"lead_id": lead().id, "title": "Plan"}).json()
    won = call("post", f"/deals/{made['id']}/move", {"stage": "Won", "version": made["version"]})
    assert won.status_code == 200 and won.json()["won_at"]
    stale = call("post", f"/deals/{made['id']}/move", {"stage": "Proposal", "version": made["version"]})
    assert stale.status_code == 409 and stale.json()["code"] == "deal_changed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lead_id": "lead_none", "title": "Plan"}, 404, "no_lead"),
        ({"lead_id": "", "title": ""}, 422, "invalid"),
        ({"lead_id": "lead_none", "title": "Plan", "amount": -1}, 422, "invalid"),
    ],
)
def test_what_cannot_be_opened_is_refused(call, body, status, code):
    answer = call("post", "/deals", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_lost_needs_a_reason_and_a_stage_needs_a_name(call, lead):
    made = call("post", "/deals", {"lead_id": lead().id, "title": "Plan"}).json()
    at = f"/deals/{made['id']}/move"
    assert call("post", at, {"stage": "Lost", "version": 1}).json()["code"] == "unknown_reason"
    assert call("post", at, {"stage": "Nowhere", "version": 1}).json()["code"] == "unknown_stage"
    assert call("get", "/deals/deal_none").status_code == 404


def test_another_scope_reads_no_deals(organisation):
    _, secret = keys.create(name="test", scopes=["leads:read"], at=clock.now())
    answer = Client().get("/api/deals", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
