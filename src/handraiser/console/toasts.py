"""A toast says in the past tense what was done; it may carry the way back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest


def toast(request: HttpRequest, text: str, *, undo: str = "") -> None:
    """Show `text` on the next page. `undo` is an address that takes the effect back when it is posted to."""
    messages.success(request, text, extra_tags=f"undo:{undo}" if undo else "")
