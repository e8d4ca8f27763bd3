"""The doors that stand in a mail: links, the pixel, and the way out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from handraiser.core.delivery.actions import reactions, suppressions, tokens
from handraiser.core.delivery.models import Message
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def _message(token: str, use: str) -> tuple[Message, str]:
    named = tokens.read(token, use=use)
    message_id, _, rest = named.partition(".")
    message = Message.objects.select_related("person").filter(id=message_id).first()
    if message is None:
        raise DomainError("bad_link", "The mail that this link came from is gone.", kind="missing")
    return message, rest


def _answers_kindly(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A link that is not ours, or no longer, gets a page of its own: strangers see no back office."""

    @wraps(view)
    def answer(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return view(request, token)
        except DomainError as error:
            return render(request, "delivery/gone.html", {"error": error}, status=error.status)

    return answer


def _prefetch(request: HttpRequest) -> bool:
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return "prefetch" in purpose or "preview" in purpose


@never_cache
@require_safe
@_answers_kindly
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the target that was stored with the message, and to no other."""
    message, number = _message(token, "click")
    if not number.isdigit() or int(number) >= len(message.links):
        raise DomainError("bad_link", "The mail has no such link.", kind="missing")
    reactions.clicked(
        message=message,
        link=int(number),
        at=clock.now(),
        method=request.method or "GET",
        user_agent=request.headers.get("User-Agent", ""),
        prefetch=_prefetch(request),
    )
    answer = HttpResponseRedirect(message.links[int(number)])
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer


@never_cache
@require_safe
def pixel(request: HttpRequest, token: str) -> HttpResponse:
    """One transparent dot; the answer is the same whether the token is good or not."""
    try:
        message, _ = _message(token, "open")
    except DomainError:
        return HttpResponse(_PIXEL, content_type="image/gif")
    reactions.opened(
        message=message,
        at=clock.now(),
        method=request.method or "GET",
        user_agent=request.headers.get("User-Agent", ""),
        prefetch=_prefetch(request),
    )
    return HttpResponse(_PIXEL, content_type="image/gif")


@csrf_exempt  # a mail program posts here without cookies (RFC 8058); the token in the address is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_answers_kindly
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what would change, POST changes it: scanners follow links, they do not post."""
    message, _ = _message(token, "unsubscribe")
    listed = suppressions.of([message.to])[message.to]
    if request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        suppressions.unsubscribe(message=message, at=clock.now(), how="one_click" if one_click else "link")
        if one_click:
            return HttpResponse("You are unsubscribed.\n", content_type="text/plain")
        listed = {"marketing": "unsubscribed"}
    answer = render(request, "delivery/unsubscribe.html", {"done": bool(listed), "message": message})
    answer["X-Robots-Tag"] = "noindex"
    return answer
