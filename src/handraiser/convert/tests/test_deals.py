"""A deal's way: opened, carried, won or lost; nobody overwrites what they have not seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.convert import queries
from handraiser.convert.actions import deals, pipelines
from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.convert.rules import board as rules
from handraiser.core.journal.live import journal
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages


def _facts(name: str) -> list:
    return journal().read(after=0, limit=1000, names=frozenset({name}))


def _stage(name: str) -> DealStage:
    return Pipeline.default().stages.get(name=name)


@pytest.fixture
def deal(lead, dana, noon):
    """Makes an open deal of Dana's."""

    def make(name="Ines Brandt", company="Halden Foods", amount=1_860_000, owner=None, **fields) -> Deal:
        made = lead(name, company)
        return deals.open(
            lead=made,
            title="Group plan",
            amount=amount,
            at=noon,
            by=owner or dana,
            owner=owner or dana,
            **fields,
        )

    return make


def test_opening_a_deal_makes_the_lead_an_opportunity(deal, settle, noon):
    made = deal()
    settle()
    assert Lead.objects.get().stage == "opportunity"
    assert (made.stage.name, made.currency, made.company.name) == ("Discovery", "GBP", "Halden Foods")
    [fact] = _facts("convert.deal_opened")
    assert fact.body["amount"] == 1_860_000 and fact.lead == made.lead_id


def test_it_moves_and_says_so(deal, dana, settle, noon):
    made = deal()
    moved = deals.move(deal=made, to=_stage("Proposal"), version=1, at=noon + timedelta(days=2), by=dana)
    settle()
    assert (moved.version, moved.stage.name, moved.stage_at) == (2, "Proposal", noon + timedelta(days=2))
    assert moved.furthest == moved.stage
    [fact] = _facts("convert.deal_moved")
    assert fact.body["previous"] == _stage("Discovery").id and fact.body["by"] == str(dana.id)


def test_a_move_of_an_old_version_is_refused(deal, dana, ben, noon):
    made = deal()
    deals.move(deal=made, to=_stage("Proposal"), version=1, at=noon, by=ben)
    with pytest.raises(DomainError, match="Ben changed this deal a moment ago: it is in Proposal") as caught:
        deals.move(deal=made, to=_stage("Negotiation"), version=1, at=noon, by=dana)
    assert caught.value.kind == "conflict"


def test_winning_makes_a_customer(deal, dana, settle, noon):
    made = deal()
    deals.win(deal=made, version=1, at=noon, by=dana)
    settle()
    assert Lead.objects.get().stage == "customer"
    assert Deal.objects.get().won_at == noon
    assert [fact.body["amount"] for fact in _facts("convert.deal_won")] == [1_860_000]


def test_winning_twice_is_one_win(deal, dana, settle, noon):
    won = deals.win(deal=deal(), version=1, at=noon, by=dana)
    deals.win(deal=won, version=won.version, at=noon, by=dana)
    settle()
    assert len(_facts("convert.deal_won")) == 1


def test_a_win_can_be_taken_back(deal, dana, noon):
    won = deals.win(deal=deal(), version=1, at=noon, by=dana)
    back = deals.move(deal=won, to=_stage("Negotiation"), version=2, at=noon, by=dana)
    assert back.won_at is None
    assert Lead.objects.get().stage == "opportunity"


@pytest.mark.parametrize(("reason", "stage"), [("price", "recycled"), ("wrong_fit", "disqualified")])
def test_losing_needs_a_reason_and_closes_the_lead(deal, dana, settle, noon, reason, stage):
    lost = deals.lose(deal=deal(), reason=reason, version=1, at=noon, by=dana, note="Too dear for Ines")
    settle()
    assert lost.lost_at == noon and lost.stage.name == "Lost"
    assert Lead.objects.get().stage == stage
    [fact] = _facts("convert.deal_lost")
    assert fact.body == {"deal": lost.id, "reason": reason, "by": str(dana.id)}


def test_losing_without_a_reason_is_refused(deal, noon):
    with pytest.raises(DomainError, match="why it was lost"):
        deals.lose(deal=deal(), reason="", version=1, at=noon)


def test_a_lead_with_another_living_deal_stays_open(deal, dana, noon):
    made = deal()
    deals.open(lead=Lead.objects.get(), title="Second plan", amount=None, at=noon, by=dana)
    deals.lose(deal=made, reason="price", version=1, at=noon, by=dana)
    assert Lead.objects.get().stage == "opportunity"


