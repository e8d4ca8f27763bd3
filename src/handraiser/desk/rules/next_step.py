"""What to do next with a lead, in one sentence. The first that applies is said."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Situation:
    """What is known when the suggestion is made. `deal` and `task` are titles, "" for none."""

    stage: str
    waiting: bool = False
    owned: bool = False
    callable: bool = False
    writable: bool = False
    task: str = ""
    task_late: bool = False
    deal: str = ""
    deal_step: str = ""
    missing: str = ""
    asked: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A heading, a sentence, and what the button does: call, email, stage:<key>, assign, or nothing."""

    heading: str
    text: str
    action: str = ""


def suggest(now: Situation) -> Suggestion:
    """The next step that brings this lead on."""
    reach = "call" if now.callable else "email" if now.writable else ""
    if now.waiting:
        what = f"They raised a hand with {now.asked}." if now.asked else "They raised a hand."
        how = {"call": "call now, while they still think of it", "email": "answer by email now"}
        return Suggestion(
            "Waiting for an answer", f"{what} Suggested next step: {how.get(reach, 'accept it')}.", reach
        )
    if now.stage in ("recycled", "disqualified"):
        return Suggestion("Closed", "If they raise a hand again, a new lead is opened with this history.")
    if now.stage == "customer":
        return Suggestion("Won", "They are a customer.")
    if now.task:
        lateness = " It is late." if now.task_late else ""
        return Suggestion("Next", f"{now.task}.{lateness}", "task")
    if now.deal:
        if now.deal_step:
            return Suggestion("Next in the deal", f"{now.deal}: {now.deal_step}.")
        return Suggestion("The deal has no next step", f"Say what happens next with {now.deal}.")
    if not now.owned:
        return Suggestion("Nobody owns this lead", "Give it to somebody, so that it is answered.", "assign")
    if now.stage == "accepted":
        text = "Speak to them. If the need is real, move the lead to SQL."
        return Suggestion("Suggested next step", text, reach or "stage:sql")
    if now.stage == "sql":
        return Suggestion("Suggested next step", "The need is real: open a deal with its amount.", "deal")
    if now.missing:
        return Suggestion("Not ready for sales yet", f"It takes {now.missing}. Sequences go on with it.")
    return Suggestion("Suggested next step", "Ask what they need, and note it.", reach)
