"""What a model looks at, in words that a marketer understands."""

from __future__ import annotations

from handraiser.qualify.rules.vocabulary import ATTRIBUTES

_PLAIN = {
    "how": "How they came in",
    "channel": "First channel",
    "source": "First source",
    "medium": "First medium",
    "campaign": "First campaign",
    "landing_page": "First page",
    "offer_line": "Offer line",
    "last_channel": "Last channel",
    "recycled": "Was recycled before",
    "days_open": "Days since they raised a hand",
    "days_known": "Days known before",
    "fit": "Points for fit",
    "engagement": "Points for engagement",
}
_DEEDS = {
    "visits": ("visit", "visits"),
    "pages": ("page viewed", "pages viewed"),
    "events": ("event tracked", "events tracked"),
    "forms": ("form sent", "forms sent"),
    "downloads": ("download", "downloads"),
    "opens": ("email opened", "emails opened"),
    "clicks": ("link followed in an email", "links followed in emails"),
    "unsubscribed": ("unsubscription", "unsubscriptions"),
}
_SPANS = {"7": "in 7 days", "30": "in 30 days", "all": "so far"}

# Columns that stand for a group of people, or nearly so: told on the model card.
SENSITIVE = ("country", "email_free", "phone_type", "job_title")

# What may be left out by hand.
CHOICES = (
    "country",
    "job_title",
    "email_free",
    "phone_type",
    "company_industry",
    "company_employees",
    "how",
    "channel",
    "source",
    "campaign",
    "landing_page",
    "offer_line",
    "fit",
    "engagement",
)


def label(column: str) -> str:
    """A column's name, as a heading."""
    if column in _PLAIN:
        return _PLAIN[column]
    if column in ATTRIBUTES:
        return ATTRIBUTES[column].label
    if column.startswith("custom."):
        return column.removeprefix("custom.").replace("_", " ").capitalize()
    deed, _, span = column.rpartition("_")
    if deed in _DEEDS:
        many = _DEEDS[deed][1]
        words = f"days since the last {_DEEDS[deed][0]}" if span == "since" else f"{many} {_SPANS[span]}"
        return words[0].upper() + words[1:]
    return column


def sentence(column: str, value: str) -> str:
    """What is so of one lead: `value` as `Predictor.reasons` says it."""
    deed, _, span = column.rpartition("_")
    if deed in _DEEDS and span in _SPANS:
        one, many = _DEEDS[deed]
        if value == "0":
            return f"No {one} {_SPANS[span]}"
        return f"{value} {one if value == '1' else many} {_SPANS[span]}"
    if deed in _DEEDS and span == "since":
        one = _DEEDS[deed][0]
        if value == "missing":
            return f"No {one} so far"
        when = {"0": "today", "1": "a day ago"}.get(value, f"{value} days ago")
        return f"Last {one} {when}"
    if column == "days_open":
        return "Raised a hand today" if value == "0" else f"Raised a hand {value} days ago"
    if column == "recycled":
        return "Was recycled before" if value == "yes" else "Came for the first time"
    if value == "missing":
        return f"{label(column)} unknown"
    return f"{label(column)}: {value}"
