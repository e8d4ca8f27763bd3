from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handraiser.core.delivery.actions import sending
from handraiser.core.delivery.models import Message, State
from handraiser.core.notices.actions import notices
from handraiser.core.notices.models import Notice

NOW = datetime(2026, 11, 19, 10, 0, tzinfo=UTC)


def tell(users, key="mql:1", **changes):
    given = {
        "kind": "hand_off",
        "title": "Ines Brandt became MQL",
        "body": "92 points",
        "url": "/admin/leads/",
    }
    return notices.tell(users=users, key=key, at=NOW, **(given | changes))


def test_told_once_in_the_app_and_by_email(dana, ben):
    ben.notify_by_email = False
    ben.save()
    assert len(tell([dana, ben])) == 2
    assert tell([dana, ben]) == []
    assert Notice.objects.count() == 2
    message = Message.objects.get()
    assert (message.to, message.purpose) == (dana.email, "notice")
    assert "Open in Handraiser: http" in message.text


def test_the_email_leaves_within_five_seconds(dana, settings):
    settings.DEMO = True
    tell([dana])
    sending.send_due(NOW + timedelta(seconds=1))
    message = Message.objects.get()
    assert message.state == State.SENT and message.sent_at - NOW < timedelta(seconds=5)


def test_the_inbox_shows_and_marks(dana, ben, login):
    tell([dana])
    client = login(dana)
    page = client.get("/admin/inbox/").content.decode()
    assert "Ines Brandt became MQL" in page and "1 unread" in page
    notice = dana.notices.get()
    assert login(ben).post(reverse("notices:open", args=[notice.id])).status_code == 404
    answer = client.post(reverse("notices:open", args=[notice.id]))
    assert answer["Location"] == "/admin/leads/"
    notice.refresh_from_db()
    assert notice.read_at is not None
    tell([dana], key="mql:2")
    client.post(reverse("notices:read_all"))
    assert not dana.notices.filter(read_at=None).exists()


def test_a_notice_never_leads_off_the_site(dana, login):
    tell([dana], url="//evil.example.com/")
    answer = login(dana).post(reverse("notices:open", args=[dana.notices.get().id]))
    assert answer["Location"] == "/admin/inbox/"


def test_the_poll_tells_what_is_new_in_one_query(dana, login):
    client = login(dana)
    url = reverse("notices:poll")
    assert client.get(url).json() == {"count": 0, "latest": "", "new": []}
    tell([dana])
    with CaptureQueriesContext(connection) as captured:
        news = client.get(url, {"after": ""}).json()
    assert sum("notices_notice" in query["sql"] for query in captured) == 1
    assert news["count"] == 1 and [n["title"] for n in news["new"]] == ["Ines Brandt became MQL"]
    assert client.get(url, {"after": news["latest"]}).json()["new"] == []


def test_an_empty_inbox_names_the_next_click(dana, login):
    assert b"Publish a form" in login(dana).get("/admin/inbox/").content


@pytest.mark.parametrize("name", ["mira", "dana", "marketer", "analyst"])
def test_everybody_has_an_inbox(name, request, login, db):
    assert login(request.getfixturevalue(name)).get("/admin/inbox/").status_code == 200
