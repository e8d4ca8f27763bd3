"""How scores and stages read on a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handraiser.core.people.sentences import Sentence
from handraiser.qualify.rules import findings, wording
from handraiser.qualify.rules.frameworks import FRAMEWORKS, Element
from handraiser.qualify.rules.stages import LABELS


def _stage(body: dict[str, Any]) -> Sentence:
    stage = LABELS.get(body["stage"], body["stage"])
    reason = f", {body['reason']}" if body.get("reason") else ""
    verb = "Became" if body["stage"] in ("mql", "customer", "opportunity", "sql") else "Moved to"
    return Sentence("qualify", f"{verb} **{stage}**{reason}", "sales")


def _score(body: dict[str, Any]) -> Sentence:
    change = wording.given(body["total"] - body["previous"])
    return Sentence("qualify", f"Score is now **{wording.shown(body['total'])}** ({change})", "system")


def _product(body: dict[str, Any]) -> Sentence:
    return Sentence("qualify", f"Became **PQL**, {body['signal']}", "sales")


def _enriched(body: dict[str, Any]) -> Sentence | None:
    """Only what is worth a line: that all is well is not."""
    if body["fields"]:
        told = ", ".join(findings.LABELS.get(field, field).lower() for field in body["fields"])
        return Sentence("qualify", f"Became known from outside: **{told}**", "system")
    if body["email_disposable"] == "yes":
        return Sentence("qualify", "The address is of a **throw-away** mail service", "system")
    if body["email_deliverable"] == "no":
        return Sentence("qualify", "Mail **cannot reach** the address", "system")
    return None


def _element(body: dict[str, Any]) -> tuple[str, Element | None]:
    """What an element is called, and the element itself unless it is none of today's."""
    framework = FRAMEWORKS.get(body["framework"])
    element = framework.element(body["element"]) if framework else None
    return (element.label if element else str(body["element"])), element


def _noted(body: dict[str, Any]) -> Sentence:
    label, element = _element(body)
    if body["value"] is None:
        return Sentence("info", f"**{label}** was asked about and is still unknown", "sales")
    words = element.words(body["value"]) if element else ""
    return Sentence("check", f"**{label}** was noted" + (f": {words.lower()}" if words else ""), "sales")


def _undone(body: dict[str, Any]) -> Sentence:
    return Sentence("info", f"A note on **{_element(body)[0]}** was taken back", "system")


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence | None]] = {
    "qualify.element_noted": _noted,
    "qualify.element_undone": _undone,
    "qualify.person_enriched": _enriched,
    "qualify.stage_changed": _stage,
    "qualify.product_qualified": _product,
    "qualify.score_changed": _score,
}
