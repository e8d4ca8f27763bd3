"""How sequences read on a timeline. No event holds a name: `sequence_name` in the body is what the caller looked up
for many at once, else it is looked up here."""

from __future__ import annotations

from typing import Any

from handraiser.core.people.sentences import Sentence
from handraiser.nurture.models import Sequence
from handraiser.nurture.rules.words import REASONS

_KINDS = {
    "email": "an email",
    "task": "a task",
    "wait": "a wait",
    "condition": "a question",
    "exit": "the end",
}


def _name(body: dict[str, Any]) -> str:
    name = body.get("sequence_name")
    if name is None:
        name = Sequence.objects.filter(id=body.get("sequence", "")).values_list("name", flat=True).first()
    return f"**{name.replace('*', '')}**" if name else "a sequence"


def _ended(body: dict[str, Any]) -> Sentence:
    why = REASONS.get(body["reason"], body["reason"])
    return Sentence("nurture", f"Left {_name(body)}: {why}", "email")


SENTENCES = {
    "nurture.sequence_published": lambda body: Sentence(
        "nurture", f"Version {body['number']} of {_name(body)} went live", "system"
    ),
    "nurture.enrolled": lambda body: Sentence("nurture", f"Entered {_name(body)}", "email"),
    "nurture.step_done": lambda body: Sentence(
        "nurture", f"{_name(body)}: {_KINDS.get(body['kind'], 'a step')} was due", "system"
    ),
    "nurture.enrolment_ended": _ended,
}
