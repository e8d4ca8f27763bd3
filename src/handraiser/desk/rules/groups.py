"""Which filter of a timeline an event falls under. What is not named here is of the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES: dict[str, frozenset[str]] = {
    "website": frozenset(
        {
            "attract.page_viewed",
            "attract.event_tracked",
            "attract.visit_started",
            "capture.form_viewed",
            "capture.form_submitted",
            "capture.magnet_downloaded",
            "consent.consent_granted",
            "consent.consent_withdrawn",
        }
    ),
    "email": frozenset(
        {
            "capture.magnet_sent",
            "delivery.message_sent",
            "delivery.message_failed",
            "delivery.email_opened",
            "delivery.email_clicked",
            "delivery.unsubscribed",
            "nurture.enrolled",
            "nurture.enrolment_ended",
        }
    ),
    "sales": frozenset(
        {
            "people.lead_opened",
            "people.lead_assigned",
            "people.note_added",
            "people.task_added",
            "people.task_done",
            "qualify.stage_changed",
            "qualify.product_qualified",
            "qualify.element_noted",
            "convert.hand_off_offered",
            "convert.hand_off_accepted",
            "convert.hand_off_rejected",
            "convert.deal_opened",
            "convert.deal_moved",
            "convert.deal_won",
            "convert.deal_lost",
        }
    ),
}
# A scanner or proxy does these too: then nobody looked, and they are of the system.
BY_MACHINES = frozenset({"delivery.email_opened", "delivery.email_clicked"})
_GROUP_OF = {name: group for group, names in NAMES.items() for name in names}


def of(name: str, body: Mapping[str, Any]) -> str:
    """website, email, sales or system."""
    if name in BY_MACHINES and body.get("machine"):
        return "system"
    return _GROUP_OF.get(name, "system")
