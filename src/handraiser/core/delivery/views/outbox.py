"""The outbox: what goes out, what went, what did not and why."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib import messages as toasts
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from handraiser.core.delivery import mime, queries
from handraiser.core.delivery.actions import messages, sending
from handraiser.core.delivery.models import Message, Switch
from handraiser.core.delivery.rules import suppress
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock

LABELS = {"waiting": "Waiting", "sent": "Sent", "not-sent": "Not sent", "failed": "Failed"}
VERBS = {
    "hold": (messages.hold, "{} is on hold"),
    "release": (messages.release, "{} goes out now"),
    "cancel": (messages.cancel, "{} was taken back"),
    "again": (messages.send_again, "{} is sent again"),
}


def _standing(now) -> dict[str, object]:
    """What every part of the outbox says about sending as a whole."""
    return {
        "switch": Switch.get(),
        "demo": settings.DEMO,
        "due_soon": queries.due_soon(now),
    }


@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """One tab of the outbox."""
    tab = request.GET.get("tab", "waiting")
    if tab not in queries.TABS:
        raise Http404
    now = clock.now()
    counts = queries.tab_counts()
    search, reason = request.GET.get("q", "").strip(), request.GET.get("reason", "")
    here = reverse("delivery:outbox")
    rows = Paginator(queries.listing(tab, search=search, reason=reason), 50).get_page(request.GET.get("page"))
    context = {
        "tab": tab,
        "now": now,
        "tab_items": [(label, f"{here}?tab={key}", key == tab, counts[key]) for key, label in LABELS.items()],
        "rows": rows,
        "q": search,
        "reason": reason,
        "reason_label": suppress.SHORT.get(reason, reason),
        "reasons": queries.not_sent_reasons() if tab == "not-sent" else [],
        "may_change": request.user.may(*EDITORS),
        **_standing(now),
    }
    partial = request.headers.get("HX-Request") and request.headers.get("HX-Target") == "outbox-rows"
    template = "delivery/outbox_rows.html" if partial else "delivery/outbox.html"
    return render(request, template, context)


@require_safe
def message(request: StaffRequest, message_id: str) -> HttpResponse:
    """The exact message, how it was decided, and what came back."""
    row = get_object_or_404(Message.objects.select_related("person"), id=message_id)
    organisation = Organisation.get()
    shown = request.GET.get("show", "html" if row.html else "text")
    here = reverse("delivery:message", args=[row.id])
    parts = [("HTML", "html"), ("Text", "text"), ("Headers", "headers"), ("Links", "links")]
    try:
        headers = list(mime.build(row, organisation, at=row.sent_at or row.due_at).items())
    except (ValueError, IndexError):
        headers = list(row.headers.items())
    context = {
        "row": row,
        "shown": shown,
        "parts": [
            (label, f"{here}?show={key}", key == shown, len(row.links) if key == "links" else None)
            for label, key in parts
            if key != "html" or row.html
        ],
        "headers": headers,
        "attempts": row.attempts.order_by("number"),
        "events": row.events.order_by("at", "id"),
        "may_change": request.user.may(*EDITORS),
        "sender": mime.sender(row, organisation),
        **_standing(clock.now()),
    }
    return render(request, "delivery/message.html", context)


@require_safe
def body(request: StaffRequest, message_id: str) -> HttpResponse:
    """The HTML alone, for the frame: it may show its own styles, and neither run nor fetch anything."""
    row = get_object_or_404(Message, id=message_id)
    answer = HttpResponse(_without_pixel(row))
    answer["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox; frame-ancestors 'self'"
    )
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _without_pixel(row: Message) -> str:
    # Looking at it here is no open.
    return re.sub(rf'src="[^"]*/o/{re.escape(row.id)}[^"]*"', 'src=""', row.html)


@require_POST
def change(request: StaffRequest, message_id: str, verb: str) -> HttpResponse:
    """Hold, send now, take back or send again."""
    if verb not in VERBS:
        raise Http404
    row = get_object_or_404(Message, id=message_id)
    act, sentence = VERBS[verb]
    act(row, at=clock.now())
    toasts.success(request, sentence.format(f"“{row.subject}”"))
    return redirect(request.POST.get("next") or reverse("delivery:message", args=[row.id]))


@require_POST
def pause(request: StaffRequest) -> HttpResponse:
    """Stop everything that leaves."""
    sending.pause(at=clock.now(), by=request.user.name)
    return redirect("delivery:outbox")


@require_POST
def resume(request: StaffRequest) -> HttpResponse:
    """Let it leave again."""
    sending.resume()
    return redirect("delivery:outbox")
