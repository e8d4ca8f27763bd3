"""Every "no" of sales has a name and a sentence; they are stored, counted and shown."""

from __future__ import annotations

from django.db import models


class Reject(models.TextChoices):
    """Why a rep gives a lead back."""

    WRONG_FIT = "wrong_fit", "Wrong fit"
    NO_NEED = "no_need", "No need"
    NOT_NOW = "not_now", "Not now"
    DUPLICATE = "duplicate", "Duplicate"
    NO_CONTACT = "no_contact", "No contact"
    OTHER = "other", "Other"


class Lost(models.TextChoices):
    """Why a deal was lost."""

    PRICE = "price", "Price"
    COMPETITOR = "competitor", "Chose somebody else"
    NO_DECISION = "no_decision", "No decision"
    NOT_NOW = "not_now", "Not now"
    NO_BUDGET = "no_budget", "No budget"
    MISSING = "missing", "Something is missing"
    WRONG_FIT = "wrong_fit", "Wrong fit"
    NO_CONTACT = "no_contact", "Went silent"
    OTHER = "other", "Other"


# What each reason means, and what it does to the lead.
REJECT_SENTENCES: dict[str, str] = {
    Reject.WRONG_FIT: "Not a firm or a person we can help. The lead is closed as disqualified.",
    Reject.NO_NEED: "They do not have the problem we solve. The lead is closed as disqualified.",
    Reject.NOT_NOW: "Interested, but later. The lead is recycled and a task comes on the day you choose.",
    Reject.DUPLICATE: "We know this person under another lead. The lead goes back to marketing.",
    Reject.NO_CONTACT: "They could not be reached. The lead goes to the next rep in turn.",
    Reject.OTHER: "Something else; say what. The lead goes to the next rep in turn.",
}

LOST_SENTENCES: dict[str, str] = {
    Lost.PRICE: "Too dear for what they saw in it.",
    Lost.COMPETITOR: "They bought from somebody else.",
    Lost.NO_DECISION: "They stayed with what they have.",
    Lost.NOT_NOW: "Perhaps later.",
    Lost.NO_BUDGET: "The money was not there.",
    Lost.MISSING: "The product lacks something they need.",
    Lost.WRONG_FIT: "They were not our customer to begin with.",
    Lost.NO_CONTACT: "They stopped answering.",
    Lost.OTHER: "Something else.",
}
