"""What is known of a lead: noting with evidence, taking back, proposals, the panel and the questions one by one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.capture import starters
from handraiser.capture.models import Submission
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.actions import leads
from handraiser.kit.errors import DomainError
from handraiser.qualify import known
from handraiser.qualify.actions import qualifications
from handraiser.qualify.models import Asking, Noted
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db


def note(lead, element="need", value=2, text="Two people, every Friday", **more):
    values = {"framework": "bant", "came_from": "call", "at": NOON} | more
    return qualifications.note(lead=lead, element=element, value=value, text=text, **values)


def line(lead, element="need"):
    [sheet] = known.of(lead)
    return next(one for one in sheet.lines if one.element.key == element)


def test_a_note_with_its_evidence_is_known(ines, dana):
    note(ines.lead, by=dana, said_by="Ines Brandt")
    found = line(ines.lead)
    assert found.known and found.words == "A real problem" and found.noted.noted_by == dana
    [sheet] = known.of(ines.lead)
    assert (sheet.standing.known, sheet.standing.of, sheet.standing.mark) == (1, 4, "B")


def test_the_newest_holds_and_the_history_stays(ines):
    first = note(ines.lead, value=1)
    second = note(ines.lead, value=3, text="The board waits for it", at=NOON + timedelta(hours=1))
    assert line(ines.lead).noted == second
    assert line(ines.lead).history == (second, first)


def test_taking_back_lets_the_one_before_hold_again(ines, dana):
    first = note(ines.lead, value=1)
    second = note(ines.lead, value=3, at=NOON + timedelta(hours=1))
    for _ in range(2):
        qualifications.undo(row=second, by=dana, at=NOON + timedelta(hours=2))
    found = line(ines.lead)
    assert found.noted == first and [row.undone_by for row in found.history] == [dana, None]


def test_asked_and_still_unknown_is_not_a_no(ines):
    note(ines.lead, value=None, text="")
    [sheet] = known.of(ines.lead)
    assert sheet.standing.known == 0 and sheet.standing.value is None
    assert not line(ines.lead).known and line(ines.lead) in sheet.gaps


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"text": "  "}, "evidence_missing"),
        ({"text": "x" * 2_001}, "evidence_long"),
        ({"value": 4}, "unknown_value"),
        ({"element": "mood"}, "unknown_element"),
        ({"framework": "gpct"}, "unknown_element"),
        ({"came_from": "gossip"}, "unknown_place"),
    ],
)
def test_what_cannot_be_noted_is_refused(ines, values, code):
    with pytest.raises(DomainError) as refused:
        note(ines.lead, **values)
    assert refused.value.code == code and not Noted.objects.exists()


def test_the_journal_hears_of_it_without_a_word_of_theirs(ines, settle):
    qualifications.undo(row=note(ines.lead), at=NOON)
    settle(at=NOON)
    bodies = list(
        TimelineItem.objects.filter(name__startswith="qualify.element").values_list("body", flat=True)
    )
    assert len(bodies) == 2 and bodies[0]["element"] == "need"
    assert "Friday" not in str(bodies)


def answered(lead, **answers):
    form = starters.demo(at=NOON)
    return Submission.objects.create(
        form=form,
        version=form.live,
        person=lead.person,
        lead=lead,
        answers=answers,
        client_token="t",
        submitted_at=NOON,
        state="accepted",
    )


def test_a_forms_answer_is_proposed_and_counts_only_when_confirmed(ines):
    sent = answered(ines.lead, need="We report to the board on Mondays")
    found = line(ines.lead)
    assert found.proposal.text == "We report to the board on Mondays" and found.proposal.submission == sent.id
    assert known.of(ines.lead)[0].standing.known == 0
    note(ines.lead, text=found.proposal.text, came_from="form", submission=sent.id)
    assert line(ines.lead).proposal is None and line(ines.lead).known


def test_a_job_title_is_proposed_for_authority(ines):
    assert (line(ines.lead, "authority").proposal.text, line(ines.lead, "authority").proposal.value) == (
        "VP of Marketing",
        2,
    )
    assert line(ines.lead, "budget").proposal is None


def test_fields_of_the_organisations_choice_are_proposed(ines):
    ines.lead.attributes = {"spend_class": "20k to 50k"}
    ines.lead.save()
    qualifications.choose(uses="both", questions={}, fields={"bant.budget": "Spend_class, budget"}, at=NOON)
    bant, meddic = known.of(ines.lead)
    assert bant.lines[0].proposal.text == "20k to 50k"
    assert meddic.lines[1].proposal.source == "their job title"


def test_the_panel_shows_what_is_known_and_what_to_ask(ines, mira, analyst, login):
    note(ines.lead, by=mira)
    page = login(mira).get(f"/admin/leads/{ines.lead.id}/").content.decode()
    for words in ("What we know", "1 of 4", "Two people, every Friday", "Unknown.", "Ask now", "Proposed"):
        assert words in page
    assert "Ask now" not in login(analyst).get(f"/admin/leads/{ines.lead.id}/").content.decode()


def test_one_question_leads_to_the_next(ines, mira, login):
    client, url = login(mira), f"/admin/qualify/known/{ines.lead.id}/"
    page = client.get(url).content.decode()
    assert "What have you set aside" in page and "1 of 4" in page
    told = {"framework": "bant", "element": "budget", "value": "3", "text": "20k", "came_from": "call"}
    answer = client.post(f"{url}note/", told)
    assert answer.status_code == 302 and answer["Location"].endswith("element=authority")
    assert "VP of Marketing" in client.get(answer["Location"]).content.decode()
    told |= {"element": "timing", "unknown": "1"}
    del told["value"]
    assert client.post(f"{url}note/", told)["Location"] == f"/admin/leads/{ines.lead.id}/"


def test_an_answer_without_evidence_keeps_what_was_typed(ines, mira, login):
    told = {"framework": "bant", "element": "budget", "value": "3", "text": "", "came_from": "chat"}
    answer = login(mira).post(f"/admin/qualify/known/{ines.lead.id}/note/", told)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Write what they said" in page
    assert 'value="3" checked' in page and 'value="chat" selected' in page


def test_undo_on_screen(ines, mira, login):
    row = note(ines.lead)
    login(mira).post(f"/admin/qualify/known/{ines.lead.id}/undo/?noted={row.id}")
    assert not line(ines.lead).known


def test_a_rep_asks_only_about_what_they_see(ines, dana, ben, login):
    leads.assign(lead=ines.lead, owner=ben, at=NOON)
    client = login(dana)
    assert client.get(f"/admin/qualify/known/{ines.lead.id}/").status_code == 404
    told = {"framework": "bant", "element": "budget", "value": "3", "text": "20k", "came_from": "call"}
    assert client.post(f"/admin/qualify/known/{ines.lead.id}/note/", told).status_code == 404
    assert client.get(f"/admin/qualify/known/{ines.lead.id}/?framework=spin").status_code == 404


def test_a_hand_off_names_the_questions_that_are_open(ines, dana, login):
    from handraiser.convert.actions import hand_offs
    from handraiser.qualify.actions import stages

    note(ines.lead)
    stages.move(ines.lead, "mql", at=NOON)
    found = hand_offs.offer(lead=ines.lead, at=NOON, cause="evt_1")
    page = login(dana).get(f"/admin/hand-offs/{found.id}/").content.decode()
    assert "Budget unknown. Ask: “What have you set aside for solving this?”" in page
    assert "Need unknown" not in page


def test_the_questions_are_worded_by_the_organisation(ines, mira, analyst, login):
    client = login(mira)
    told = {
        "uses": "both",
        "q.bant.budget": "What may it cost?",
        "q.bant.need": "",
        "f.bant.budget": "budget",
    }
    assert client.post("/admin/qualify/questions/save/", told).status_code == 302
    assert Asking.get().questions == {"bant.budget": "What may it cost?"}
    assert "What may it cost?" in client.get(f"/admin/qualify/known/{ines.lead.id}/").content.decode()
    assert "MEDDIC" in client.get(f"/admin/leads/{ines.lead.id}/").content.decode()
    assert client.post("/admin/qualify/questions/save/", {"uses": "spin"}).status_code == 422
    page = login(analyst).get("/admin/qualify/questions/").content.decode()
    assert "readonly" in page and ">Save<" not in page


def test_two_leads_that_become_one_keep_what_is_known_of_both(story_of, settle):
    from handraiser.core.identity.actions import merges

    one, other = story_of("ines@halden.example.com"), story_of("i.brandt@halden.example.com")
    note(one.lead)
    note(other.lead, element="timing", value=3)
    settle(at=NOON)
    merges.merge(keep=one.person.id, gone=other.person.id, at=NOON)
    stays = Noted.objects.values_list("lead", flat=True).distinct()
    assert len(stays) == 1
