"""The screens of sales: what they say, who may open them, and what a press does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.convert import panels
from handraiser.convert.actions import deals
from handraiser.convert.models import Deal, HandOff, Pipeline, Route, RouteMember
from handraiser.convert.rules import clocks, packets
from handraiser.convert.sentences import SENTENCES
from handraiser.core.consent.actions import grants
from handraiser.core.identity.models import TimelineItem
from handraiser.core.journal.events.base import CATALOGUE
from handraiser.core.people.actions import leads
from handraiser.core.people.models import Lead


@pytest.fixture
def deal(lead, dana, noon):
    made = lead()
    leads.assign(lead=made, owner=dana, at=noon)
    return deals.open(
        lead=Lead.objects.get(id=made.id), title="Group plan", amount=1_860_000, at=noon, by=dana, owner=dana
    )


def _stage(name: str):
    return Pipeline.default().stages.get(name=name)


def test_the_board_shows_what_a_card_needs(deal, login, dana):
    page = login(dana).get("/admin/pipeline/").content.decode()
    for said in (
        "Halden Foods",
        "Group plan",
        "£18,600",
        "No next step",
        "not enough closed deals yet (0 of 30)",
    ):
        assert said in page
    assert "style=" not in page.partition("<main")[2]


def test_an_empty_board_names_the_next_click(organisation, login, dana):
    page = login(dana).get("/admin/pipeline/").content.decode()
    assert "No deals yet" in page and "/admin/pipeline/deals/new/" in page


def test_a_drag_moves_and_answers_with_the_board(deal, login, dana):
    answer = login(dana).post(
        f"/admin/pipeline/deals/{deal.id}/move/",
        {"stage": _stage("Proposal").id, "version": 1, "back": "/admin/pipeline/?owner=me"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200 and "moved to Proposal" in answer["HX-Trigger"]
    assert "<html" not in answer.content.decode() and deal.id in answer.content.decode()
    assert Deal.objects.get().stage.name == "Proposal"


def test_a_drag_of_what_changed_meanwhile_is_refused_in_place(deal, login, dana, ben, noon):
    deals.move(deal=deal, to=_stage("Negotiation"), version=1, at=noon, by=ben)
    answer = login(dana).post(
        f"/admin/pipeline/deals/{deal.id}/move/",
        {"stage": _stage("Proposal").id, "version": 1},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 409
    assert "Ben changed this deal a moment ago" in answer.content.decode()
    assert Deal.objects.get().stage.name == "Negotiation"


def test_a_move_can_be_undone(deal, login, dana):
    client = login(dana)
    first = deal.stage
    client.post(f"/admin/pipeline/deals/{deal.id}/move/", {"stage": _stage("Proposal").id, "version": 1})
    page = client.get("/admin/pipeline/").content.decode()
    undo = f"/admin/pipeline/deals/{deal.id}/undo/2/{first.id}/"
    assert undo in page
    client.post(undo)
    assert Deal.objects.get().stage == first


def test_without_a_script_the_menu_moves(deal, login, dana):
    answer = login(dana).post(
        f"/admin/pipeline/deals/{deal.id}/move/",
        {"stage": _stage("Won").id, "version": 1, "back": "https://elsewhere.example.com/"},
    )
    assert answer.status_code == 302 and answer["Location"] == "/admin/pipeline/"
    assert Lead.objects.get().stage == "customer"


def test_lost_asks_why(deal, login, dana):
    client, at = login(dana), f"/admin/pipeline/deals/{deal.id}/move/"
    lost = _stage("Lost").id
    refused = client.post(at, {"stage": lost, "version": 1})
    assert refused.status_code == 422 and "why it was lost" in refused.content.decode()
    client.post(at, {"stage": lost, "version": 1, "reason": "price"})
    assert Deal.objects.get().lost_reason == "price"


def test_another_reps_deal_is_not_there(deal, login, ben):
    client = login(ben)
    assert "Halden Foods" not in client.get("/admin/pipeline/").content.decode()
    assert "Halden Foods" not in client.get("/admin/pipeline/?view=table").content.decode()
    assert client.get(f"/admin/pipeline/deals/{deal.id}/").status_code == 404
    for verb in ("move", "change"):
        answer = client.post(
            f"/admin/pipeline/deals/{deal.id}/{verb}/", {"stage": _stage("Won").id, "version": 1}
        )
        assert answer.status_code == 404
    undo = f"/admin/pipeline/deals/{deal.id}/undo/1/{_stage('Won').id}/"
    assert client.post(undo).status_code == 404
    assert Deal.objects.get().stage.name == "Discovery"


def test_an_analyst_reads_and_changes_nothing(deal, login, analyst):
    client = login(analyst)
    page = client.get("/admin/pipeline/").content.decode()
    assert "Halden Foods" in page and "data-carry" not in page and "/deals/new/" not in page
    moved = client.post(f"/admin/pipeline/deals/{deal.id}/move/", {"stage": _stage("Won").id, "version": 1})
    assert moved.status_code == 403
    assert client.get("/admin/pipeline/deals/new/").status_code == 403


def test_a_deal_is_opened_on_the_screen(lead, login, dana):
    made = lead()
    client = login(dana)
    assert "Ines Brandt" in client.get("/admin/pipeline/deals/new/").content.decode()
    answer = client.post(
        "/admin/pipeline/deals/new/",
        {
            "lead": made.id,
            "title": "Team plan",
            "amount": "4800.50",
            "stage": _stage("Demo booked").id,
            "next_step": "Demo",
            "next_step_at": "2030-01-04T11:00",
        },
    )
    assert answer.status_code == 302
    opened = Deal.objects.get()
    assert (opened.amount, opened.owner, opened.stage.name) == (480_050, dana, "Demo booked")


def test_a_deal_without_words_asks_for_them(lead, login, dana):
    answer = login(dana).post(
        "/admin/pipeline/deals/new/", {"lead": lead().id, "stage": _stage("Discovery").id}
    )
    assert answer.status_code == 422 and not Deal.objects.exists()


def test_another_reps_lead_gets_no_deal(lead, login, dana, ben, noon):
    made = lead()
    leads.assign(lead=made, owner=dana, at=noon)
    client = login(ben)
    assert "Ines" not in client.get("/admin/pipeline/deals/new/leads/?q=ines").content.decode()
    assert client.get(f"/admin/pipeline/deals/new/?lead={made.id}").status_code == 404


def test_a_deal_is_changed_on_its_page(deal, login, dana):
    client = login(dana)
    assert "Group plan" in client.get(f"/admin/pipeline/deals/{deal.id}/").content.decode()
    client.post(
        f"/admin/pipeline/deals/{deal.id}/change/",
        {"title": "Group plan, 4 brands", "amount": "", "version": 1},
    )
    changed = Deal.objects.get()
    assert (changed.title, changed.amount, changed.owner) == ("Group plan, 4 brands", None, dana)
    stale = client.post(f"/admin/pipeline/deals/{deal.id}/change/", {"title": "Mine", "version": 1})
    assert stale.status_code == 409 and Deal.objects.get().title == "Group plan, 4 brands"


def test_the_notice_opens_the_hand_off(qualified, login, dana):
    qualified()
    page = login(dana).get(HandOff.objects.get().get_absolute_url()).content.decode()
    for said in (
        "Ines Brandt",
        "VP of Marketing, Halden Foods",
        "next in turn",
        "Accept and call",
        "Reject…",
        "left",
    ):
        assert said in page


def test_without_permission_there_is_no_call_and_it_says_why(qualified, login, dana, noon):
    made = qualified()
    grants.withdraw(person=made.person, purpose_key="sales", at=noon, how="link")
    page = login(dana).get(HandOff.objects.get().get_absolute_url()).content.decode()
    assert "Accept and call" not in page and "They did not allow us to call." in page


def test_accept_and_call_begins_the_call(qualified, login, dana):
    qualified()
    client, offer = login(dana), HandOff.objects.get()
    answer = client.post(f"{offer.get_absolute_url()}accept/", {"call": "1"}, follow=True)
    page = answer.content.decode()
    assert "You have it" in page and "data-call-now" in page and "tel:+442079460142" in page


def test_rejecting_asks_again_when_the_day_is_missing(qualified, login, dana):
    qualified()
    client, at = login(dana), f"{HandOff.objects.get().get_absolute_url()}reject/"
    assert "Wrong fit" in client.get(at).content.decode()
    asked = client.post(at, {"reason": "not_now"})
    assert asked.status_code == 422 and "coming day" in asked.content.decode()
    assert client.post(at, {"reason": "no_need"}).status_code == 302
    assert HandOff.objects.get().state == "rejected"


def test_another_reps_hand_off_is_not_there(qualified, login, dana, ben):
    qualified(owner=dana)
    client, at = login(ben), HandOff.objects.get().get_absolute_url()
    for answer in (
        client.get(at),
        client.post(f"{at}accept/"),
        client.post(f"{at}reject/", {"reason": "no_need"}),
    ):
        assert answer.status_code == 404 and "Ines" not in answer.content.decode()
    assert HandOff.objects.get().state == "waiting"


def test_who_was_slower_learns_who_was_faster_and_nothing_more(qualified, login, dana, ben):
    dana.takes_leads = ben.takes_leads = False
    dana.save(), ben.save()
    qualified()
    at = HandOff.objects.get().get_absolute_url()
    login(ben).post(f"{at}accept/")
    answer = login(dana).post(f"{at}accept/")
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Ben was 1 s faster." in page and "Halden" not in page


def test_the_packet_says_what_is_known(qualified, dana, noon):
    qualified()
    packet = panels.hand_off_of(lead=Lead.objects.get(), user=dana, at=noon + timedelta(minutes=1))
    assert packet.clock.text == "14:00 left" and packet.clock.mood == "calm"
    assert [gap.what for gap in packet.gaps] == ["Size unknown"]
    assert packet.say_first == "You sent “Book a demo”. What made you look just now?"
    assert panels.waiting(user=dana, at=noon)[0].lead.id == packet.lead.id


def test_the_packet_tells_what_they_read_and_wrote(qualified, dana, noon):
    made = qualified()
    for n, (name, body) in enumerate(
        (
            ("attract.page_viewed", {"title": "Pricing", "path": "/pricing/"}),
            ("attract.page_viewed", {"title": "Pricing", "path": "/pricing/"}),
            ("capture.magnet_downloaded", {"magnet_name": "The Reporting Playbook"}),
        )
    ):
        TimelineItem.objects.create(
            person=made.person, message_id=f"evt_{n}", name=name, occurred_at=noon, body=body
        )
    packet = panels.hand_off_of(lead=made, user=dana, at=noon)
    assert packet.read == ("Pricing twice", "The Reporting Playbook")


def test_their_own_words_open_the_call():
    said = packets.say_first(wrote="It takes two of us all Friday. " * 9, asked="Book a demo")
    assert said.startswith("You wrote “It takes two") and len(said) < 160


@pytest.mark.parametrize(("zone", "said"), [("Europe/London", "London"), ("Nowhere/Land", ""), ("", "")])
def test_their_time_is_told_when_it_is_known(zone, said, noon):
    assert packets.local_time(zone, noon).startswith(said) and bool(packets.local_time(zone, noon)) == bool(
        said
    )


@pytest.mark.parametrize(
    ("left", "mood", "text"),
    [
        (600, "calm", "10:00 left"),
        (400, "soon", "6:40 left"),
        (100, "late", "1:40 left"),
        (-720, "late", "12:00 late"),
    ],
)
def test_the_clock_says_how_long(noon, left, mood, text):
    now = noon + timedelta(minutes=15) - timedelta(seconds=left)
    shown = clocks.clock(offered_at=noon, answer_by=noon + timedelta(minutes=15), now=now)
    assert (shown.mood, shown.text) == (mood, text)


def test_every_fact_of_sales_has_a_sentence(deal, dana, settle, noon):
    names = {name for name in CATALOGUE if name.startswith("convert.")}
    assert names == set(SENTENCES)
    offered = SENTENCES["convert.hand_off_offered"]({"owner": dana.id, "why": "next in turn"})
    assert offered.text == "Offered to **Dana**: next in turn"
    won = SENTENCES["convert.deal_won"]({"amount": None, "currency": "GBP"})
    assert won.text == "**Deal won**, amount unknown"
    assert "Proposal" in SENTENCES["convert.deal_moved"]({"stage": _stage("Proposal").id}).text


def test_an_answered_hand_off_leaves_the_lead_page_after_a_day(qualified, login, dana, noon):
    qualified()
    login(dana).post(f"{HandOff.objects.get().get_absolute_url()}accept/")
    lead = Lead.objects.get()
    assert panels.hand_off_of(lead=lead, user=dana, at=noon).outcome.startswith("You have it")
    assert panels.hand_off_of(lead=lead, user=dana, at=noon + timedelta(days=2)) is None


def test_a_rep_qualifies_a_lead(qualified, login, dana):
    made = qualified()
    login(dana).post(f"/admin/leads/{made.id}/sql/")
    assert Lead.objects.get().stage == "sql"
    panel = panels.deals_panel(lead=Lead.objects.get(), user=dana)
    assert panel.can_open and not panel.can_qualify


def test_routing_answers_who_is_next_and_can_be_changed(login, mira, dana, ben):
    client = login(mira)
    page = client.get("/admin/convert/").content.decode()
    assert "Dana Okafor</b> would get the next lead" in page
    client.post("/admin/convert/routing/", {"do": "off", "user": dana.id})
    assert "Ben Aldous</b> would get the next lead" in client.get("/admin/convert/").content.decode()
    client.post("/admin/convert/routing/", {"do": "down", "user": dana.id})
    assert [m.user for m in RouteMember.objects.order_by("position")] == [ben, dana]
    client.post("/admin/convert/routing/", {"do": "minutes", "minutes": "30"})
    assert Route.catch_all().answer_minutes == 30
    assert client.post("/admin/convert/routing/", {"do": "minutes", "minutes": "x"}).status_code == 422


@pytest.mark.parametrize("path", ["", "hand-offs/", "pipelines/"])
def test_who_may_read_the_rules_of_the_house(path, login, mira, marketer, analyst, dana):
    for user in (mira, marketer, analyst):
        assert login(user).get(f"/admin/convert/{path}").status_code == 200
    assert login(dana).get(f"/admin/convert/{path}").status_code == 403


def test_hand_offs_are_counted_by_reason(qualified, login, dana, mira):
    qualified()
    login(dana).post(f"{HandOff.objects.get().get_absolute_url()}reject/", {"reason": "no_need"})
    page = login(mira).get("/admin/convert/hand-offs/").content.decode()
    assert "Rejected: no need" in page and "<dt>No need</dt>" in page


def test_stages_are_renamed_on_the_screen(login, mira, organisation):
    pipeline = Pipeline.default()
    stage = _stage("Proposal")
    client, at = login(mira), f"/admin/convert/pipelines/{pipeline.id}/"
    client.post(at, {"do": "rename", "stage": stage.id, "name": "Offer", "expected_days": "20"})
    stage.refresh_from_db()
    assert (stage.name, stage.expected_days) == ("Offer", 20)
    client.post(at, {"do": "goal", "goal": "90000"})
    pipeline.refresh_from_db()
    assert pipeline.month_goal == 9_000_000
    assert "goal</span>" in client.get("/admin/pipeline/").content.decode()
    assert client.post(at, {"do": "goal", "goal": "many"}).status_code == 422
