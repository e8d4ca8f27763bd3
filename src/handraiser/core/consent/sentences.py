"""How permissions read on a timeline."""

from __future__ import annotations

from typing import Any

from handraiser.core.consent.models import Purpose
from handraiser.core.people.sentences import Sentence


def _label(body: dict[str, Any]) -> str:
    purpose = Purpose.objects.filter(key=body["purpose"]).first()
    return purpose.label if purpose else body["purpose"]


SENTENCES = {
    "consent.consent_granted": lambda body: Sentence("shield", f"Allowed: **{_label(body)}**", "website"),
    "consent.consent_withdrawn": lambda body: Sentence("x", f"Took back: **{_label(body)}**", "website"),
}
