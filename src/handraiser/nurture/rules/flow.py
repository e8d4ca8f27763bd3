"""What a sequence does, as data: its shape, what is wrong with it, and what comes next.

A flow is `{"trigger": …, "exits": [...], "steps": [...]}`. A step is a mapping with `key` (unique in the
flow) and `kind`:

- wait: `amount`, `unit` (minutes, hours, days)
- email: `subject`, `body` (the language of core.delivery), `sender` (owner or organisation)
- condition: `test` ({"type": visited | opened | clicked | stage, …}), `yes`, `no`: lists of steps. Both ways
  meet again after the condition.
- task: `title`, `task` (call, email, meeting, other), `hours` until it is due
- exit: the person leaves here
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Step = dict[str, Any]

KINDS = ("wait", "email", "condition", "task", "exit")
UNITS = {"minutes": 1, "hours": 60, "days": 1440}
STAGES = ("lead", "mql", "accepted", "sql", "opportunity", "customer", "recycled", "disqualified")
INTENTS = ("newsletter", "magnet", "contact", "demo")
TESTS = ("visited", "opened", "clicked", "stage")
MAX_WAIT = timedelta(days=365)


class Exit:
    """What makes a person leave at once."""

    CUSTOMER = "customer"
    MQL = "mql"
    DEMO = "demo"
    UNSUBSCRIBED = "unsubscribed"


EXITS: dict[str, str] = {
    Exit.CUSTOMER: "become a customer",
    Exit.DEMO: "ask for a demo",
    Exit.MQL: "become MQL",
    Exit.UNSUBSCRIBED: "unsubscribe",
}


def walk(steps: Sequence[Step]) -> Iterator[Step]:
    """Every step, from top to bottom, branches in place."""
    for step in steps:
        yield step
        if step["kind"] == "condition":
            yield from walk(step.get("yes", []))
            yield from walk(step.get("no", []))


def find(steps: Sequence[Step], key: str) -> Step | None:
    """The step with this key."""
    return next((step for step in walk(steps) if step["key"] == key), None)


def holder(steps: list[Step], key: str) -> tuple[list[Step], int] | None:
    """The list that holds a step, and its place there."""
    for place, step in enumerate(steps):
        if step["key"] == key:
            return steps, place
        for branch in ("yes", "no"):
            found = holder(step.get(branch, []), key) if step["kind"] == "condition" else None
            if found:
                return found
    return None


def first(steps: Sequence[Step]) -> str:
    """The key of the first step, "" if there is none."""
    return str(steps[0]["key"]) if steps else ""


def after(steps: Sequence[Step], key: str, outcome: str = "") -> str:
    """The key of what follows a step, "" at the end. `outcome` chooses the branch of a condition."""
    return _after(steps, key, outcome, "") or ""


def _after(steps: Sequence[Step], key: str, outcome: str, then: str) -> str | None:
    """`then` is what follows this whole list; None means that the key is not in it."""
    for place, step in enumerate(steps):
        rest = first(steps[place + 1 :]) or then
        if step["key"] == key:
            branch = step.get(outcome, []) if step["kind"] == "condition" else []
            return first(branch) or rest
        if step["kind"] == "condition":
            for name in ("yes", "no"):
                found = _after(step.get(name, []), key, outcome, rest)
                if found is not None:
                    return found
    return None


def duration(step: Mapping[str, Any]) -> timedelta:
    """How long a wait lasts."""
    return timedelta(minutes=int(step["amount"]) * UNITS[step["unit"]])


@dataclass(frozen=True)
class Known:
    """What a condition may ask about a person. `pages`: (path, when) of what they looked at;
    `reactions`: what they did with the email before, of opened and clicked."""

    stage: str = ""
    pages: Sequence[tuple[str, datetime]] = ()
    reactions: frozenset[str] = frozenset()


def holds(test: Mapping[str, Any], known: Known, *, at: datetime) -> bool:
    """Whether a condition is met at this moment. A path matches itself and what lies below it."""
    kind = test["type"]
    if kind == "stage":
        return known.stage == test["stage"]
    if kind in ("opened", "clicked"):
        # Who clicked has read it, whatever their mail program says about pictures.
        return kind in known.reactions or (kind == "opened" and "clicked" in known.reactions)
    since = at - timedelta(days=int(test["days"]))
    wanted = str(test["path"]).rstrip("/")
    return any(
        since <= moment <= at and (path.rstrip("/") == wanted or path.startswith(f"{wanted}/"))
        for path, moment in known.pages
    )


def email_before(steps: Sequence[Step], key: str) -> str:
    """The key of the last email on the way to a step, "" if there is none."""
    found = _email_before(steps, key, "")
    return found or ""


def _email_before(steps: Sequence[Step], key: str, last: str) -> str | None:
    for step in steps:
        if step["key"] == key:
            return last
        if step["kind"] == "email":
            last = str(step["key"])
        if step["kind"] == "condition":
            for name in ("yes", "no"):
                found = _email_before(step.get(name, []), key, last)
                if found is not None:
                    return found
    return None


def starts(trigger: Mapping[str, Any], name: str, body: Mapping[str, Any]) -> bool:
    """Whether an event (its name and body) sets the sequence off."""
    if trigger.get("type") == "form" and name == "capture.form_submitted":
        by_form = bool(trigger.get("form")) and trigger["form"] == body.get("form")
        by_intent = not trigger.get("form") and trigger.get("intent") == body.get("intent")
        return by_form or by_intent
    if trigger.get("type") == "stage" and name == "qualify.stage_changed":
        return bool(trigger.get("stage") == body.get("stage"))
    return False


def leaves(exits: Sequence[str], name: str, body: Mapping[str, Any]) -> str:
    """Which exit an event is, "" if none. Who unsubscribes always leaves."""
    if name == "delivery.unsubscribed":
        return Exit.UNSUBSCRIBED
    if name == "consent.consent_withdrawn" and body.get("purpose") == "marketing":
        return Exit.UNSUBSCRIBED
    if name == "qualify.stage_changed" and body.get("stage") in (Exit.CUSTOMER, Exit.MQL):
        stage = str(body["stage"])
        return stage if stage in exits else ""
    if name == "capture.form_submitted" and body.get("intent") == Exit.DEMO and Exit.DEMO in exits:
        return Exit.DEMO
    return ""


@dataclass(frozen=True)
class Happening:
    """One line of a dry run."""

    at: datetime
    step: Step
    outcome: str = ""


def simulate(steps: Sequence[Step], *, at: datetime, answers: Mapping[str, str]) -> list[Happening]:
    """What would happen to a person who enters now and answers each condition so (key: yes or no)."""
    happened = []
    key = first(steps)
    while key:
        step = find(steps, key)
        if step is None:
            break
        outcome = answers.get(key, "no") if step["kind"] == "condition" else ""
        happened.append(Happening(at, step, outcome))
        if step["kind"] == "exit":
            break
        if step["kind"] == "wait":
            at += duration(step)
        key = after(steps, key, outcome)
    return happened


def problems(flow: Mapping[str, Any], check_text: Callable[[str], list[str]]) -> list[tuple[str, str]]:
    """What keeps a flow from being published: (key of the step or "", sentence). `check_text` judges a text
    of an email."""
    found: list[tuple[str, str]] = []
    trigger = flow.get("trigger") or {}
    if trigger.get("type") == "form":
        if not trigger.get("form") and trigger.get("intent") not in INTENTS:
            found.append(("", "Choose the form or what was asked for that sets it off."))
    elif trigger.get("type") != "stage" or trigger.get("stage") not in STAGES:
        found.append(("", "Start with what sets it off: a form or a stage."))
    steps = flow.get("steps") or []
    if not any(step["kind"] in ("email", "task") for step in walk(steps)):
        found.append(("", "Add a step that does something: an email or a task."))
    seen: set[str] = set()
    for step in walk(steps):
        key = str(step.get("key", ""))
        if not key or key in seen:
            found.append((key, "Two steps share a key."))
        seen.add(key)
        found += [(key, sentence) for sentence in _wrong(step, check_text)]
    return found


def _wrong(step: Step, check_text: Callable[[str], list[str]]) -> list[str]:
    kind = step["kind"]
    if kind == "wait":
        try:
            fine = timedelta(0) < duration(step) <= MAX_WAIT
        except (KeyError, TypeError, ValueError, OverflowError):
            fine = False
        return [] if fine else ["A wait lasts from 1 minute to 365 days."]
    if kind == "email":
        missing = [
            sentence
            for name, sentence in (
                ("subject", "The email has no subject."),
                ("body", "The email has no text."),
            )
            if not str(step.get(name, "")).strip()
        ]
        return missing + check_text(str(step.get("subject", ""))) + check_text(str(step.get("body", "")))
    if kind == "task":
        return [] if str(step.get("title", "")).strip() else ["The task has no title."]
    if kind == "condition":
        return _wrong_test(step.get("test") or {})
    return [] if kind == "exit" else [f"{kind} is not a kind of step."]


def _wrong_test(test: Mapping[str, Any]) -> list[str]:
    kind = test.get("type")
    if kind == "visited":
        fine = str(test.get("path", "")).startswith("/") and str(test.get("days", "")).isdigit()
        fine = fine and 1 <= int(test["days"]) <= 365
        return (
            []
            if fine
            else ["A page begins with /, and the days are 1 to 365. Example: /pricing within 3 days"]
        )
    if kind == "stage":
        return [] if test.get("stage") in STAGES else ["Choose the stage that the condition asks for."]
    return [] if kind in ("opened", "clicked") else ["Choose what the condition asks."]
