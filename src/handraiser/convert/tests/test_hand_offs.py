"""From MQL to an answer: offered once, answered once, and every no leads somewhere."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from handraiser.convert import queries
from handraiser.convert.actions import hand_offs
from handraiser.convert.models import HandOff
from handraiser.core.journal import readers
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, OutboxEvent
from handraiser.core.notices.models import Notice
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead, Task
from handraiser.core.staff.models import User
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages


def _facts(name: str) -> list[dict]:
    return [event.body for event in journal().read(after=0, limit=1000, names=frozenset({name}))]


def test_a_qualified_lead_is_offered_to_the_next_in_turn(qualified, dana, ben, noon):
    first, second = qualified("Ines Brandt"), qualified("Marcus Feld", "Oriel Travel")
    offers = [HandOff.objects.get(lead=first), HandOff.objects.get(lead=second)]
    assert [offer.owner for offer in offers] == [dana, ben]
    assert (first.owner, second.owner) == (dana, ben)
    assert offers[0].why == "next in turn"
    assert offers[0].answer_by - offers[0].offered_at == timedelta(minutes=15)
    assert _facts("convert.hand_off_offered")[0]["owner"] == dana.id


def test_the_rep_is_told_in_the_app_and_by_email(qualified, dana):
    from handraiser.core.delivery.models import Message

    qualified()
    notice = Notice.objects.get()
    offer = HandOff.objects.get()
    assert notice.user == dana and notice.url == f"/admin/hand-offs/{offer.id}/"
    assert notice.title == "Ines Brandt is waiting for you"
    assert Message.objects.get().to == dana.email


def test_an_owner_is_kept_and_the_turn_stays(qualified, dana, ben):
    qualified(owner=ben)
    assert HandOff.objects.get().owner == ben
    assert HandOff.objects.get().why == "already their lead"
    assert qualified("Marcus Feld", "Oriel Travel").owner == dana


def test_the_same_event_again_offers_nothing(qualified, dana, settle):
    qualified()
    Cursor.objects.filter(reader="convert.hand_off").update(position=0)
    settle()
    assert HandOff.objects.count() == 1 and Notice.objects.count() == 1


def test_a_reader_that_dies_before_its_commit_leaves_nothing(lead, dana, settle, noon, monkeypatch):
    """The crash falls between the effects and the cursor; the next run does it all, once."""
    made = lead()
    stages.move(made, "mql", at=noon, reason="80 of 75 points")

    class PowerCut(BaseException):
        pass

    def cut(name: str) -> None:
        if name == "reader.applied" and HandOff.objects.exists():
            raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(readers.failpoints, "reach", cut)
        with pytest.raises(PowerCut):
            settle()
    assert not HandOff.objects.exists() and not Notice.objects.exists()
    settle()
    assert HandOff.objects.count() == 1 and Notice.objects.count() == 1
    assert len(_facts("convert.hand_off_offered")) == 1


def test_new_rules_hand_over_quietly(lead, dana, settle, noon):
    made = lead()
    stages.move(made, "mql", at=noon, reason=stages.RULE_SET_PUBLISHED)
    settle()
    offer = HandOff.objects.get()
    assert offer.answer_by is None and not Notice.objects.exists()


def test_history_is_not_news(lead, dana, settle, noon):
    made = lead(at=noon - timedelta(days=400))
    stages.move(made, "mql", at=noon - timedelta(days=399), reason="imported")
    settle()
    assert not HandOff.objects.exists()


def test_when_nobody_is_free_the_first_to_accept_has_it(qualified, dana, ben, noon):
    User.objects.update(takes_leads=False)
    made = qualified()
    offer = HandOff.objects.get()
    assert offer.owner is None and offer.open_to_all
    assert {notice.user for notice in Notice.objects.all()} >= {dana, ben}
    hand_offs.accept(hand_off=offer, by=ben, at=noon + timedelta(seconds=5))
    assert Lead.objects.get(id=made.id).owner == ben
    with pytest.raises(DomainError, match=r"Ben was 4 s faster\.") as caught:
        hand_offs.accept(hand_off=offer, by=dana, at=noon + timedelta(seconds=9))
    assert caught.value.kind == "conflict"


def test_accepting_stops_the_clock_and_moves_the_lead(qualified, dana, noon, settle):
    made = qualified()
    hand_offs.accept(hand_off=HandOff.objects.get(), by=dana, at=noon + timedelta(seconds=72))
    settle()
    assert Lead.objects.get(id=made.id).stage == "accepted"
    assert HandOff.objects.get().state == "accepted"
    assert _facts("convert.hand_off_accepted")[0]["seconds"] == 72


def test_it_is_answered_once(qualified, dana, noon):
    qualified()
    offer = HandOff.objects.get()
    hand_offs.accept(hand_off=offer, by=dana, at=noon)
    with pytest.raises(DomainError, match="You accepted this hand-off already"):
        hand_offs.reject(hand_off=offer, by=dana, reason="no_need", at=noon)


def test_another_rep_cannot_answer(qualified, dana, ben, noon):
    qualified()
    with pytest.raises(DomainError) as caught:
        hand_offs.accept(hand_off=HandOff.objects.get(), by=ben, at=noon)
    assert caught.value.kind == "missing"
    assert HandOff.objects.get().state == "waiting"


def test_an_analyst_cannot_answer(qualified, dana, analyst, noon):
    qualified()
    with pytest.raises(DomainError, match="no such hand-off"):
        hand_offs.accept(hand_off=HandOff.objects.get(), by=analyst, at=noon)


def test_a_manager_may_take_it(qualified, dana, mira, noon):
    made = qualified()
    hand_offs.accept(hand_off=HandOff.objects.get(), by=mira, at=noon + timedelta(seconds=3))
    assert Lead.objects.get(id=made.id).owner == mira
    assert HandOff.objects.get().owner == mira


@pytest.mark.parametrize(
    ("reason", "stage"), [("wrong_fit", "disqualified"), ("no_need", "disqualified"), ("duplicate", "lead")]
)
def test_a_reason_decides_where_the_lead_goes(qualified, dana, ben, noon, settle, reason, stage):
    made = qualified()
    hand_offs.reject(hand_off=HandOff.objects.get(), by=dana, reason=reason, at=noon)
    settle()
    assert Lead.objects.get(id=made.id).stage == stage
    assert _facts("convert.hand_off_rejected")[0]["reason"] == reason
    assert not HandOff.objects.waiting().exists()


def test_not_now_recycles_and_leaves_a_task(qualified, dana, noon):
    made = qualified()
    day = (noon + timedelta(days=30)).date()
    hand_offs.reject(hand_off=HandOff.objects.get(), by=dana, reason="not_now", recycle_on=day, at=noon)
    assert Lead.objects.get(id=made.id).stage == "recycled"
    task = Task.objects.get()
    assert task.assignee == dana and task.due_at.date() == day


def test_no_contact_goes_to_the_next_rep_and_then_back_to_marketing(qualified, dana, ben, noon, settle):
    made = qualified()
    hand_offs.reject(hand_off=HandOff.objects.get(), by=dana, reason="no_contact", at=noon)
    settle()
    second = HandOff.objects.waiting().get()
    assert second.owner == ben and second.why == "next in turn"
    assert Lead.objects.get(id=made.id).owner == ben
    hand_offs.reject(hand_off=second, by=ben, reason="other", note="No number", at=noon)
    settle()
    back = Lead.objects.get(id=made.id)
    assert back.stage == "lead" and back.owner is None
    assert not HandOff.objects.waiting().exists()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"reason": "tired"}, "unknown_reason"),
        ({"reason": "other"}, "reason_note"),
        ({"reason": "not_now"}, "recycle_on"),
    ],
)
def test_a_no_without_what_it_needs_is_refused(qualified, dana, noon, answer, code):
    qualified()
    with pytest.raises(DomainError) as caught:
        hand_offs.reject(hand_off=HandOff.objects.get(), by=dana, at=noon, **answer)
    assert caught.value.code == code
    assert HandOff.objects.get().state == "waiting"


def test_not_now_needs_a_coming_day(qualified, dana, noon):
    qualified()
    with pytest.raises(DomainError, match="coming day"):
        hand_offs.reject(
            hand_off=HandOff.objects.get(), by=dana, reason="not_now", recycle_on=noon.date(), at=noon
        )


def test_an_offer_is_withdrawn_when_the_lead_moves_on(qualified, dana, noon, settle):
    made = qualified()
    stages.move(made, "sql", at=noon, by=str(dana.id))
    settle()
    assert HandOff.objects.get().state == "withdrawn"
    with pytest.raises(DomainError, match="withdrawn"):
        hand_offs.accept(hand_off=HandOff.objects.get(), by=dana, at=noon)


def test_a_new_owner_gets_an_offer_of_their_own(qualified, dana, ben, noon, settle):
    made = qualified()
    leads.assign(lead=made, owner=ben, at=noon, by="1")
    settle()
    assert sorted(HandOff.objects.values_list("state", "owner__name")) == [
        ("waiting", ben.name),
        ("withdrawn", dana.name),
    ]


def test_an_offer_lapses_after_thirty_days(qualified, dana, noon):
    made = qualified()
    assert hand_offs.lapse(noon + timedelta(days=29)) == 0
    assert hand_offs.lapse(noon + timedelta(days=31)) == 1
    assert HandOff.objects.get().state == "expired"
    assert Lead.objects.get(id=made.id).stage == "lead"


def test_the_list_is_ordered_by_the_clock(qualified, dana, noon):
    qualified("Ines Brandt"), qualified("Marcus Feld", "Oriel Travel")
    HandOff.objects.filter(lead__person__first_name="Marcus").update(answer_by=noon + timedelta(minutes=2))
    assert [offer.lead.person.first_name for offer in queries.waiting_for(dana)] == ["Marcus", "Ines"]


def test_acceptance_has_an_n(qualified, dana, noon):
    qualified("Ines Brandt"), qualified("Marcus Feld", "Oriel Travel")
    first, second = HandOff.objects.order_by("id")
    hand_offs.accept(hand_off=first, by=dana, at=noon + timedelta(minutes=5))
    hand_offs.reject(hand_off=second, by=dana, reason="no_need", at=noon + timedelta(minutes=20))
    said = queries.acceptance(since=noon - timedelta(days=1), until=noon + timedelta(days=1), user=dana)
    assert (said.accepted.hits, said.accepted.n) == (1, 2)
    assert (said.in_time.hits, said.in_time.n) == (1, 2)
    assert said.reasons == (("no_need", 1),)


def test_two_reps_at_once_and_one_has_it(transactional_db, qualified, dana, ben, noon):
    User.objects.update(takes_leads=False)
    qualified()
    offer = HandOff.objects.get()
    barrier, said = threading.Barrier(2), {}

    def accept(rep: User) -> None:
        barrier.wait()
        try:
            hand_offs.accept(hand_off=offer, by=rep, at=noon + timedelta(seconds=2))
            said[rep.id] = "has it"
        except DomainError as error:
            said[rep.id] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=(rep,)) for rep in (dana, ben)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(said.values()) == ["hand_off_answered", "has it"]
    winner = next(user for user, answer in said.items() if answer == "has it")
    assert HandOff.objects.get().answered_by_id == winner
    assert Lead.objects.get().owner_id == winner
    names = [row.payload for row in OutboxEvent.objects.all() if "hand_off_accepted" in row.payload]
    assert len(names) == 1


def test_facts_carry_no_personal_values(qualified, dana, noon):
    qualified()
    hand_offs.reject(
        hand_off=HandOff.objects.get(), by=dana, reason="other", note="Ines is my cousin", at=noon
    )
    text = " ".join(row.payload for row in OutboxEvent.objects.all())
    assert "Ines" not in text and "cousin" not in text
