"""The written table against the running product: every address, every role, a stranger, and swapped ids."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest
from django.test import Client

from handraiser.config.permissions import PUBLIC, TABLE, roles_for
from handraiser.core.audience.rules.conditions import AllOf, Attribute, Definition
from handraiser.core.staff.roles import Role
from tests.architecture.addresses import Address, all_addresses

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
WAGTAIL_UNNAMED = ("admin/content/test404/", "admin/content/^.*/$")  # no page behind them: closed
MARKER = "Zanzibarine"  # a word of Ben's lead that nobody else's screen may show


def path_of(address: Address, world: dict[str, object]) -> str:
    """The address with the arguments of Ben's world filled in."""
    path = address.route
    for argument in address.arguments:
        value = world.get(f"{address.name}.{argument}", world.get(argument))
        assert value is not None, f"say in world() what {argument} of {address.name} is"
        start = path.rindex("<", 0, path.index(f"{argument}>"))
        path = path[:start] + str(value) + path[path.index(">", start) + 1 :]
    return f"/{path}"


@pytest.fixture
def world(organisation, ben, settle):
    """A lead of Ben's with everything that can hang on one, marked."""
    from handraiser.capture import starters
    from handraiser.capture.models import Submission
    from handraiser.convert.actions import deals, hand_offs
    from handraiser.core.audience.actions import segments
    from handraiser.core.delivery.actions import messages
    from handraiser.core.identity.actions import identifiers
    from handraiser.core.notices.actions import notices
    from handraiser.core.notices.models import Notice
    from handraiser.core.people.actions import leads, notes, tasks
    from handraiser.nurture import starters as sequences
    from handraiser.qualify.actions import rule_sets, stages

    person = identifiers.resolve(
        at=NOW,
        how="hand",
        email="zanzi@marker.example.com",
        values={"first_name": MARKER, "last_name": "Brandt", "company_name": f"{MARKER} Ltd"},
        proven=True,
    ).person
    lead, _ = leads.open(person=person, at=NOW, how="hand", raised_with=f"{MARKER} offer")
    leads.assign(lead=lead, owner=ben, at=NOW)
    lead.refresh_from_db()
    notes.add(person=person, lead=lead, author=ben, text=f"{MARKER} note", at=NOW)
    task = tasks.add(
        title=f"{MARKER} task", kind="call", person=person, lead=lead, assignee=ben, due_at=NOW, at=NOW
    )
    rule_set = rule_sets.live(at=NOW)
    stages.move(lead=lead, to="mql", at=NOW)
    hand_off = hand_offs.offer(lead=lead, at=NOW, cause="evt_test")
    assert hand_off is not None and hand_off.owner == ben
    stages.move(lead=lead, to="accepted", at=NOW)
    deal = deals.open(lead=lead, title=f"{MARKER} deal", amount=100, at=NOW, owner=ben)
    message = messages.queue(
        key="k", person=person, lead=lead, purpose="transactional", subject=MARKER, text=MARKER, at=NOW
    )
    form = starters.demo(at=NOW)
    submission = Submission.objects.create(
        form=form,
        version=form.live,
        person=person,
        lead=lead,
        answers={"need": f"{MARKER} need"},
        client_token="t",
        submitted_at=NOW,
        state="accepted",
    )
    notices.tell(users=[ben], kind="x", title=MARKER, body=MARKER, url="/admin/", at=NOW, key="n")
    segment = segments.create(name="Everybody", at=NOW)
    segments.save(
        segment=segment, definition=Definition(AllOf((Attribute("person.email", "known"),))), at=NOW
    )
    settle(at=NOW)
    return {
        "segment_id": segment.id,
        "lead_id": lead.id,
        "person_id": person.id,
        "company_id": person.company_id,
        "task_id": task.id,
        "deal_id": deal.id,
        "hand_off_id": hand_off.id,
        "message_id": message.id,
        "notice_id": Notice.objects.get(key="n").id,
        "form_id": form.id,
        "number": rule_set.number,
        "version": 1,
        "stage_id": deal.stage_id,
        "pipeline_id": deal.pipeline_id,
        "user_id": ben.id,
        "step": "organisation",
        "verb": "hold",
        "kind": "assign",
        "reader": "identity.timeline",
        "key_id": "key_none",
        "view_id": "view_none",
        "change_id": "change_none",
        "field_id": 0,
        "parked_id": 0,
        "restriction_id": 0,
        # rows that do not exist: what is proved of these addresses is who may ask at all
        "capture:form_new.starter": "demo",
        "nurture:save_step.key": "e1",
        "nurture:move_step.key": "e1",
        "nurture:remove_step.key": "e1",
        "key": "email",
        "what": "channels",
        "link_id": "link_none",
        "magnet_id": "magnet_none",
        "import_id": "import_none",
        "enrolment_id": "enr_none",
        "pair_id": "pair_none",
        "source_id": "source_none",
        "merge_id": "merge_none",
        "spend_id": "spend_none",
        "submission_id": submission.id,
        "sequence_id": sequences.install(sequences.STARTERS["download"], at=NOW).id,
    }


