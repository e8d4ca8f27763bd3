"""What is worth knowing, and what chance explains."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from handraiser.capture.models import Form, FormVersion, Submission
from handraiser.core.delivery.models import Message
from handraiser.measure import alerts
from handraiser.measure.actions import spend

from .conftest import NOW


@pytest.fixture
def form(organisation):
    row = Form.objects.create(name="Book a demo", slug="demo", intent="demo", created_at=NOW)
    version = FormVersion.objects.create(form=row, number=1, schema={}, created_at=NOW)

    def sent(*days_ago: float):
        for days in days_ago:
            at = NOW - timedelta(days=days)
            Submission.objects.create(
                form=row, version=version, state="accepted", client_token=f"t{days}", submitted_at=at
            )

    return sent


def kinds(user):
    return [alert.kind for alert in alerts.worth_knowing(user, NOW)]


def test_a_form_that_was_busy_and_is_silent_is_named(form, mira):
    form(*(2 + number / 4 for number in range(100)))
    [alert] = alerts.worth_knowing(mira, NOW)
    assert alert.sentence == "Book a demo is silent for 48 h"


def test_a_slow_form_may_be_silent(form, mira):
    form(2, 6, 10, 14, 18, 22)
    assert kinds(mira) == []


def test_mail_that_failed_since_yesterday_is_counted(organisation, mira):
    for number, hours in enumerate((1, 2, 30)):
        Message.objects.create(
            key=str(number),
            to="a@example.com",
            purpose="transactional",
            subject="x",
            text="x",
            message_id="x",
            state="failed",
            queued_at=NOW,
            due_at=NOW,
            settled_at=NOW - timedelta(hours=hours),
        )
    [alert] = alerts.worth_knowing(mira, NOW)
    assert alert.sentence == "2 mails could not be delivered since yesterday"


def test_money_that_brings_nobody_is_named(lead, mira, dana):
    lead(channel="email")
    for channel in ("email", "display"):
        spend.enter(
            channel=channel,
            from_date=date(2026, 11, 1),
            to_date=date(2026, 11, 20),
            amount=500_00,
            at=NOW,
        )
    [alert] = alerts.worth_knowing(mira, NOW)
    assert alert.sentence == "Display cost £500 in 4 weeks and brought no lead"
    assert kinds(dana) == []
