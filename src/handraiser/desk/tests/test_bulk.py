"""Changing many leads: counted first, done once, taken back on request."""

from __future__ import annotations

import pytest

from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead, Task
from handraiser.desk.actions import bulk
from handraiser.desk.models import BulkChange
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


def test_assigning_and_undoing(login, mira, dana, ben, make_lead):
    mine = [make_lead(f"Ana Adler{n}") for n in range(3)]
    kept = make_lead("Bea Berg", owner=ben)
    client = login(mira)
    ids = [lead.id for lead in (*mine, kept)]
    answer = client.post("/admin/leads/bulk/assign/apply/", {"lead": ids, "to_owner": dana.id}, follow=True)
    body = answer.content.decode()
    assert "4 leads assigned to Dana Okafor." in body
    change = BulkChange.objects.get()
    assert f"/admin/leads/bulk/{change.id}/undo/" in body
    assert Lead.objects.filter(owner=dana).count() == 4
    # Somebody gives one of them on before the undo: that stays.
    leads.assign(lead=mine[0], owner=ben, at=clock.now())
    client.post(f"/admin/leads/bulk/{change.id}/undo/")
    owners = dict(Lead.objects.values_list("id", "owner_id"))
    assert owners == {mine[0].id: ben.id, mine[1].id: None, mine[2].id: None, kept.id: ben.id}


def test_an_undo_works_once_and_for_its_maker_only(login, mira, dana, make_lead):
    lead = make_lead("Ana Adler")
    client = login(mira)
    client.post("/admin/leads/bulk/assign/apply/", {"lead": lead.id, "to_owner": dana.id})
    change = BulkChange.objects.get()
    assert login(dana).post(f"/admin/leads/bulk/{change.id}/undo/").status_code == 404
    assert client.post(f"/admin/leads/bulk/{change.id}/undo/").status_code == 302
    assert client.post(f"/admin/leads/bulk/{change.id}/undo/").status_code == 409


def test_the_dialog_counts_before_anything_happens(login, mira, dana, make_lead):
    ids = [make_lead("Ana Adler", owner=dana).id, make_lead("Bea Berg").id]
    body = login(mira).get("/admin/leads/bulk/assign/", {"lead": ids, "to_owner": dana.id}).content.decode()
    assert "Assign 2 leads" in body
    assert "1 of 2 will change; 1 already so." in body
    assert Lead.objects.filter(owner=dana).count() == 1


def test_a_rep_cannot_reach_the_leads_of_another(login, dana, ben, make_lead):
    theirs, free = make_lead("Ana Adler", owner=ben), make_lead("Bea Berg")
    client = login(dana)
    client.post("/admin/leads/bulk/assign/apply/", {"lead": [theirs.id, free.id], "to_owner": dana.id})
    assert Lead.objects.get(id=theirs.id).owner == ben
    assert Lead.objects.get(id=free.id).owner == dana
    answer = client.post("/admin/leads/bulk/assign/apply/", {"lead": [theirs.id], "to_owner": dana.id})
    assert answer.status_code == 422
    assert "Select at least one lead." in answer.content.decode()


def test_select_all_takes_every_match_of_the_list(login, mira, dana, make_lead):
    for n in range(3):
        make_lead(f"Ana Adler{n}", stage="mql")
    make_lead("Bea Berg")
    client = login(mira)
    assert "Assign 3 leads" in client.get("/admin/leads/bulk/assign/?all=1&stage=mql").content.decode()
    client.post("/admin/leads/bulk/assign/apply/", {"all": "1", "stage": "mql", "to_owner": dana.id})
    assert Lead.objects.filter(owner=dana).count() == 3


def test_moving_says_which_could_not_be_moved(login, mira, make_lead):
    ids = [make_lead("Ana Adler", stage="sql").id, make_lead("Bea Berg").id]
    client = login(mira)
    body = client.post(
        "/admin/leads/bulk/stage/apply/", {"lead": ids, "to_stage": "mql"}, follow=True
    ).content.decode()
    assert "1 lead moved to MQL." in body
    assert "1 not changed: Say why it moves from SQL to MQL." in body


def test_tasks_go_to_the_owner(login, mira, dana, make_lead):
    ids = [make_lead("Ana Adler", owner=dana).id, make_lead("Bea Berg").id]
    login(mira).post(
        "/admin/leads/bulk/task/apply/",
        {"lead": ids, "title": "Call them", "task_kind": "call", "due": "2026-12-01"},
    )
    assert sorted(Task.objects.values_list("assignee__name", flat=True)) == ["Dana Okafor", "Mira Voss"]
    assert {task.due_at.isoformat() for task in Task.objects.all()} == {"2026-12-01T17:00:00+00:00"}


def test_a_change_goes_on_where_it_was_cut_off(mira, dana, make_lead):
    ids = [make_lead(f"Ana Adler{n}").id for n in range(bulk.CHUNK + 5)]
    at = clock.now()
    change = bulk.start(kind="assign", values={"owner": dana.id}, lead_ids=[*ids, ids[0]], by=mira, at=at)
    assert bulk.carry_on(change_id=change.id, at=at)
    assert Lead.objects.filter(owner=dana).count() == bulk.CHUNK
    assert not bulk.carry_on(change_id=change.id, at=at)
    assert not bulk.carry_on(change_id=change.id, at=at)
    change.refresh_from_db()
    assert (change.handled, change.changed) == (len(ids), len(ids))


def test_more_than_a_hundred_go_on_in_the_loop(login, mira, dana, make_lead, settle, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    for n in range(bulk.CHUNK + 2):
        make_lead(f"Ana Adler{n}")
    answer = login(mira).post(
        "/admin/leads/bulk/assign/apply/", {"all": "1", "to_owner": dana.id}, follow=True
    )
    assert f"{bulk.CHUNK + 2} leads are being changed." in answer.content.decode()
    assert not Lead.objects.filter(owner=dana).exists()
    settle()
    assert Lead.objects.filter(owner=dana).count() == bulk.CHUNK + 2


@pytest.mark.parametrize(
    ("kind", "values", "code"),
    [
        ("assign", {"owner": 999_999}, "unknown_owner"),
        ("stage", {"stage": "heaven"}, "unknown_stage"),
        ("task", {"title": " "}, "empty_task"),
        ("erase", {}, "unknown_change"),
    ],
)
def test_what_cannot_be_done_is_refused(mira, make_lead, kind, values, code):
    lead = make_lead("Ana Adler")
    with pytest.raises(DomainError) as refused:
        bulk.start(kind=kind, values=values, lead_ids=[lead.id], by=mira, at=clock.now())
    assert refused.value.code == code


def test_an_analyst_changes_nothing(login, analyst, dana, make_lead):
    lead = make_lead("Ana Adler")
    client = login(analyst)
    assert client.get("/admin/leads/").status_code == 200
    assert (
        client.post("/admin/leads/bulk/assign/apply/", {"lead": lead.id, "to_owner": dana.id}).status_code
        == 403
    )
    assert Lead.objects.get().owner is None
