"""How scores and stages read on a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handraiser.core.people.sentences import Sentence
from handraiser.qualify.rules import findings, wording
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


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence | None]] = {
    "qualify.person_enriched": _enriched,
    "qualify.stage_changed": _stage,
    "qualify.product_qualified": _product,
    "qualify.score_changed": _score,
}
