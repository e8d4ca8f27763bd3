"""Steps in words, for screens and screen readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STAGE_WORDS = {
    "lead": "Lead",
    "mql": "MQL",
    "accepted": "Accepted",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "recycled": "Recycled",
    "disqualified": "Disqualified",
}
INTENT_WORDS = {
    "newsletter": "Signs up for the newsletter",
    "magnet": "Asks for a download",
    "contact": "Writes to us",
    "demo": "Asks for a demo",
}
REASONS = {
    "finished": "went through all steps",
    "exit": "came to the end of their way",
    "customer": "became a customer",
    "mql": "became MQL",
    "demo": "asked for a demo",
    "unsubscribed": "unsubscribed",
    "stopped": "was taken out by hand",
    "erased": "was erased",
    "failed": "a step failed",
    "by_hand": "paused by hand",
    "merged": "was merged with somebody who is inside",
}


def wait(step: Mapping[str, Any]) -> str:
    """ "1 hour", "4 days"."""
    amount, unit = int(step["amount"]), str(step["unit"])
    return f"{amount} {unit[:-1] if amount == 1 else unit}"


def question(test: Mapping[str, Any]) -> str:
    """The condition as a question."""
    kind = test.get("type")
    if kind == "visited":
        days = int(test.get("days") or 1)
        return f"Visited {test.get('path', '')} in the last {days} {'day' if days == 1 else 'days'}?"
    if kind == "stage":
        return f"Is {STAGE_WORDS.get(str(test.get('stage')), 'a stage')}?"
    if kind in ("opened", "clicked"):
        return "Opened the email before?" if kind == "opened" else "Clicked in the email before?"
    return "Choose a question"


def trigger(value: Mapping[str, Any], form_names: Mapping[str, str]) -> str:
    """What sets the sequence off."""
    if value.get("type") == "form":
        if value.get("form"):
            return f"Sends the form {form_names.get(str(value['form']), 'that was deleted')}"
        return INTENT_WORDS.get(str(value.get("intent")), "Choose what sets it off")
    if value.get("type") == "stage":
        return f"Becomes {STAGE_WORDS.get(str(value.get('stage')), 'a stage')}"
    return "Choose what sets it off"


def title(step: Mapping[str, Any]) -> str:
    """The one line that names a step."""
    kind = step["kind"]
    if kind == "wait":
        return wait(step)
    if kind == "email":
        return str(step.get("subject") or "No subject yet")
    if kind == "condition":
        return question(step.get("test") or {})
    if kind == "task":
        return str(step.get("title") or "No title yet")
    return "Leaves here"
