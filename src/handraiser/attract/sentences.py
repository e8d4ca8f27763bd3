"""How this stage's events read in a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handraiser.attract.rules import channels
from handraiser.core.journal.events.attract import EventTracked, PageViewed, VisitStarted
from handraiser.core.people.sentences import Sentence


def _viewed(body: dict[str, Any]) -> Sentence:
    title = body.get("title") or body.get("path") or "a page"
    return Sentence("page", f"Looked at **{title.split(' · ')[0]}**", "website")


def _tracked(body: dict[str, Any]) -> Sentence:
    return Sentence("cursor", f"Did **{body.get('event') or 'something'}**", "website")


def _visit(body: dict[str, Any]) -> Sentence:
    channel = channels.label(body.get("channel", ""))
    detail = ", ".join(part for part in (body.get("source"), body.get("campaign")) if part)
    return Sentence("attract", f"Came from **{channel}**{f' ({detail})' if detail else ''}", "website")


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence]] = {
    PageViewed.name: _viewed,
    EventTracked.name: _tracked,
    VisitStarted.name: _visit,
}
