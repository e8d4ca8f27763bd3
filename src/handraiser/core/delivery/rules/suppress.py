"""May this message go out? Every no has a name and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a message was not sent."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    MANUAL = "manual"
    NO_CONSENT = "no_consent"
    NO_SENDER = "no_sender"
    NO_POSTAL_ADDRESS = "no_postal_address"
    NO_ADDRESS = "no_address"
    CANCELLED = "cancelled"


SENTENCES: dict[str, str] = {
    Reason.UNSUBSCRIBED: "They unsubscribed.",
    Reason.BOUNCED: "An earlier message to this address bounced.",
    Reason.COMPLAINED: "They reported an earlier message as spam.",
    Reason.ERASED: "They asked to be erased.",
    Reason.MANUAL: "Somebody put this address on the suppression list.",
    Reason.NO_CONSENT: "They did not say yes to news by email.",
    Reason.NO_SENDER: "No sender is set. Set it under Settings, Organisation.",
    Reason.NO_POSTAL_ADDRESS: "Marketing mail must carry your postal address, and it did not.",
    Reason.NO_ADDRESS: "The person has no email address.",
    Reason.CANCELLED: "It was taken back before it was sent.",
}

SHORT: dict[str, str] = {
    Reason.UNSUBSCRIBED: "unsubscribed",
    Reason.BOUNCED: "bounced before",
    Reason.COMPLAINED: "complained",
    Reason.ERASED: "asked to be erased",
    Reason.MANUAL: "on the suppression list",
    Reason.NO_CONSENT: "did not say yes to news",
    Reason.NO_SENDER: "no sender set",
    Reason.NO_POSTAL_ADDRESS: "no postal address set",
    Reason.NO_ADDRESS: "no address known",
    Reason.CANCELLED: "taken back",
}


@dataclass(frozen=True)
class Facts:
    """What the decision needs. `suppressed` maps scope ("marketing" or "all") to the reason on the list."""

    purpose: str
    address: str
    suppressed: dict[str, str]
    may_market: bool
    has_sender: bool
    carries_postal_address: bool


def refusal(facts: Facts) -> Reason | None:
    """The first reason against sending, or None.

    A list entry for everything stops all but system and staff mail; one for marketing, a missing permission,
    sender or postal address stops marketing.
    """
    to_staff = facts.purpose in ("system", "notice")
    if not facts.address:
        return Reason.NO_ADDRESS
    if not to_staff and "all" in facts.suppressed:
        return Reason(facts.suppressed["all"])
    if facts.purpose != "marketing":
        return None
    if "marketing" in facts.suppressed:
        return Reason(facts.suppressed["marketing"])
    if not facts.may_market:
        return Reason.NO_CONSENT
    if not facts.has_sender:
        return Reason.NO_SENDER
    if not facts.carries_postal_address:
        return Reason.NO_POSTAL_ADDRESS
    return None