def own_addresses() -> list[Address]:
    return [address for address in all_addresses() if address.ours]


def test_every_address_is_listed():
    unlisted = [
        address.name or address.route
        for address in all_addresses()
        if not roles_for(address.name) and address.route not in WAGTAIL_UNNAMED
    ]
    assert unlisted == []


def test_every_line_of_the_table_is_used():
    names = {address.name for address in all_addresses()}
    unused = [line for line in TABLE if not any(fnmatchcase(name, line) for name in names)]
    # The living page of components exists in demo and debug mode only.
    assert set(unused) <= {"console:components"}


def test_no_address_of_the_back_office_is_public():
    assert [a.name for a in own_addresses() if roles_for(a.name) == PUBLIC] == []


@pytest.mark.parametrize("role", [*Role, "stranger"])
def test_the_table_holds(role, world, mira, dana, marketer, analyst, login):
    client = {
        Role.OWNER: lambda: login(mira),
        Role.REP: lambda: login(dana),
        Role.MARKETER: lambda: login(marketer),
        Role.ANALYST: lambda: login(analyst),
        "stranger": Client,
    }[role]()
    wrong = []
    for address in own_addresses():
        answer = client.get(path_of(address, world))
        if role == "stranger":
            fine = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
        elif role in roles_for(address.name):
            fine = answer.status_code < 500
        else:
            fine = answer.status_code == 403
        if not fine:
            wrong.append(f"{address.name}: {answer.status_code}")
        if role == "stranger" and MARKER.encode() in answer.content:
            wrong.append(f"{address.name} shows the marker")
    assert wrong == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_rep_never_sees_what_is_anothers(method, world, dana, login):
    client = login(dana)
    shown = []
    for address in own_addresses():
        answer = getattr(client, method)(path_of(address, world))
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if MARKER.encode() in content:
            shown.append(address.name)
    assert shown == []


def test_a_rep_changes_nothing_of_anothers(world, dana, login):
    from handraiser.convert.models import Deal, HandOff
    from handraiser.core.people.models import Lead, Note, Task

    def state():
        return [list(model.objects.order_by("pk").values()) for model in (Lead, Note, Task, Deal, HandOff)]

    before, client = state(), login(dana)
    for address in own_addresses():
        if set(address.arguments) & {"lead_id", "task_id", "deal_id", "hand_off_id"}:
            client.post(path_of(address, world), {"text": "x", "stage": "sql", "owner": dana.id, "to": "sql"})
    assert state() == before


def test_an_analyst_changes_nothing(world, analyst, login):
    """Whatever an analyst may open answers POST with a refusal, or changes no row of the domain."""
    from handraiser.convert.models import Deal, HandOff
    from handraiser.core.people.models import Lead, Note, Task
    from handraiser.qualify.models import RuleSet

    def state():
        return [
            list(model.objects.order_by("pk").values())
            for model in (Lead, Note, Task, Deal, HandOff, RuleSet)
        ]

    before, client = state(), login(analyst)
    for address in own_addresses():
        client.post(path_of(address, world), {"text": "x", "stage": "sql", "to": "sql"})
    assert state() == before
