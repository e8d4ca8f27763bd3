"""What conditions may look at, with the words that people read, and the facts that can change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Source = Literal["person", "company", "lead"]
Kind = Literal["text", "number", "date", "moment", "yes"]


@dataclass(frozen=True)
class Known:
    """Something known of a person, company or lead.

    `column` is where it stands; a custom field has none and is found by `custom`. `choices`: its values, if few.
    """

    label: str
    source: Source
    kind: Kind = "text"
    column: str = ""
    custom: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Happening:
    """An event that conditions may count: the words for it, and the properties that may narrow it."""

    did: str
    thing: str
    fields: Mapping[str, str]
    choices: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    machines: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of email addresses that a later layer keeps, which tells of changes by `actions.touched.addresses`.

    `rows` selects its addresses, in small letters, as `address`, each with its `reason`.
    """

    label: str
    reasons: Mapping[str, str]
    rows: str


@dataclass(frozen=True)
class Catalogue:
    """Everything that conditions may name here: attributes and lists by key, segments and purposes by id.

    A field that was removed is in none of them any more; nothing is known by it.
    """

    attributes: Mapping[str, Known]
    segments: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Listing] = field(default_factory=dict)


ATTRIBUTES: dict[str, Known] = {
    "person.job_title": Known("Job title", "person", column="job_title"),
    "person.email": Known("Email", "person", column="email"),
    "person.email_domain": Known("Email domain", "person", column="email_domain"),
    "person.phone": Known("Phone", "person", column="phone"),
    "person.first_name": Known("First name", "person", column="first_name"),
    "person.last_name": Known("Last name", "person", column="last_name"),
    "person.country": Known("Country", "person", column="country"),
    "person.time_zone": Known("Time zone", "person", column="time_zone"),
    "person.created_at": Known("Known since", "person", "moment", column="created_at"),
    "company.name": Known("Company", "company", column="name"),
    "company.domain": Known("Company domain", "company", column="domain"),
    "company.industry": Known("Industry", "company", column="industry"),
    "company.employees": Known("Company size", "company", "number", column="employees"),
    "company.country": Known("Company country", "company", column="country"),
    "lead.how": Known("How the lead came", "lead", column="how"),
    "lead.raised_with": Known("Raised a hand with", "lead", column="raised_with"),
    "lead.channel": Known("First channel", "lead", column="channel"),
    "lead.source": Known("First source", "lead", column="source"),
    "lead.medium": Known("First medium", "lead", column="medium"),
    "lead.campaign": Known("First campaign", "lead", column="campaign"),
    "lead.landing_page": Known("Landing page", "lead", column="landing_page"),
    "lead.opened_at": Known("Lead since", "lead", "moment", column="opened_at"),
}

_INTENTS = (
    ("newsletter", "the newsletter"),
    ("magnet", "a download"),
    ("contact", "contact"),
    ("demo", "a demo"),
)

EVENTS: dict[str, Happening] = {
    "attract.page_viewed": Happening("Visited", "page", {"path": "path", "title": "title"}),
    "attract.visit_started": Happening(
        "Came", "visit", {"channel": "channel", "source": "source", "campaign": "campaign"}
    ),
    "attract.event_tracked": Happening("Did", "event", {"event": "name"}),
    "capture.form_viewed": Happening("Saw a form", "form", {"form": "form"}),
    "capture.form_submitted": Happening(
        "Sent a form",
        "form",
        {"intent": "for", "form": "form", "form_name": "form name"},
        {"intent": _INTENTS},
    ),
    "capture.magnet_downloaded": Happening(
        "Downloaded", "download", {"kind": "kind", "magnet_name": "name", "magnet": "magnet"}
    ),
    "delivery.message_sent": Happening(
        "Was sent an email", "email", {"template": "template", "purpose": "purpose"}
    ),
    "delivery.email_opened": Happening("Opened email", "email", {"template": "template"}, machines=True),
    "delivery.email_clicked": Happening(
        "Clicked in an email", "email", {"url": "address", "template": "template"}, machines=True
    ),
    "delivery.unsubscribed": Happening("Unsubscribed", "email", {"how": "how"}),
    "nurture.enrolled": Happening("Entered a sequence", "sequence", {"sequence": "sequence"}),
    "nurture.enrolment_ended": Happening(
        "Left a sequence", "sequence", {"sequence": "sequence", "reason": "reason"}
    ),
    "people.lead_opened": Happening("Raised a hand", "lead", {"how": "how", "source": "source"}),
    "qualify.stage_changed": Happening("Changed stage", "stage", {"stage": "to", "previous": "from"}),
    "convert.deal_opened": Happening("Got a deal", "deal", {"pipeline": "pipeline"}),
    "convert.deal_won": Happening("Won as a customer", "deal", {}),
    "convert.deal_lost": Happening("Lost a deal", "deal", {"reason": "reason"}),
}
# Any property of a freely named event may narrow it: `properties.plan`.
FREE = "attract.event_tracked"
FREE_FIELDS = "properties."

STAGES: dict[str, str] = {
    "lead": "Lead",
    "mql": "MQL",
    "accepted": "Accepted",
    "sql": "SQL",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "recycled": "Recycled",
    "disqualified": "Disqualified",
}
GRADES = tuple(letter + digit for letter in "ABC" for digit in "123")
TEMPERATURES = {"cold": "Cold", "warm": "Warm", "hot": "Hot"}

# Facts after which somebody's whole history or person is another one: every condition is asked anew.
REWRITING = frozenset(
    {
        "identity.visitor_linked",
        "identity.visitor_unlinked",
        "identity.persons_merged",
        "identity.persons_unmerged",
        "people.person_created",
    }
)
COMPANY_CHANGED = "people.company_changed"
_LEAD = frozenset({"people.lead_opened", "people.lead_removed", "qualify.stage_changed"})
# Facts that change what is known, by where it is kept. A later hand fills gaps of an open lead without a fact of
# its own: the form that it was raised with tells of it.
TOLD_BY: dict[str, frozenset[str]] = {
    "person": frozenset({"people.person_changed", "qualify.person_enriched", COMPANY_CHANGED}),
    "company": frozenset({"people.person_changed", "qualify.person_enriched", COMPANY_CHANGED}),
    "lead": _LEAD | {"people.lead_changed", "people.lead_assigned", "capture.form_submitted"},
    "stage": _LEAD,
    "score": _LEAD | {"qualify.score_changed"},
    "consent": frozenset({"consent.consent_granted", "consent.consent_withdrawn"}),
}
HEARD = frozenset({*EVENTS, *REWRITING}.union(*TOLD_BY.values()))
"""Every fact that can change the truth of a condition."""
