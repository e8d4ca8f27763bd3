"""How an event reads on a timeline. Each stage has `sentences.py` with a table: event name -> function of the
body -> Sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handraiser.core.people.models import OfferLine


@dataclass(frozen=True)
class Sentence:
    """One line of a timeline, in the past tense. `text` may mark its object with **bold**.

    `group` is the filter it falls under: website, email, sales or system (quieter).
    """

    icon: str
    text: str
    group: str = "system"


def _added(body: dict[str, Any]) -> Sentence:
    how = {
        "import": "Came with an **import**",
        "hand": "Was added **by hand**",
        "api": "Came through the **API**",
    }
    return Sentence("lead", how.get(body["how"], "Became **known**"), "system")


def _opened(body: dict[str, Any]) -> Sentence:
    line = OfferLine.objects.filter(id=body["offer_line"]).first()
    return Sentence("lead", f"Raised a hand for **{line}**" if line else "Raised a hand", "sales")


SENTENCES = {
    "people.person_created": _added,
    "people.lead_opened": _opened,
    "people.lead_assigned": lambda body: Sentence(
        "lead",
        ("Got an **owner**" if body["owner"] else "Lost the **owner**")
        + (f": {body['why']}" if body.get("why") else ""),
        "sales",
    ),
    "people.lead_changed": lambda body: Sentence(
        "lead", "Other **fields** of the lead were filled in", "system"
    ),
    "people.note_added": lambda body: Sentence("note", "**Note** was written", "sales"),
    "people.task_added": lambda body: Sentence("check", "**Task** was added", "sales"),
    "people.task_done": lambda body: Sentence("check", "**Task** was done", "sales"),
}
