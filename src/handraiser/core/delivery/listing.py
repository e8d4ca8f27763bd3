"""The addresses that we leave alone, as conditions ask for them."""

from __future__ import annotations

from handraiser.core.audience.rules.vocabulary import Listing

SUPPRESSED = Listing(
    label="Suppressed",
    reasons={
        "unsubscribed": "unsubscribed",
        "bounced": "bounced",
        "complained": "complained",
        "manual": "left alone by hand",
        "erased": "asked to be erased",
    },
    rows="select email as address, reason from delivery_suppression",
)
