"""The screens of Qualify, as people use them, without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from handraiser.core.people.actions import leads
from handraiser.kit import clock
from handraiser.qualify import commands
from handraiser.qualify.models import RuleSet
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.tests.conftest import NOON

pytestmark = pytest.mark.django_db
SETS = "/admin/qualify/rule-sets/"


@pytest.fixture
def editor(login, marketer):
    """A marketer with an open draft (set 2)."""
    client = login(marketer)
    assert client.post(f"{SETS}draft/").headers["Location"] == f"{SETS}2/"
    return client


def draft():
    return RuleSet.objects.get(state="draft").rules


def test_the_list_shows_what_is_live_as_sentences(login, marketer):
    page = login(marketer).get(SETS).content.decode()
    assert "Job title contains <b>VP of Marketing</b>" in page
    assert "each visit, at most 4 in 30 days" in page
    assert "Change rules" in page


def test_an_analyst_reads_and_changes_nothing(login, analyst):
    client = login(analyst)
    assert "Change rules" not in client.get(SETS).content.decode()
    assert client.get(f"{SETS}1/").status_code == 200
    for address in ("draft/", "1/save/", "1/publish/", "1/discard/", "1/roll-back/"):
        assert client.post(f"{SETS}{address}").status_code == 403


def test_a_rep_sees_no_rules(login, dana):
    assert login(dana).get(SETS).status_code == 403


def test_points_words_and_limits_are_changed_in_place(editor):
    answer = editor.post(
        f"{SETS}2/save/",
        {
            "threshold": "80",
            "limit.fit": "30",
            "limit.against": "20",
            "band.hot": "80",
            "vp_of_marketing.value": "VP of Marketing, CMO",
            "pricing.points": "+12.5",
            "pricing.at_most": "",
            "five_emails.times": "6",
            "free_mail.points": "10",
        },
    )
    assert answer.status_code == 302
    rules = draft()
    assert (rules.threshold, rules.limits.fit, rules.limits.against) == (80 * POINT, 30 * POINT, -20 * POINT)
    assert rules.bands.hot == 80 * POINT
    assert rules.rule("vp_of_marketing").value == "VP of Marketing, CMO"
    assert (rules.rule("pricing").points, rules.rule("pricing").at_most) == (12_500_000, None)
    assert rules.rule("five_emails").times == 6
    assert rules.rule("free_mail").points == -10 * POINT
    page = editor.get(f"{SETS}2/").content.decode()
    assert "Was +10" in page and "Was −5" in page and "Was 75" in page
    assert RuleSet.objects.get(number=1).rules.threshold == 75 * POINT


def test_rules_are_added_moved_and_deleted(editor):
    answer = editor.post(f"{SETS}2/save/", {"do": "add:careers"})
    key = answer.headers["Location"].partition("#")[2]
    assert draft().rule(key).group == "against"
    editor.post(f"{SETS}2/save/", {"do": f"up:{key}", f"{key}.value": "/careers/*"})
    assert [rule.key for rule in draft().of_group("against")] == [key, "free_mail"]
    assert draft().rule(key).value == "/careers/*"
    editor.post(f"{SETS}2/save/", {"do": "delete:free_mail"})
    assert [rule.key for rule in draft().of_group("against")] == [key]
    page = editor.get(f"{SETS}2/publishing/").content.decode()
    assert "Visited <b>/careers/*</b> gives −10" in page
    assert "no longer counts (−5)" in page


def test_every_starter_makes_a_rule_that_can_be_shown(editor):
    from handraiser.qualify.rules.editing import OUTS, SIGNAL, STARTERS

    for starter in (*STARTERS, *OUTS, SIGNAL):
        assert editor.post(f"{SETS}2/save/", {"do": f"add:{starter}"}).status_code == 302
    assert editor.get(f"{SETS}2/").status_code == 200
    assert len(draft().rules) == len(CLASSIC.rules) + len(STARTERS)
    assert len(draft().exclusions) == len(CLASSIC.exclusions) + len(OUTS)
    assert len(draft().signals) == len(CLASSIC.signals) + 1


def test_what_is_no_number_is_named_and_the_rest_is_kept(editor):
    answer = editor.post(
        f"{SETS}2/save/", {"pricing.points": "lots", "pricing.days": "soon", "threshold": "60"}
    )
    assert answer.status_code == 422
    assert "This is not a number" in answer.content.decode()
    assert draft().rule("pricing").points == 10 * POINT
    assert draft().threshold == 60 * POINT


@pytest.mark.parametrize("text", ["nan", "1e9999", "-Infinity", "9" * 400, "<b>", "1_0"])
def test_strange_numbers_break_nothing(editor, text):
    given = {"threshold": text, "pricing.points": text, "pricing.at_most": text}
    assert editor.post(f"{SETS}2/save/", given).status_code in (302, 422)
    assert editor.get(f"{SETS}2/").status_code == 200


def test_publish_keeps_what_was_typed_a_moment_ago(editor):
    editor.post(f"{SETS}draft/")
    answer = editor.post(f"{SETS}2/save/", {"do": "publish", "threshold": "60"})
    assert answer.headers["Location"] == f"{SETS}2/publishing/"
    assert "60" in editor.get(answer.headers["Location"]).content.decode()
    refused = editor.post(f"{SETS}2/save/", {"do": "publish", "threshold": "many"})
    assert refused.status_code == 422


def test_a_draft_with_a_fault_says_so_instead_of_publishing(editor):
    editor.post(f"{SETS}2/save/", {"pricing.value": ""})
    page = editor.get(f"{SETS}2/publishing/").content.decode()
    assert "cannot be published yet" in page and "Say which value it must have" in page
    assert editor.post(f"{SETS}2/publish/").status_code == 422
    assert RuleSet.objects.get(state="live").number == 1


def test_saving_while_typing_answers_with_tags_alone(editor):
    answer = editor.post(f"{SETS}2/save/", {"pricing.points": "20"}, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "1 change from set 1" in page
    assert 'id="tag-pricing" hx-swap-oob="true"><span class="tag info">Was +10' in page
    assert answer.headers["HX-Trigger"] == "draft-changed"


def test_publishing_shows_the_effect_and_can_be_taken_back(editor, ines):
    for day in (1, 2):
        ines.visits_pricing(clock.now() - timedelta(days=day))
    assert ines.score(clock.now()) == 35
    editor.post(f"{SETS}2/save/", {"threshold": "30"})
    effect = editor.get(f"{SETS}2/effect/").content.decode()
    assert "<b>1 lead</b> would become MQL" in effect and "Not a back-test" in effect
    page = editor.get(f"{SETS}2/publishing/").content.decode()
    assert "Ines Brandt" in page and "Now MQL" in page
    assert "Nobody is told of old leads" in page
    assert editor.post(f"{SETS}2/publish/", {"note": "Fewer points"}).status_code == 302
    assert "Undo" in editor.get(SETS).content.decode()
    ines.score(clock.now())
    assert ines.lead.stage == "mql"
    editor.post(f"{SETS}1/roll-back/")
    assert RuleSet.objects.get(state="live").rules.threshold == 75 * POINT


def test_a_draft_is_discarded(editor):
    editor.post(f"{SETS}2/discard/")
    assert not RuleSet.objects.filter(state="draft").exists()
    assert editor.post(f"{SETS}2/save/", {"threshold": "1"}).status_code == 404


def test_a_published_set_cannot_be_saved(editor):
    assert editor.post(f"{SETS}1/save/", {"threshold": "1"}).status_code == 409


def test_a_set_is_tried_on_a_lead(editor, ines):
    ines.score(clock.now())
    editor.post(f"{SETS}2/save/", {"vp_of_marketing.points": "25"})
    assert "Ines Brandt" in editor.get(f"{SETS}2/try/?q=halden").content.decode()
    assert "No open lead is called that" in editor.get(f"{SETS}2/try/?q=nobody").content.decode()
    page = editor.get(f"{SETS}2/try/?lead={ines.lead.id}").content.decode()
    assert "+15" in page and "<b>+25</b>" in page


def test_stages_have_one_definition(login, marketer, ines):
    page = login(marketer).get("/admin/qualify/stages/").content.decode()
    assert "75 points in set 1" in page
    assert "Leaves when the points fall below a second, lower line" in page


def test_a_rule_of_markup_is_text(editor):
    editor.post(f"{SETS}2/save/", {"vp_of_marketing.value": "<script>alert(1)</script>"})
    assert "<script>alert" not in editor.get(f"{SETS}2/").content.decode()
    assert "<script>alert" not in editor.get(f"{SETS}2/publishing/").content.decode()


def test_the_effect_stands_alone_without_javascript(editor, ines):
    ines.score(clock.now())
    page = editor.get(f"{SETS}2/effect/").content.decode()
    assert "<h1>Effect on today" in page and "hx-swap-oob" not in page
    assert "<h1" not in editor.get(f"{SETS}2/effect/", headers={"HX-Request": "true"}).content.decode()


def test_stages_and_scores_read_as_sentences():
    from handraiser.qualify.sentences import SENTENCES

    became = SENTENCES["qualify.stage_changed"](
        {"stage": "mql", "previous": "lead", "reason": "92 of 75 points"}
    )
    assert (became.text, became.group) == ("Became **MQL**, 92 of 75 points", "sales")
    score = SENTENCES["qualify.score_changed"]({"total": 92 * POINT, "previous": 97 * POINT})
    assert (score.text, score.group) == ("Score is now **92** (−5)", "system")


def test_caps_and_fading_are_filled_in_and_a_contradiction_is_said_at_its_field(editor):
    answer = editor.post(f"{SETS}2/save/", {"pricing.half_life_days": "14", "pricing.at_most_a_day": "2"})
    assert answer.status_code == 302
    page = editor.get(f"{SETS}2/").content.decode()
    assert "Leave one of the two empty" in page
    assert (
        'aria-label="Days after which half is left; empty: it does not fade" placeholder="no" aria-invalid="true"'
        in page
    )
    assert editor.post(f"{SETS}2/publish/").status_code == 422
    editor.post(f"{SETS}2/save/", {"pricing.days": "", "pricing.at_most_30_days": "4"})
    pricing = draft().rule("pricing")
    assert (pricing.days, pricing.half_life_days, pricing.at_most_a_day, pricing.at_most_30_days) == (
        None,
        14,
        2,
        4,
    )
    page = editor.get(f"{SETS}2/publishing/").content.decode()
    assert (
        "each visit, at most 2 a day, at most 4 in 30 days, at most 4 in all, half is left after 14 days"
        in page
    )
    assert "cannot be published" not in page


def test_who_is_left_out_is_filled_in_with_a_reason(editor, ines):
    assert "Nobody is left out." in editor.get(f"{SETS}2/").content.decode()
    key = editor.post(f"{SETS}2/save/", {"do": "add:out_competitor"}).headers["Location"].partition("#")[2]
    assert "Say which value it must have" in editor.get(f"{SETS}2/").content.decode()
    editor.post(f"{SETS}2/save/", {f"{key}.value": "halden.example.com", f"{key}.reason": "rival"})
    [out] = draft().exclusions
    assert (out.value, out.reason) == ("halden.example.com", "rival")
    page = editor.get(f"{SETS}2/publishing/").content.decode()
    assert "Left out as rival: Email domain is <b>halden.example.com</b>" in page
    editor.post(f"{SETS}2/publish/")
    ines.score(clock.now())
    page = editor.get(f"/admin/qualify/why/{ines.lead.id}/").content.decode()
    assert "Left out: rival" in page and "Missing" not in page
    editor.post(f"{SETS}draft/")
    editor.post(f"{SETS}3/save/", {"do": f"delete:{key}"})
    assert draft().exclusions == ()


def test_points_by_ranges_are_filled_in_as_text(editor):
    key = editor.post(f"{SETS}2/save/", {"do": "add:sizes"}).headers["Location"].partition("#")[2]
    page = editor.get(f"{SETS}2/").content.decode()
    assert 'value="1–49: 2, 50–249: 6, 250+: 10"' in page and "Points in no range" in page
    editor.post(f"{SETS}2/save/", {f"{key}.ranges": "1-9: 1, 10+: 4.5"})
    assert [one.points for one in draft().rule(key).ranges] == [POINT, 4_500_000]
    assert editor.post(f"{SETS}2/save/", {f"{key}.ranges": "many: 3"}).status_code == 422


class TestFiles:
    def test_a_set_goes_out_and_comes_back_as_a_draft(self, login, marketer):
        client = login(marketer)
        assert "Import" in client.get(SETS).content.decode()
        answer = client.get(f"{SETS}1/export/")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="rule-set-1.toml"'
        text = answer.content.decode().replace("threshold = 75", "threshold = 80")
        sent = client.post(f"{SETS}import/", {"file": SimpleUploadedFile("mine.toml", text.encode())})
        assert sent.headers["Location"] == f"{SETS}2/"
        assert draft() == msgspec.structs.replace(CLASSIC, threshold=80 * POINT)
        again = text.replace("threshold = 80", "threshold = 90")
        refused = client.post(f"{SETS}import/", {"file": SimpleUploadedFile("x.toml", again.encode())})
        assert refused.status_code == 422 and "Draft 2 holds changes" in refused.content.decode()
        client.post(f"{SETS}import/", {"file": SimpleUploadedFile("x.toml", again.encode()), "replace": "on"})
        assert draft().threshold == 90 * POINT

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"threshold =\nleave = 3", "at line 1, column"),
            (b"threshold = 1\nleafe = 2", "Line 2: a rule set has no key"),
            (b"\xff\xfe\x00", "This file is no text"),
            (b"#" * 200_001, "larger than 200 KB"),
        ],
    )
    def test_a_file_that_cannot_be_read_changes_nothing(self, login, marketer, content, sentence):
        page = login(marketer).post(f"{SETS}import/", {"file": SimpleUploadedFile("x.toml", content)})
        assert page.status_code == 422 and sentence in page.content.decode()
        assert not RuleSet.objects.filter(state="draft").exists()

    def test_the_command_tells_the_line_of_what_speaks_against_publishing(self, organisation, tmp_path):
        said: list[str] = []
        file = tmp_path / "rules.toml"
        commands.write_out(number=None, file=file, say=said.append)
        assert commands.bring_in(file=file, replace=False, say=said.append)
        assert said == [
            f"Rule set 1 is written to {file}.",
            "Draft 2 holds the file. Look at it and publish it on its screen.",
        ]
        text = file.read_text().replace("days = 30", "days = 30\nhalf_life_days = 9", 1)
        file.write_text(text)
        assert not commands.bring_in(file=file, replace=True, say=said.append)
        line = text.splitlines().index("half_life_days = 9") + 1
        assert said[2].startswith(f"Line {line}: Points either end after some days or fade")


class TestWhy:
    def test_reasons_events_and_the_past(self, login, dana, ines):
        message = ines.visits_pricing(NOON)
        ines.score()
        client = login(dana)
        page = client.get(
            f"/admin/qualify/why/{ines.lead.id}/", headers={"HX-Request": "true"}
        ).content.decode()
        assert "Why 25" in page and f'href="/admin/leads/{ines.lead.id}/#{message}"' in page
        assert "rule-sets" not in page  # a rep may not open it
        past = client.get(f"/admin/qualify/why/{ines.lead.id}/?as_of=2026-10-25").content.decode()
        assert "Why 15 on 25 October" in past
        assert client.get(f"/admin/qualify/why/{ines.lead.id}/?as_of=soon").status_code == 422

    def test_the_cheapest_ways_to_mql_and_the_end_of_each_event_are_told(self, login, dana, ines):
        for hours in (2, 4):
            ines.visits_pricing(clock.now() - timedelta(hours=hours))
        ines.score(clock.now())
        page = login(dana).get(f"/admin/qualify/why/{ines.lead.id}/").content.decode()
        assert "Any of these would make it an MQL" in page
        assert "Asked for <b>a demo</b>" in page and "2 × Visited <b>/pricing/</b>" in page
        assert "fewer from" in page and "Could still add" not in page
        ends = timezone.localtime(clock.now() - timedelta(hours=2) + timedelta(days=30))
        assert f"to {ends.day} {ends:%b}" in page

    def test_a_lead_of_somebody_else_stays_closed(self, login, dana, ben, ines):
        leads.assign(lead=ines.lead, owner=ben, at=NOON)
        assert login(dana).get(f"/admin/qualify/why/{ines.lead.id}/").status_code == 404
        assert login(ben).get(f"/admin/qualify/why/{ines.lead.id}/").status_code == 200
