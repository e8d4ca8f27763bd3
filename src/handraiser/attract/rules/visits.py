"""Folding page views into visits: a pause of 30 minutes, or a new campaign, begins the next one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from handraiser.attract.rules.channels import Touch

GAP_MS = 30 * 60_000


@dataclass(frozen=True)
class View:
    """One page view. `named`: the address itself says where it came from, by campaign or click id.

    `told`: what the touch was derived from.
    """

    visitor: str
    at_ms: int
    path: str
    touch: Touch
    named: bool
    message_id: str
    consent: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Span:
    """A visit while it is folded, from the page view `began_with` on. `id` is empty until it is stored."""

    visitor: str
    started_ms: int
    last_ms: int
    touch: Touch
    consent: bool
    began_with: str
    id: str = ""
    views: int = 0
    changed: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)
    paths: dict[str, int] = field(default_factory=dict)

    def take(self, view: View) -> None:
        """Count one more page view."""
        self.last_ms = max(self.last_ms, view.at_ms)
        self.views += 1
        self.changed = True
        self.consent = self.consent or view.consent
        self.paths[view.path] = min(view.at_ms, self.paths.get(view.path, view.at_ms))


def fold(newest: Mapping[str, Span], views: Iterable[View]) -> list[Span]:
    """Continue each visitor's newest visit, or begin new ones; returns those that changed, in order of start.

    Late views join the visit whose time they fall into, if it is still the newest; else they make one of
    their own, which does not replace the newest.
    """
    current = dict(newest)
    spans: list[Span] = []
    for view in sorted(views, key=lambda one: (one.at_ms, one.message_id)):
        span = current.get(view.visitor)
        if span is not None and _belongs(view, span):
            if not span.changed:
                spans.append(span)
            span.take(view)
            continue
        fresh = Span(
            visitor=view.visitor,
            started_ms=view.at_ms,
            last_ms=view.at_ms,
            touch=view.touch,
            consent=view.consent,
            began_with=view.message_id,
            told=view.told,
        )
        fresh.take(view)
        spans.append(fresh)
        if span is None or view.at_ms >= span.started_ms:
            current[view.visitor] = fresh
    return spans


def _belongs(view: View, span: Span) -> bool:
    if not span.started_ms - GAP_MS <= view.at_ms <= span.last_ms + GAP_MS:
        return False
    return not view.named or _campaign(view.touch) == _campaign(span.touch)


def _campaign(touch: Touch) -> tuple[str, str, str]:
    return touch.source, touch.medium, touch.campaign
