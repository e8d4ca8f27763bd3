"""What a merge does to the rows of this folder, and of the folders that lie below it."""

from __future__ import annotations

from django.db.models import Q

from handraiser.core.consent.models import Grant
from handraiser.core.identity.models import Alias, LikelyPair, Merge, TimelineItem, VisitorLink
from handraiser.core.identity.on_merge import Aside, Leave, Merging, Move, on_merge
from handraiser.core.journal import outbox
from handraiser.core.journal.events.consent import ConsentWithdrawn
from handraiser.core.journal.models import ParkedEvent
from handraiser.core.people.models import Identifier, Lead, Note, Task


def strictest(merging: Merging) -> None:
    """What either of them took back is taken back: a permission of the other does not speak for both."""
    grants = Grant.objects.filter(person_id__in=(merging.kept, merging.gone))
    given: dict[tuple[str, str], bool] = {}
    for person, purpose, withdrawn in grants.values_list("person_id", "purpose_id", "withdrawn_at"):
        given[person, purpose] = given.get((person, purpose), False) or withdrawn is None
    for purpose in sorted({purpose for (_, purpose), in_force in given.items() if not in_force}):
        standing = grants.filter(purpose_id=purpose, withdrawn_at=None)
        for grant in standing.order_by("id").values_list("id", flat=True):
            outbox.publish(
                ConsentWithdrawn(purpose=purpose, grant=grant, how="merge"),
                at=merging.at,
                person=merging.kept,
            )
        merging.change(standing, {"withdrawn_at": merging.at, "withdrawn_how": "merge"})


def remember_strangers(merging: Merging) -> None:
    """Of whom somebody said "not the same" about one, it holds for both; other proposals are made anew."""
    about = LikelyPair.objects.filter(
        Q(one_id=merging.gone) | Q(other_id=merging.gone) | Q(one_id=merging.kept) | Q(other_id=merging.kept)
    )
    both = {merging.kept, merging.gone}
    apart: dict[str, LikelyPair] = {}
    known = set()
    for pair in about:
        stranger = ({pair.one_id, pair.other_id} - both) or {""}
        name = stranger.pop()
        if merging.kept in (pair.one_id, pair.other_id):
            known.add(name)
        elif pair.state == LikelyPair.State.NOT_THE_SAME:
            apart[name] = pair
    merging.take_out(about.filter(Q(one_id=merging.gone) | Q(other_id=merging.gone)))
    for stranger_id, pair in sorted(apart.items()):
        if stranger_id in known:
            standing = about.filter(Q(one_id=stranger_id) | Q(other_id=stranger_id)).exclude(
                state=LikelyPair.State.NOT_THE_SAME
            )
            values = {"state": pair.state, "decided_at": pair.decided_at, "decided_by": pair.decided_by}
            merging.change(standing, values)
            continue
        one, other = sorted((merging.kept, stranger_id))
        merging.add(
            LikelyPair(
                one_id=one,
                other_id=other,
                probability=pair.probability,
                reasons=pair.reasons,
                state=pair.state,
                found_at=pair.found_at,
                decided_at=pair.decided_at,
                decided_by=pair.decided_by,
            )
        )


_PAIRED = Aside("the finder proposes pairs anew; what was decided holds for the one who is kept")

ON_MERGE = [
    on_merge(Identifier, person=Move()),
    on_merge(Note, person=Move(), lead=Move()),
    on_merge(Task, person=Move(), lead=Move()),
    # Open leads on one line have become one before this; all others go over.
    on_merge(Lead, person=Move(), recycled_from=Move()),
    on_merge(Grant, person=Move(), first=strictest),
    on_merge(VisitorLink, person=Move()),
    on_merge(
        TimelineItem,
        person=Move(),
        lead_id=Move(within="person"),
        told_person=Leave("what the event says: by it the way back is found"),
        told_lead=Leave("what the event says: by it the way back is found"),
    ),
    on_merge(Alias, person=Move(), lead=Move()),
    on_merge(Merge, kept=Move(), gone_id=Leave("the history of merges")),
    on_merge(LikelyPair, one=_PAIRED, other=_PAIRED, first=remember_strangers),
    on_merge(ParkedEvent, subject=Leave("the order of what waits; readers ask for the alias")),
]
