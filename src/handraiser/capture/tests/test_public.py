"""The doors that strangers reach, through the whole stack and without a script."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine

from handraiser.capture import marks
from handraiser.capture.actions import forms, magnets
from handraiser.capture.models import MagnetGrant, Submission
from handraiser.capture.tests.conftest import NOW
from handraiser.core.identity.models import TimelineItem
from handraiser.core.people.models import Lead
from handraiser.kit import clock

BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"}
RAW = {"first_name": "Leila", "email": "leila@harbour.example.com", "reports": "3-5"}


def door(form, number=None):
    return f"/forms/{form.id}/{number or form.live.number}/"


def old_enough():
    return {"hr_mark": marks.made(clock.now() - timedelta(seconds=20)), "hr_nonce": "n1"}


def post(client, form, data=RAW, number=None, **headers):
    return client.post(door(form, number), {**old_enough(), **data}, **BROWSER, **headers)


def test_a_form_is_sent_without_a_script(client, playbook):
    page = client.get(door(playbook), **BROWSER).content.decode()
    hidden = dict(re.findall(r'name="(hr_\w+)" value="([^"]*)"', page))
    with time_machine.travel(clock.now() + timedelta(seconds=5)):
        answer = client.post(door(playbook), {**hidden, **RAW}, **BROWSER)
        assert answer.status_code == 303
        thanks = client.get(answer["Location"], **BROWSER)
    text = thanks.content.decode()
    assert Submission.objects.get().state == "accepted"
    assert "Your playbook is ready" in text
    link = re.search(r'href="(/get/[^"]+)"', text)[1]
    assert client.get(link, **BROWSER).status_code == 200
    assert "Set-Cookie" not in str(thanks.headers) and not client.cookies


def test_labels_and_keyboards_are_right(client, demo_form):
    page = client.get(door(demo_form)).content.decode()
    for part in (
        'type="email"', 'inputmode="email"', 'autocomplete="email"', 'autocomplete="given-name"',
        'type="tel"',
        'autocomplete="organization"', 'name="hr_visitor"', 'name="hr_first_url"', 'name="hr_last_referrer"',
        f'data-hr-form="{demo_form.id}"',
    ):  # fmt: skip
        assert part in page
    for field_id in re.findall(r'<(?:input|textarea|select)[^>]* id="([^"]+)"', page):
        assert f'for="{field_id}"' in page
    assert "checked" not in page
    assert "style=" not in page and "onclick" not in page


def test_mistakes_stand_above_and_beside_and_answers_stay(client, playbook):
    answer = post(client, playbook, {**RAW, "email": "leila", "first_name": '"><script>alert(1)</script>'})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("This address has no @. Example: ana@company.example.com") >= 2
    assert 'role="alert"' in page and 'aria-invalid="true"' in page
    assert "Everything you wrote is kept." in page
    assert 'value="leila"' in page and "&quot;&gt;&lt;script&gt;alert(1)" in page
    assert re.search(r'value="3-5" checked', page)
    assert "<script>alert" not in page
    assert not Submission.objects.exists()


def test_posted_twice_is_thanked_twice_and_stored_once(client, playbook):
    first, second = post(client, playbook), post(client, playbook)
    assert first["Location"] == second["Location"]
    assert Submission.objects.count() == Lead.objects.count() == 1


def test_json_for_the_runtime(client, playbook):
    headers = {"HTTP_ACCEPT": "application/json"}
    bad = post(client, playbook, {"email": "x"}, **headers)
    assert bad.status_code == 422 and "email" in bad.json()["errors"]
    good = post(client, playbook, **headers)
    assert good.json()["next"].startswith("/forms/thanks/")


def test_without_a_mark_it_waits_and_says_so(client, playbook):
    answer = client.post(door(playbook), RAW, **BROWSER)
    assert Submission.objects.get().reason == "no_token"
    text = client.get(answer["Location"]).content.decode()
    assert "Somebody looks at them" in text and "/get/" not in text


def test_a_forged_mark_is_none(client, playbook):
    client.post(door(playbook), {**RAW, "hr_mark": "1700000000~forged"}, **BROWSER)
    assert Submission.objects.get().reason == "no_token"


def test_a_superseded_version_is_taken(client, playbook):
    forms.remove_field(form=playbook, key="reports", at=NOW)
    forms.publish(form=playbook, at=NOW, by=None)
    assert post(client, playbook, number=1).status_code == 303
    assert Submission.objects.get().answers["reports"] == "3-5"


def test_a_version_that_never_was_gives_the_answers_back(client, playbook):
    answer = post(client, playbook, {**RAW, "old_question": "my <b>long</b> story"}, number=99)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This form has changed" in page
    assert 'value="leila@harbour.example.com"' in page
    assert "my &lt;b&gt;long&lt;/b&gt; story" in page
    assert not Submission.objects.exists()


def test_a_draft_cannot_be_sent(client, playbook):
    forms.remove_field(form=playbook, key="reports", at=NOW)
    assert post(client, playbook, number=2).status_code == 409


@pytest.mark.parametrize(
    "path",
    [
        "/forms/form_00000000000000000000000000/1/",
        "/forms/x/99999999999999999999999/",
        "/forms/%00/1/",
        "/forms/form_%27%20OR%201=1/1/",
    ],
)
def test_a_form_that_never_was_gives_the_answers_back(client, db, path):
    answer = client.post(path, {"email": "leila@harbour.example.com"}, **BROWSER)
    assert answer.status_code == 409
    assert "leila@harbour.example.com" in answer.content.decode()
    assert client.get(path).status_code == 404


def test_an_archived_form_that_is_still_open_is_taken(client, playbook):
    forms.archive(form=playbook, at=NOW)
    assert post(client, playbook).status_code == 303
    assert client.get(door(playbook)).status_code == 404


BAD = [
    "\x00", "a\x00b", "' OR 1=1 --", "'); DROP TABLE capture_submission;--", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "{{ 7*7 }}{% debug %}", "${7*7}", "../../etc/passwd",
    b"\xed\xa0\x80",
    "\u202e\u0000", "😀" * 300, "a" * 300_000, "=cmd|' /C calc'!A0", "\r\nBcc: all@example.com", "%00",
    "\ufffe\uffff", "",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_bad_input_in_every_field_is_answered(client, demo_form, bad):
    keys = [field["key"] for field in demo_form.live.schema["fields"]]
    special = [
        "hr_mark",
        "hr_nonce",
        "hr_visitor",
        "hr_first_url",
        "hr_last_url",
        "hr_page",
        "hr_last_referrer",
    ]
    for key in [*keys, *special, "unknown"]:
        good = {
            "first_name": "Ines", "last_name": "Brandt", "email": "ines@halden.example.com", "company": "X",
        }  # fmt: skip
        answer = client.post(door(demo_form), {**old_enough(), **good, key: bad}, **BROWSER)
        assert answer.status_code in (303, 422, 429), (key, answer.status_code)
    everywhere = client.post(door(demo_form), {**old_enough(), **dict.fromkeys(keys, bad)}, **BROWSER)
    assert everywhere.status_code in (303, 422, 429)


def test_ten_megabytes_are_answered(client, playbook):
    answer = post(client, playbook, {**RAW, "first_name": "a" * 10_000_000})
    assert answer.status_code == 422
    assert "10000000 characters; 120 fit" in answer.content.decode()
    assert len(answer.content) < 100_000
    assert post(client, playbook, {**RAW, "first_name": "a" * 13_000_000}).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\x80", "application/x-www-form-urlencoded"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b'{"email": 1}', "application/json"),
        (b"a=1", "application/x-www-form-urlencoded; charset=latin-1"),
        (b"&".join(b"k%d=1" % n for n in range(3000)), "application/x-www-form-urlencoded"),
    ],
)
def test_bodies_that_cannot_be_read_are_answered(client, playbook, body, kind):
    answer = client.generic("POST", door(playbook), body, content_type=kind, **BROWSER)
    assert answer.status_code in (413, 422)


@pytest.fixture
def link(client, playbook):
    post(client, playbook)
    return f"/get/{magnets.token_of(MagnetGrant.objects.get())}"


def test_a_download_is_private_and_counted(client, link, settle):
    answer = client.get(link, **BROWSER)
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="the-reporting-playbook.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert MagnetGrant.objects.get().downloads == 1
    settle()
    item = TimelineItem.objects.get(name="capture.magnet_downloaded")
    assert item.body["kind"] == "ebook" and item.lead_id == Lead.objects.get().id


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_USER_AGENT": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        {"HTTP_USER_AGENT": ""},
        {**BROWSER, "HTTP_SEC_PURPOSE": "prefetch"},
    ],
)
def test_machines_are_served_and_not_counted(client, link, headers):
    assert client.get(link, **headers).status_code == 200
    assert client.head(link, **BROWSER).status_code == 200
    assert MagnetGrant.objects.get().downloads == 0


def test_a_link_that_has_run_out_offers_a_new_one(client, link):
    grant = MagnetGrant.objects.get()
    with time_machine.travel(grant.expires_at + timedelta(seconds=1)):
        answer = client.get(link, **BROWSER)
        assert answer.status_code == 410
        assert "Send me a new link" in answer.content.decode()
        assert MagnetGrant.objects.count() == 1
        assert client.post(f"{link}/again/").status_code == 200
        fresh = MagnetGrant.objects.latest("granted_at")
        assert fresh.person == grant.person
        assert client.get(f"/get/{magnets.token_of(fresh)}", **BROWSER).status_code == 200
        assert client.get(link, **BROWSER).status_code == 410


def test_a_link_works_so_many_times(client, link):
    grant = MagnetGrant.objects.get()
    MagnetGrant.objects.update(downloads=grant.magnet.max_downloads - 1)
    assert client.get(link, **BROWSER).status_code == 200
    assert client.get(link, **BROWSER).status_code == 410


def test_new_links_are_not_sent_without_end(client, link):
    statuses = [client.post(f"{link}/again/").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


def test_the_same_form_after_the_link_has_run_out_gives_a_new_one(client, playbook, link):
    with time_machine.travel(clock.now() + timedelta(days=5)):
        post(client, playbook)
        assert MagnetGrant.objects.count() == 2
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("path", ["/get/nonsense", "/get/" + "a" * 500, "/get/%00", "/forms/thanks/x/"])
def test_links_that_never_were(client, db, path):
    assert client.get(path).status_code == 404


def test_the_file_has_no_address_of_its_own(client, playbook):
    for path in (
        f"/media/{playbook.magnet.file.name}",
        f"/static/{playbook.magnet.file.name}",
        f"/{playbook.magnet.file.name}",
    ):
        assert client.get(path, follow=True).status_code == 404


def test_a_file_that_is_gone_is_said_and_not_counted(client, playbook, link):
    playbook.magnet.file.storage.delete(playbook.magnet.file.name)
    assert client.get(link, **BROWSER).status_code == 503
    assert MagnetGrant.objects.get().downloads == 0


def test_public_pages_carry_the_strict_policy(client, playbook, link):
    for path in (door(playbook), "/get/none"):
        policy = client.get(path)["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy


def test_utm_of_the_page_is_kept_without_a_script(client, playbook):
    post(
        client,
        playbook,
        HTTP_REFERER="http://testserver/fridays/?utm_source=google&utm_medium=cpc&utm_campaign=fridays",
    )
    lead = Lead.objects.get()
    assert (lead.source, lead.campaign) == ("google", "fridays")
    assert Submission.objects.get().page_path == "/fridays/"


def test_a_mistake_does_not_lose_the_campaign_without_a_script(client, playbook):
    found = "http://testserver/fridays/?utm_source=google&utm_medium=cpc&utm_campaign=fridays"
    answer = post(client, playbook, {**RAW, "email": "leila"}, HTTP_REFERER=found)
    hidden = {
        name: html.unescape(value)
        for name, value in re.findall(r'name="(hr_\w+)" value="([^"]*)"', answer.content.decode())
    }
    here = f"http://testserver{door(playbook)}"
    client.post(door(playbook), {**hidden, **RAW}, **BROWSER, HTTP_REFERER=here)
    assert Lead.objects.get().campaign == "fridays"
    assert Submission.objects.get().page_path == "/fridays/"
