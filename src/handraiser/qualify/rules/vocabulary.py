"""What a rule may look at, with the words that people read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """Something known about a person, their company or their lead. `source` says where it comes from."""

    label: str
    source: str
    kind: str = "text"


@dataclass(frozen=True)
class ScoredFact:
    """An event that can give points: the fields that may narrow it, and the one that tells two apart."""

    verb: str
    noun: str
    fields: tuple[str, ...]
    apart: str


ATTRIBUTES: dict[str, Attribute] = {
    "job_title": Attribute("Job title", "from form, chat or enrichment"),
    "email_domain": Attribute("Email domain", "from the address"),
    "email_free": Attribute("Email is at a free mail service", "gmail.com, outlook.com and such", "yes"),
    "email_disposable": Attribute("Email is thrown away", "from a list of such services", "yes"),
    "email_role": Attribute("Email is a desk's, not a person's", "info@, sales@ and such", "yes"),
    "email_deliverable": Attribute("Email domain takes mail", "from its mail servers", "yes"),
    "email_bounced": Attribute("Mail to the address bounced", "from a message that came back", "yes"),
    "phone_type": Attribute("Kind of phone number", "mobile, fixed, toll free and such"),
    "country": Attribute("Country", "from the person, else the company"),
    "company_name": Attribute("Company", "from form or import"),
    "company_industry": Attribute("Industry", "from the company"),
    "company_employees": Attribute("Company size", "from the company", "number"),
    "channel": Attribute("First channel", "from the first visit"),
    "source": Attribute("First source", "from the first visit"),
    "campaign": Attribute("First campaign", "from the first visit"),
}

FACTS: dict[str, ScoredFact] = {
    "attract.page_viewed": ScoredFact("Visited", "page", ("path",), "path"),
    "capture.form_submitted": ScoredFact("Sent a form", "form", ("intent", "form"), "form"),
    "capture.magnet_downloaded": ScoredFact("Downloaded", "download", ("kind", "magnet"), "magnet"),
    "delivery.email_opened": ScoredFact("Opened", "email", (), "message"),
    "delivery.email_clicked": ScoredFact("Followed a link in", "email", ("url",), "message"),
    "attract.event_tracked": ScoredFact("Did", "event", ("event",), "event"),
    "delivery.unsubscribed": ScoredFact("Unsubscribed from", "email", (), "message"),
}

# Facts that change what somebody is known to have done.
REWRITING = frozenset(
    {
        "identity.visitor_linked",
        "identity.visitor_unlinked",
        "identity.persons_merged",
        "identity.persons_unmerged",
    }
)

# Facts that change an attribute, a history or whether a lead is open, though no rule counts them.
TOUCHING = frozenset(
    {
        "people.person_created",
        "delivery.message_failed",  # the address may have bounced
        "people.person_changed",
        "people.lead_opened",
        "qualify.person_enriched",
        "qualify.stage_changed",
        *REWRITING,
    }
)

INTENTS = {"newsletter": "the newsletter", "magnet": "a download", "contact": "contact", "demo": "a demo"}
