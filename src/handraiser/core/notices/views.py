"""The inbox of a member of staff, and the door that open pages knock at for news."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from handraiser.core.notices import queries
from handraiser.core.notices.actions import notices
from handraiser.core.notices.models import Notice
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock


@require_safe
def inbox(request: StaffRequest) -> HttpResponse:
    """Everything this person was told, the unread alone when asked for."""
    only_unread = request.GET.get("show") == "unread"
    rows = queries.unread(request.user) if only_unread else request.user.notices.order_by("-at", "-id")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    here = reverse("notices:inbox")
    unread = queries.count_for(request.user)[0]
    context = {
        "page": page,
        "unread": unread,
        "only_unread": only_unread,
        "tab_items": [("All", here, not only_unread), ("Unread", f"{here}?show=unread", only_unread, unread)],
    }
    return render(request, "notices/inbox.html", context)


@require_POST
def open_notice(request: StaffRequest, notice_id: str) -> HttpResponse:
    """Mark one of their own notices as read and go where it points."""
    notice = get_object_or_404(Notice, id=notice_id, user=request.user)
    notices.mark_read(user=request.user, at=clock.now(), notice_ids=[notice.id])
    inside = url_has_allowed_host_and_scheme(notice.url, allowed_hosts=None) and notice.url.startswith("/")
    return redirect(notice.url if inside else reverse("notices:inbox"))


@require_POST
def read_all(request: StaffRequest) -> HttpResponse:
    """Mark everything of this person as read."""
    notices.mark_read(user=request.user, at=clock.now())
    return redirect("notices:inbox")


@never_cache
@require_safe
def poll(request: StaffRequest) -> JsonResponse:
    """The unread count, and what came after the notice that the page knows. One indexed query.

    A page that knows nothing yet (`after` is missing) is told where it stands, not everything at once.
    """
    after = request.GET.get("after")
    rows = list(queries.unread(request.user).values("id", "title", "url")[: queries.COUNTED])
    fresh = [row for row in rows if after is not None and row["id"] > after]
    return JsonResponse(
        {
            "count": len(rows),
            "latest": rows[0]["id"] if rows else after or "",
            "new": [
                {"title": row["title"], "open": reverse("notices:open", args=[row["id"]])}
                for row in fresh[:3][::-1]
            ],
        }
    )