def test_a_lost_deal_stays_lost(deal, dana, noon):
    lost = deals.lose(deal=deal(), reason="price", version=1, at=noon, by=dana)
    with pytest.raises(DomainError, match="stays lost"):
        deals.move(deal=lost, to=_stage("Proposal"), version=2, at=noon, by=dana)


def test_a_won_deal_is_not_lost_by_mistake(deal, dana, noon):
    won = deals.win(deal=deal(), version=1, at=noon, by=dana)
    with pytest.raises(DomainError, match="Move it back first"):
        deals.lose(deal=won, reason="price", version=2, at=noon, by=dana)


def test_it_cannot_leave_its_pipeline(deal, dana, noon):
    other = Pipeline.objects.create(name="Renewals")
    there = pipelines.add_stage(pipeline=other, name="Due")
    with pytest.raises(DomainError, match="another pipeline"):
        deals.move(deal=deal(), to=there, version=1, at=noon, by=dana)


@pytest.mark.parametrize(
    ("values", "code"),
    [({"title": " "}, "empty_title"), ({"amount": -1}, "amount"), ({"stage": 1}, "unknown_field")],
)
def test_a_change_that_cannot_be_is_refused(deal, noon, values, code):
    with pytest.raises(DomainError) as caught:
        deals.change(deal=deal(), values=values, version=1, at=noon)
    assert caught.value.code == code


def test_fields_are_changed(deal, dana, noon):
    changed = deals.change(
        deal=deal(), values={"amount": None, "next_step": "Call"}, version=1, at=noon, by=dana
    )
    assert (changed.amount, changed.next_step, changed.version) == (None, "Call", 2)


def test_an_external_id_is_taken_once(deal, lead, noon):
    deal(external_id="D-1")
    with pytest.raises(DomainError, match="here already"):
        deals.open(lead=lead("Marcus Feld", "Oriel Travel"), title="x", amount=1, at=noon, external_id="D-1")


def test_wins_of_the_past_are_recorded_once_and_early_ones_told(lead, settle, noon):
    rows = [
        deals.Won(lead("Ines Brandt"), noon + timedelta(days=1), "S-1", 5_000),
        deals.Won(lead("Marcus Feld", "Oriel Travel"), noon - timedelta(days=3), "S-2"),
    ]
    said = deals.record_won_many(rows=rows)
    assert len(said.deals) == 2 and said.early == ["S-2"] and said.known == []
    again = deals.record_won_many(
        rows=[deals.Won(Lead.objects.get(id=row.lead.id), row.won_at, row.external_id) for row in rows]
    )
    assert again.known == ["S-1", "S-2"] and again.deals == []
    settle()
    assert set(Lead.objects.values_list("stage", flat=True)) == {"customer"}
    assert sorted(fact.body["amount"] or 0 for fact in _facts("convert.deal_won")) == [0, 5_000]
    early = Deal.objects.get(external_id="S-2")
    assert early.won_at == noon - timedelta(days=3) and early.amount is None and early.furthest is None


def test_sales_are_added_up_by_lead(lead, noon):
    one = lead()
    deals.record_won_many(
        rows=[deals.Won(one, noon, "S-1", 5_000), deals.Won(one, noon + timedelta(days=1), "S-2", None)]
    )
    [sale] = queries.sales()
    assert (sale.lead, sale.wins, sale.unknown_amounts, sale.amount) == (one.id, 2, 1, 5_000)
    assert sale.first_won_at == noon
    assert queries.sales(leads=[]) == []


def test_the_board_counts_and_sums(deal, dana, noon):
    deal()
    deal("Marcus Feld", "Oriel Travel", amount=None)
    made = deal("Sofia Marin", "Bellweather Hotels", amount=100)
    deals.move(deal=made, to=_stage("Proposal"), version=1, at=noon, by=dana)
    columns = {
        column.stage.name: column
        for column in queries.board(pipeline=Pipeline.default(), deals=Deal.objects.all(), currency="GBP")
    }
    discovery = columns["Discovery"]
    assert (discovery.count, discovery.amount, discovery.unsummed) == (2, 1_860_000, 1)
    assert columns["Proposal"].amount == 100 and columns["Negotiation"].count == 0
    assert discovery.likely.sentence == "not enough closed deals yet (0 of 30)"


