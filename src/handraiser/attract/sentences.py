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
    told = body.get("properties") or {}
    of_the_tracker = {
        "page_left": ("clock", f"Read **{told.get('page')}** for {_duration(told.get('seconds'))}"),
        "outbound_click": ("out", f"Left for **{told.get('host')}**"),
        "file_download": ("download", f"Took the file **{told.get('file')}**"),
        "form_start": ("form", "Began to fill in a form"),
        "form_abandon": ("form", f"Left a form unsent at **{told.get('field') or 'a field'}**"),
    }
    if (found := of_the_tracker.get(body.get("event", ""))) and told:
        return Sentence(*found, "website")
    return Sentence("cursor", f"Did **{body.get('event') or 'something'}**", "website")


def _duration(seconds: Any) -> str:
    whole = int(min(seconds, 86_400)) if isinstance(seconds, int | float) and seconds == seconds else 0
    return f"{whole} s" if whole < 120 else f"{whole // 60} min"


def _visit(body: dict[str, Any]) -> Sentence:
    channel = channels.label(body.get("channel", ""))
    detail = ", ".join(part for part in (body.get("source"), body.get("campaign")) if part)
    return Sentence("attract", f"Came from **{channel}**{f' ({detail})' if detail else ''}", "website")


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence]] = {
    PageViewed.name: _viewed,
    EventTracked.name: _tracked,
    VisitStarted.name: _visit,
}
