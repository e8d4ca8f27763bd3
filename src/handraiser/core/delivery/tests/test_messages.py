from __future__ import annotations

import pytest

from handraiser.core.delivery.actions import messages
from handraiser.core.delivery.models import Message, State
from handraiser.core.delivery.tests.conftest import NOW
from handraiser.kit.errors import DomainError


def queue(**changes):
    given = {
        "key": "k1",
        "purpose": "transactional",
        "subject": "Your playbook",
        "text": "Hi {{ first_name|there }}",
        "at": NOW,
    }
    return messages.queue(**(given | changes))


def test_the_same_key_gives_the_same_message(organisation, leila):
    first = queue(person=leila)
    assert queue(person=leila, subject="Another").id == first.id
    assert Message.objects.count() == 1


def test_a_marketing_mail_names_its_sender_and_its_way_out(organisation, leila):
    message = queue(person=leila, purpose="marketing", values={"first_name": "Leila"})
    assert "Hi Leila" in message.text
    for part in (message.text, message.html):
        assert "1 Example Street" in part
        assert "/u/" in part
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.headers["List-Unsubscribe"].startswith("<http")
    assert "fonts.googleapis" not in message.html


def test_links_to_people_are_tracked_and_those_to_staff_are_not(organisation, leila):
    text = (
        "Read on.\n\n[The guide](https://northlight.example.com/guide?a=1&b=2)\n\nSee [prices](/pricing) too."
    )
    message = queue(person=leila, text=text)
    assert message.links[0] == "https://northlight.example.com/guide?a=1&b=2"
    assert message.links[1].endswith("/pricing")
    assert message.html.count("/c/msg_") == 2
    assert "/o/msg_" in message.html
    staff = queue(key="k2", to="dana@example.com", purpose="notice", text=text)
    assert staff.links == []
    assert "/o/" not in staff.html


def test_a_value_can_neither_make_a_link_nor_break_a_tag(organisation, leila):
    message = queue(
        person=leila,
        text="Hi {{ first_name|there }}",
        values={"first_name": "[win](https://evil.example.com)<script>"},
        subject="For {{ first_name }}",
    )
    assert message.links == []
    assert "<script>" not in message.html


def test_a_subject_stays_on_one_line(organisation, leila):
    message = queue(
        person=leila, subject="For {{ first_name }}", values={"first_name": "A\r\nBcc: b@example.com"}
    )
    assert "\n" not in message.subject and "\r" not in message.subject


def test_an_unknown_purpose_is_refused(organisation, leila):
    with pytest.raises(DomainError, match="not a purpose"):
        queue(person=leila, purpose="spam")


def test_hold_release_and_cancel(organisation, leila):
    message = queue(person=leila)
    messages.hold(message, at=NOW)
    assert message.state == State.HELD
    messages.release(message, at=NOW)
    assert message.state == State.WAITING
    messages.cancel(message, at=NOW)
    assert (message.state, message.reason) == (State.SUPPRESSED, "cancelled")
    with pytest.raises(DomainError):
        messages.hold(message, at=NOW)
    with pytest.raises(DomainError):
        messages.send_again(message, at=NOW)
