from __future__ import annotations

import pytest
from django.urls import reverse

from handraiser.core.delivery.actions import messages
from handraiser.core.delivery.models import State, Switch
from handraiser.core.delivery.tests.conftest import NOW

HERE = "/admin/nurture/outbox/"


@pytest.fixture
def waiting(organisation, leila):
    return messages.queue(
        key="k", person=leila, purpose="marketing", subject="Five Friday reports", text="Hi [x](/x)", at=NOW
    )


def test_the_outbox_lists_what_waits_and_opens_the_exact_message(marketer, login, waiting):
    client = login(marketer)
    page = client.get(HERE).content.decode()
    assert "Five Friday reports" in page and "Leila Haddad" in page
    for part in ("html", "text", "headers", "links"):
        answer = client.get(reverse("delivery:message", args=[waiting.id]), {"show": part})
        assert answer.status_code == 200
    assert (
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        in client.get(reverse("delivery:message", args=[waiting.id]), {"show": "headers"}).content.decode()
    )


def test_the_frame_can_neither_run_nor_count_as_an_open(marketer, login, waiting):
    answer = login(marketer).get(reverse("delivery:body", args=[waiting.id]))
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert b"/o/" not in answer.content
    assert not waiting.events.exists()


def test_hold_send_now_and_pause(marketer, login, waiting):
    client = login(marketer)
    client.post(reverse("delivery:change", args=[waiting.id, "hold"]))
    waiting.refresh_from_db()
    assert waiting.state == State.HELD
    client.post(reverse("delivery:change", args=[waiting.id, "release"]))
    waiting.refresh_from_db()
    assert waiting.state == State.WAITING
    assert client.get(reverse("delivery:change", args=[waiting.id, "hold"])).status_code == 405
    client.post(reverse("delivery:pause"))
    assert Switch.get().paused_by == marketer.name
    assert b"All sending is paused" in client.get(HERE).content
    client.post(reverse("delivery:resume"))
    assert Switch.get().paused_at is None


def test_the_not_sent_tab_counts_reasons(marketer, login, waiting):
    messages.cancel(waiting, at=NOW)
    page = login(marketer).get(HERE, {"tab": "not-sent"}).content.decode()
    assert "1 taken back" in page and "It was taken back before it was sent." in page
    assert login(marketer).get(HERE, {"tab": "nonsense"}).status_code == 404


def test_who_may(analyst, dana, login, waiting):
    assert login(analyst).get(HERE).status_code == 200
    assert login(analyst).post(reverse("delivery:pause")).status_code == 403
    assert login(dana).get(HERE).status_code == 403
    assert login(dana).get(reverse("delivery:message", args=[waiting.id])).status_code == 403


def test_every_empty_tab_says_what_will_be_there(marketer, login):
    for tab in ("waiting", "sent", "not-sent", "failed"):
        assert b'class="empty' in login(marketer).get(HERE, {"tab": tab}).content
