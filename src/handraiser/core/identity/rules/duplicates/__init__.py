"""Which records are probably the same person: blocking, then Fellegi-Sunter weights learned without labels.

`columns` says how values of a kind are cleaned, compared and guessed, `blocking` which pairs are worth a look,
`weights` learns what an agreement is worth, `finding` puts them together.
"""

from handraiser.core.identity.rules.duplicates.columns import KINDS, ROLES, Column, guess
from handraiser.core.identity.rules.duplicates.finding import Pair, find

__all__ = ["KINDS", "ROLES", "Column", "Pair", "find", "guess"]