def test_likely_uses_the_firms_own_closed_deals(deal, dana, noon):
    pattern = deal()
    closed = []
    for number in range(30):
        closed.append(
            Deal(
                lead=pattern.lead,
                person=pattern.person,
                pipeline=pattern.pipeline,
                stage=_stage("Won" if number < 6 else "Lost"),
                furthest=_stage("Negotiation" if number < 12 else "Discovery"),
                title="Old",
                currency="GBP",
                opened_at=noon,
                stage_at=noon,
                won_at=noon if number < 6 else None,
                lost_at=None if number < 6 else noon,
                changed_at=noon,
            )
        )
    Deal.objects.bulk_create(closed)
    columns = {
        column.stage.name: column.likely
        for column in queries.board(pipeline=pattern.pipeline, deals=Deal.objects.all(), currency="GBP")
    }
    assert columns["Discovery"].amount == 372_000  # 6 of 30 were won
    assert "6 of 30" in columns["Discovery"].sentence
    assert "6 of 12" in columns["Negotiation"].sentence


def test_long_columns_fold(deal, dana, noon):
    first = deal()
    Deal.objects.bulk_create(
        Deal(
            lead=first.lead,
            person=first.person,
            pipeline=first.pipeline,
            stage=first.stage,
            title="More",
            currency="GBP",
            opened_at=noon,
            stage_at=noon,
            changed_at=noon,
        )
        for _ in range(24)
    )
    ask = {"pipeline": first.pipeline, "deals": Deal.objects.all(), "currency": "GBP"}
    assert queries.board(**ask)[0].folded == 5
    assert queries.board(**ask, whole=first.stage_id)[0].folded == 0


@pytest.mark.parametrize(
    ("step", "due_in", "days", "said"),
    [
        ("", None, 1, "No next step"),
        ("Call", -1, 1, "Call, 1 d late"),
        ("Call", 1, 9, "Call, 2 d longer here than usual"),
        ("Call", 1, 7, ""),
    ],
)
def test_a_stuck_deal_says_why(noon, step, due_in, days, said):
    due = noon + timedelta(days=due_in) if due_in else None
    assert rules.stuck_because(next_step=step, next_step_at=due, days=days, expected_days=7, now=noon) == said


def test_stuck_in_the_database_is_stuck_on_the_card(deal, dana, noon):
    deal()
    fine = deal("Marcus Feld", "Oriel Travel", next_step="Call", next_step_at=noon + timedelta(days=1))
    old = deal("Sofia Marin", "Bellweather Hotels", next_step="Write")
    Deal.objects.filter(id=old.id).update(stage_at=noon - timedelta(days=8))
    stuck = queries.stuck(pipeline=fine.pipeline, deals=Deal.objects.all(), now=noon)
    assert set(stuck.values_list("person__first_name", flat=True)) == {"Ines", "Sofia"}


def test_days_are_said_as_people_do(noon):
    now = noon.replace(hour=9, minute=0)
    assert rules.due_in_words(now.replace(hour=10, minute=15), now) == "today, 10:15"
    assert rules.due_in_words(now + timedelta(days=1), now) == "tomorrow, 09:00"
    assert (
        rules.due_in_words((now + timedelta(days=3)).replace(hour=0), now) == f"{now + timedelta(days=3):%A}"
    )


def test_stages_are_added_ordered_and_removed(organisation):
    pipeline = Pipeline.default()
    added = pipelines.add_stage(pipeline=pipeline, name="Pilot")
    rows = list(pipeline.stages.filter(kind="open").order_by("position"))
    assert rows[-1] == added
    assert [s.kind for s in pipeline.stages.order_by("position")][-2:] == ["won", "lost"]
    pipelines.reorder(pipeline=pipeline, stage_ids=[added.id, *[s.id for s in rows[:-1]]])
    assert pipeline.stages.order_by("position").first() == added
    pipelines.remove_stage(stage=added)
    assert not pipeline.stages.filter(id=added.id).exists()


def test_a_stage_with_deals_stays(deal):
    with pytest.raises(DomainError, match="Rename it instead"):
        pipelines.remove_stage(stage=deal().stage)


def test_the_ends_stay(organisation):
    with pytest.raises(DomainError, match="Won and Lost stay"):
        pipelines.remove_stage(stage=_stage("Won"))


def test_a_deal_belongs_to_the_leads_owner(lead, ben, noon):
    made = lead()
    leads.assign(lead=made, owner=ben, at=noon)
    made = Lead.objects.get()
    assert deals.open(lead=made, title="Plan", amount=1, at=noon).owner == ben


def test_a_closed_lead_gets_no_deal(lead, dana, noon):
    made = lead()
    stages.move(made, "recycled", at=noon, reason="not now")
    with pytest.raises(DomainError, match="stays closed"):
        deals.open(lead=made, title="Plan", amount=1, at=noon, by=dana)
