from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from handraiser.core.consent import queries as consent
from handraiser.core.delivery.actions import messages, tokens
from handraiser.core.delivery.models import DeliveryEvent, Message, State, Suppression
from handraiser.core.delivery.tests.conftest import NOW
from handraiser.core.journal.models import OutboxEvent

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TARGET = "https://northlight.example.com/guide?coupon=A1"


@pytest.fixture
def sent(organisation, leila):
    message = messages.queue(
        key="k", person=leila, purpose="marketing", subject="Guide", text=f"[Guide]({TARGET})", at=NOW
    )
    Message.objects.filter(id=message.id).update(state=State.SENT, sent_at=NOW - timedelta(hours=1))
    message.refresh_from_db()
    return message


def path(url):
    return "/" + url.split("/", 3)[3]


def get(url, agent=FIREFOX, method="get", **headers):
    return getattr(Client(headers={"User-Agent": agent, **headers}), method)(path(url))


def test_a_link_leads_to_its_target_and_leaves_an_event(sent):
    answer = get(tokens.link(sent.id, 0))
    assert (answer.status_code, answer["Location"]) == (302, TARGET)
    event = DeliveryEvent.objects.get()
    assert (event.kind, event.machine, event.link) == ("clicked", "", 0)
    payload = OutboxEvent.objects.get(payload__contains="email_clicked").payload
    assert "coupon" not in payload and "northlight.example.com/guide" in payload


def test_nobody_can_make_a_link_lead_elsewhere(sent):
    token = tokens.link(sent.id, 0)
    for forged in (token[:-3] + "AAA", token.replace(".0~", ".7~"), tokens.link(sent.id, 99)):
        assert get(forged).status_code == 404
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize(
    ("agent", "method", "machine"),
    [
        (FIREFOX, "get", ""),
        (FIREFOX, "head", "prefetch"),
        ("Mozilla/5.0", "get", "Apple Mail Privacy"),
        ("Barracuda Sentinel (EE)", "get", "scanner"),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", "get", "bot"),
        (
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "get",
            "",
        ),
        ("", "get", "nameless program"),
    ],
)
def test_opens_by_machines_are_marked(sent, agent, method, machine):
    answer = get(tokens.pixel(sent.id), agent=agent, method=method)
    assert answer["Content-Type"] == "image/gif"
    assert DeliveryEvent.objects.get().machine == machine


def test_a_bad_pixel_looks_the_same_and_leaves_nothing(db):
    assert get("http://x/o/forged.gif").status_code == 200
    assert not DeliveryEvent.objects.exists()


def test_looking_at_the_way_out_changes_nothing(sent, leila):
    for method in ("get", "head"):
        assert get(tokens.unsubscribe(sent.id), method=method).status_code == 200
    assert not Suppression.objects.exists()
    assert consent.may([leila.id], "marketing")


def test_one_click_needs_neither_cookie_nor_token_of_ours(sent, leila):
    strict = Client(enforce_csrf_checks=True)
    url = sent.headers["List-Unsubscribe"].strip("<>")
    answer = strict.post(path(url), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and not answer.cookies
    assert Suppression.objects.get().by == "one_click"
    assert not consent.may([leila.id], "marketing")
    strict.post(path(url), {"List-Unsubscribe": "One-Click"})
    assert OutboxEvent.objects.filter(payload__contains="delivery.unsubscribed").count() == 1


def test_the_button_unsubscribes_and_says_so(sent, leila):
    answer = Client(enforce_csrf_checks=True).post(path(tokens.unsubscribe(sent.id)))
    assert b"You are unsubscribed" in answer.content
    assert leila.email.encode() not in answer.content
    assert b"You are unsubscribed" in get(tokens.unsubscribe(sent.id)).content


def test_an_unsubscribe_link_of_another_kind_does_not_pass(sent):
    click = tokens.link(sent.id, 0).rpartition("/")[2]
    assert Client().post(f"/u/{click}").status_code == 404
