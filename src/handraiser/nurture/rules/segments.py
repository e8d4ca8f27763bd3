"""What a segment may begin with."""

from __future__ import annotations

from dataclasses import dataclass

from handraiser.core.audience.rules import conditions as c


@dataclass(frozen=True)
class Starter:
    """A segment that many firms have."""

    name: str
    about: str
    definition: c.Definition


STARTERS: dict[str, Starter] = {
    "quiet": Starter(
        "Readers gone quiet",
        "They allowed news, were written to, and opened nothing in 30 days.",
        c.Definition(
            c.AllOf(
                (
                    c.Consent("marketing"),
                    c.Performed("delivery.message_sent", "at_least", 2, 90),
                    c.Performed("delivery.email_opened", "at_most", 0, 30),
                )
            )
        ),
    ),
    "interested": Starter(
        "Looking at prices",
        "Two visits to the pricing page in 14 days, and no demo asked for yet.",
        c.Definition(
            c.AllOf(
                (
                    c.Performed(
                        "attract.page_viewed",
                        "at_least",
                        2,
                        14,
                        (c.Where("path", "starts_with", ("/pricing",)),),
                    ),
                    c.Performed(
                        "capture.form_submitted", "at_most", 0, None, (c.Where("intent", "is", ("demo",)),)
                    ),
                )
            )
        ),
    ),
    "customers": Starter(
        "Customers",
        "A lead of theirs became a customer. Useful as an exception elsewhere.",
        c.Definition(c.AllOf((c.Stage(("customer",)),))),
    ),
}
