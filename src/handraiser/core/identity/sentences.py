"""How recognising a visitor reads on a timeline."""

from __future__ import annotations

from handraiser.core.people.sentences import Sentence

_HOW = {"form": "by a form", "identify": "by the site", "email_click": "by a link in an email, likely"}

SENTENCES = {
    "identity.visitor_linked": lambda body: Sentence(
        "user", f"Was **recognised** {_HOW.get(body['how'], 'here')}", "system"
    ),
    "identity.visitor_unlinked": lambda body: Sentence(
        "user", "A browser turned out to be **somebody else's**", "system"
    ),
    "identity.persons_merged": lambda body: Sentence("user", "Was **merged** with another entry", "system"),
    "identity.persons_unmerged": lambda body: Sentence("user", "Was **un-merged** again", "system"),
}
