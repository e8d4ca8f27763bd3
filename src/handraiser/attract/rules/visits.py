"""Page views into visits: a pause of 30 minutes, or a new campaign, begins the next one.

Which visits there are follows from the views alone, never from the order in which they were told of: a late view
lengthens a visit at either end, makes one of its own, joins two or cuts one. So a visit keeps its views, and
whatever late ones touch is cut anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

import msgspec

from handraiser.attract.rules.channels import Touch

GAP_MS = 30 * 60_000
_LAST = "~"  # sorts behind every JSON object
_at = attrgetter("at_ms")


class View(msgspec.Struct, array_like=True, gc=False):
    """One page view, as a visit keeps it.

    `named`: the address itself says where it came from, by campaign or click id. `told`: what the touch is derived
    from, as JSON; kept of those that begin a visit and of those that may come to.
    """

    at_ms: int
    path: str
    consent: bool = False
    named: bool = False
    told: str = ""


@dataclass(slots=True)
class Span:
    """A visit: its views in order, and where the first of them came from. `id` is empty until it is stored."""

    visitor: str
    views: list[View]
    touch: Touch
    id: str = ""

    @property
    def started_ms(self) -> int:
        """The moment of the first view."""
        return self.views[0].at_ms

    @property
    def last_ms(self) -> int:
        """The moment of the last view."""
        return self.views[-1].at_ms

    @property
    def consent(self) -> bool:
        """Whether any of the views was with consent."""
        return True in [view.consent for view in self.views]

    @property
    def paths(self) -> dict[str, int]:
        """The pages that were seen, and when each was first."""
        seen: dict[str, int] = {}
        for view in self.views:
            seen.setdefault(view.path, view.at_ms)
        return seen


@dataclass
class Folded:
    """What views made of the visits: those that `began`, those that `changed` with the pages that each had before,
    and those that are `gone` into an earlier one."""

    began: list[Span] = field(default_factory=list)
    changed: list[tuple[Span, dict[str, int]]] = field(default_factory=list)
    gone: list[Span] = field(default_factory=list)


def fold(
    known: Iterable[Span], views: Mapping[str, Sequence[View]], touch_of: Callable[[str], Touch]
) -> Folded:
    """Put views into the visits of their visitors.

    `known` are the stored visits of each visitor that end less than half an hour before the earliest of the
    views, or later: no other can change. `touch_of` says what `told` comes to. Of visits that become one the
    earliest keeps its id.
    """
    stored: dict[str, list[Span]] = {}
    for span in known:
        stored.setdefault(span.visitor, []).append(span)
    folded = Folded()
    for visitor, fresh in views.items():
        if visitor not in stored:
            folded.began += _cut(visitor, _in_order(fresh), touch_of)
            continue
        before = sorted(stored[visitor], key=attrgetter("started_ms", "id"))
        everything = [view for span in before for view in span.views]
        everything += fresh
        _compare(before, _cut(visitor, _in_order(everything), touch_of), folded)
    folded.began.sort(key=attrgetter("started_ms", "visitor"))
    return folded


def _in_order(views: Sequence[View]) -> Sequence[View]:
    if len(views) == 1:
        return views
    by_time = sorted(views, key=_at)
    if any(earlier.at_ms == later.at_ms for earlier, later in pairwise(by_time)):
        by_time.sort(key=_order)
    return by_time


def _order(view: View) -> tuple[int, bool, str, str]:
    return view.at_ms, not view.named, view.path, view.told or _LAST


def _cut(visitor: str, views: Sequence[View], touch_of: Callable[[str], Touch]) -> list[Span]:
    spans: list[Span] = []
    span: Span | None = None
    until = 0
    for view in views:
        at_ms = view.at_ms
        touch = touch_of(view.told) if view.named else None
        if span is not None and at_ms <= until:
            if touch is None:
                # No view to come can make this one the first: only a campaign cuts a visit.
                view.told = ""
            if touch is None or _campaign(touch) == _campaign(span.touch):
                span.views.append(view)
                until = at_ms + GAP_MS
                continue
        span = Span(visitor, [view], touch or touch_of(view.told))
        until = at_ms + GAP_MS
        spans.append(span)
    return spans


def _campaign(touch: Touch) -> tuple[str, str, str]:
    return touch.source, touch.medium, touch.campaign


def _compare(before: list[Span], spans: list[Span], folded: Folded) -> None:
    """Give each visit the id of the stored one whose first view it holds, and note what became of the stored."""
    holder = {id(view): span for span in spans for view in span.views}
    was: dict[str, Span] = {}
    for span in before:
        now = holder[id(span.views[0])]
        if now.id:
            folded.gone.append(span)
        else:
            now.id = span.id
            was[span.id] = span
    for span in spans:
        if not span.id:
            folded.began.append(span)
        elif [id(view) for view in span.views] != [id(view) for view in was[span.id].views]:
            folded.changed.append((span, was[span.id].paths))
