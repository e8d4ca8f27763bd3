"""Pieces for the desk: include the template with what the function returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handraiser.core.people.models import Lead
from handraiser.qualify import explanations, queries
from handraiser.qualify.actions import look_ups
from handraiser.qualify.models import Check, ModelVersion, Prediction
from handraiser.qualify.rules import features, findings


def why(lead: Lead, as_of: datetime | None = None) -> dict[str, Any]:
    """For `qualify/why.html`: why this lead has its points, now or at a past moment."""
    return {"lead": lead, "why": explanations.why(lead, as_of)}


@dataclass(frozen=True)
class Foretold:
    """What the live model says of a lead, the share of all leads that say yes, and why, in words."""

    prediction: Prediction
    target: str
    usual: float
    speaks_for: list[str]
    speaks_against: list[str]


_REASONS = 3
_TARGETS = {"customer": "becomes a customer", "sql": "becomes an SQL"}


def foretold(lead: Lead) -> Foretold | None:
    """For `qualify/foretold.html`: how likely this lead says yes; None while no model speaks of it."""
    row = Prediction.objects.select_related("model").defer("model__content").filter(lead=lead).first()
    if row is None or row.model.state != ModelVersion.State.LIVE:
        return None
    told = [(features.sentence(column, value), adds) for column, value, adds in row.reasons]
    return Foretold(
        prediction=row,
        target=_TARGETS[row.model.target],
        usual=row.model.report["cross_validated"]["base_rate"],
        speaks_for=[words for words, adds in told if adds > 0][:_REASONS],
        speaks_against=[words for words, adds in told if adds < 0][:_REASONS],
    )


@dataclass(frozen=True)
class Line:
    """One verdict as the panel shows it. `tone` is that of the tag: good, bad or "" for unknown and for neither."""

    label: str
    answer: str
    tone: str
    reason: str
    at: datetime | None


@dataclass(frozen=True)
class Told:
    """What one source told, or why it did not."""

    source: str
    what: str
    reason: str
    at: datetime | None


def checked(lead: Lead) -> dict[str, Any]:
    """For `qualify/checked.html`: what was found out about the address and the number of a lead's person."""
    check = Check.objects.filter(person=lead.person_id).first()
    return {
        "lead": lead,
        "check": check,
        "lines": _lines(check, lead) if check else [],
        "told": [
            Told(
                source=row.source.name,
                what=", ".join(
                    f"{findings.LABELS[field]}: {value}"
                    for field, value in row.found.items()
                    if field in findings.LABELS
                ),
                reason=row.reason or row.get_state_display(),
                at=row.looked_at,
            )
            for row in look_ups.of(lead.person)
            if row.source.kind != "dns"
        ],
    }


_SHOWN = (
    ("email_syntax", "Written as an address", True),
    ("email_deliverable", "Domain takes mail", True),
    ("email_disposable", "Throw-away mail", False),
    ("email_free", "Free mail", None),
    ("email_role", "A desk, not a person", None),
)


def _lines(check: Check, lead: Lead) -> list[Line]:
    """How an address is written is said only when it is wrong; nothing else is known of it then."""
    shown = {"yes": _SHOWN[1:], "no": _SHOWN[:1]}.get(check.email_syntax, ())
    lines = []
    for name, label, wanted in shown:
        answer = getattr(check, name)
        tone = ""
        if wanted is not None and answer != "unknown":
            tone = "good" if (answer == "yes") == wanted else "bad"
        at = check.mail_looked_at if name == "email_deliverable" else check.looked_at
        lines.append(Line(label, answer.capitalize(), tone, check.reasons.get(name, ""), at))
    if lead.person.phone:
        tone = {"yes": "good", "no": "bad"}.get(check.phone_real, "")
        kind = check.phone_type.capitalize() or {"no": "No"}.get(check.phone_real, "Unknown")
        lines.append(Line("Phone", kind, tone, check.reasons.get("phone_real", ""), check.looked_at))
    if check.country_by:
        how = {"phone": "Likely, from the phone number.", "domain": "A guess, from the end of the domain."}
        lines.append(Line("Country", lead.person.country, "", how[check.country_by], check.looked_at))
    return lines


def history(lead: Lead) -> dict[str, Any]:
    """For `qualify/history.html`: how the lead came to its stage."""
    return {"lead": lead, "history": queries.stage_history(lead)}
