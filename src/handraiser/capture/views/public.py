"""What strangers reach: sending a form, being thanked, fetching what was promised.

Sending needs no CSRF token on purpose. Such a token binds a post to a session, and strangers have none: there
is no power of theirs that another site could borrow, pages come from caches, and nothing is written to the
device before consent. What guards this door instead: the mark of time, the trap, limits by address, and that
the same form sent twice is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.signing import BadSignature, Signer
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST
from is_bot import Bots

from handraiser.attract import queries as attract
from handraiser.capture import marks, queries, rendering
from handraiser.capture.actions import magnets, submissions
from handraiser.capture.models import Form, FormVersion, MagnetGrant, Submission
from handraiser.capture.rules import schema as schemas
from handraiser.kit import clock, ids
from handraiser.kit.errors import DomainError

_thanks = Signer(salt="handraiser.capture.thanks", sep="~")
_is_bot = Bots().is_bot
_CARRIED = (*rendering.TOUCH_FIELDS, "hr_page", "hr_nonce", "hr_mark")
_A_TOKEN = "TOKEN"
_MOST_VERSIONS = 1_000_000
THANKS_SHOW_LINK_FOR = timedelta(hours=24)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _version(form_id: str, number: int) -> FormVersion | None:
    if not ids.is_id(form_id, "form") or number > _MOST_VERSIONS:
        return None
    return queries.published(form_id, number)


def _live(form_id: str) -> FormVersion | None:
    if not ids.is_id(form_id, "form"):
        return None
    form = Form.objects.select_related("live__form").filter(id=form_id, archived_at=None).first()
    return form.live if form else None


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, form_id: str, number: int) -> HttpResponse:
    """GET: the form on a page of its own. POST: take it, whatever version the page had."""
    if request.method != "POST":
        return _alone(request, form_id)
    try:
        posted = request.POST
    except (SuspiciousOperation, BadRequest, MultiPartParserError):
        return _refuse(
            request, "What was sent is too large or cannot be read. Shorten the longest answer.", 413
        )
    carried = {key: posted.get(key, "").replace("\x00", "")[:2000] for key in _CARRIED}
    # A form that comes back with a mistake stands on another page; it must not forget where it was found.
    carried["hr_page"] = carried["hr_page"] or request.headers.get("Referer", "")[:2000]
    version = _version(form_id, number)
    if version is None:
        return _unknown_version(request, form_id, posted, carried["hr_page"])
    raw = {key: posted.getlist(key) for key in posted if not key.startswith("hr_")}
    now = clock.now()
    try:
        submission = submissions.accept(version=version, raw=raw, context=_context(request, carried), at=now)
    except submissions.AnswersRefused as refused:
        if _wants_json(request):
            return JsonResponse({"errors": refused.errors, "message": refused.message}, status=422)
        shown = rendering.rendered(version=version, at=now, raw=raw, errors=refused.errors, carried=carried)
        return _page(
            request, "capture/alone.html", {"shown": shown, "form": version.form, "measured": True}, 422
        )
    except DomainError as error:
        if error.code != "too_many":
            raise
        if _wants_json(request):
            return JsonResponse({"message": error.message}, status=429)
        shown = rendering.rendered(version=version, at=now, raw=raw, message=error.message, carried=carried)
        return _page(
            request, "capture/alone.html", {"shown": shown, "form": version.form, "measured": True}, 429
        )
    after = _thanks_address().replace(_A_TOKEN, _thanks.sign(submission.id))
    if _wants_json(request):
        return JsonResponse({"next": after})
    return HttpResponseRedirect(after, status=303)


@cache
def _thanks_address() -> str:
    # Turning a name into an address tries every route; this one is asked for with each form.
    return reverse("capture_public:thanks", args=[_A_TOKEN])


def _context(request: HttpRequest, carried: Mapping[str, str]) -> submissions.Context:
    page = carried["hr_page"]
    told = dict(carried)
    if not told["hr_first_url"] and not told["hr_last_url"]:
        # Without the tracker the address of the page is all that is known; its campaign is in there.
        told["hr_last_url"] = page
    touches = attract.touches_of_form(told)
    return submissions.Context(
        ip=getattr(request, "client_ip", ""),
        user_agent=request.headers.get("User-Agent", ""),
        url=page,
        referrer=carried["hr_last_referrer"],
        visitor=carried["hr_visitor"],
        nonce=carried["hr_nonce"],
        age=marks.age(carried["hr_mark"], at=clock.now()),
        honeypot=request.POST.get(rendering.HONEYPOT, ""),
        first_touch=touches.first.as_dict() if touches.first else {},
        last_touch=touches.last.as_dict() if touches.last else {},
    )


def _refuse(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"message": sentence}, status=status)
    return _page(request, "capture/said.html", {"title": "This could not be taken", "text": sentence}, status)


def _alone(request: HttpRequest, form_id: str) -> HttpResponse:
    version = _live(form_id)
    if version is None:
        text = "This form is closed. Go back to the page where you found it."
        return _page(request, "capture/said.html", {"title": "There is no form here", "text": text}, 404)
    shown = rendering.rendered(version=version, at=clock.now())
    return _page(request, "capture/alone.html", {"shown": shown, "form": version.form, "measured": True})


def _unknown_version(request: HttpRequest, form_id: str, posted: Any, page: str) -> HttpResponse:
    """Nobody knows what was asked, so nothing is stored: the answers are given back in the form of today."""
    raw = {key: posted.getlist(key) for key in list(posted)[:60] if not key.startswith("hr_")}
    version = _live(form_id)
    sentence = "This form has changed since you opened it. Your answers are below; check them and send again."
    if version is None:
        sentence = (
            "This form is no longer there, so your answers could not be taken. They are below, to copy."
        )
    if _wants_json(request):
        return JsonResponse({"message": sentence}, status=409)
    shown = None
    left = raw
    if version is not None:
        shown = rendering.rendered(
            version=version, at=clock.now(), raw=raw, message=sentence, carried={"hr_page": page}
        )
        known = {asked.key for asked in schemas.parse(version.schema).fields}
        left = {key: given for key, given in raw.items() if key not in known}
    kept = [
        (key[:80].replace("\x00", ""), ", ".join(given)[:2000].replace("\x00", ""))
        for key, given in left.items()
        if any(given)
    ]
    context = {"shown": shown, "kept": kept, "sentence": sentence, "form": version.form if version else None}
    return _page(request, "capture/changed.html", context, 409)


@never_cache
@require_http_methods(["GET", "HEAD"])
def thanks(request: HttpRequest, token: str) -> HttpResponse:
    """What happens next, and the download. Reloading it repeats nothing."""
    rows = Submission.objects.select_related("form__magnet", "version")
    try:
        submission = rows.filter(id=_thanks.unsign(token)).first()
    except BadSignature:
        submission = None
    if submission is None:
        text = "This link is not complete. Your answers are safe if you were thanked before."
        return _page(request, "capture/said.html", {"title": "Nothing to show", "text": text}, 404)
    now = clock.now()
    schema = schemas.parse(submission.version.schema)
    grant = None
    if submission.state == Submission.State.ACCEPTED and now < submission.submitted_at + THANKS_SHOW_LINK_FOR:
        grant = (
            MagnetGrant.objects.select_related("magnet")
            .filter(submission_id=submission.id)
            .order_by("-granted_at", "-id")
            .first()
        )
    link = ""
    if grant is not None and not magnets.spent(grant, at=now):
        link = reverse("capture_public:get", args=[magnets.token_of(grant)])
    context = {
        "submission": submission,
        "schema": schema,
        "magnet": submission.form.magnet,
        "grant": grant,
        "link": link,
        "waiting": submission.state != Submission.State.ACCEPTED,
    }
    return _page(request, "capture/thanks.html", context)


@never_cache
@require_http_methods(["GET", "HEAD"])
def get(request: HttpRequest, token: str) -> HttpResponseBase:
    """Hand over what a personal link promises. Machines that look into mails are served, but not counted."""
    now = clock.now()
    try:
        grant = magnets.find(token)
    except DomainError as error:
        return _page(request, "capture/said.html", {"title": "No such link", "text": error.message}, 404)
    magnet = grant.magnet
    if magnets.spent(grant, at=now):
        return _page(request, "capture/spent.html", {"magnet": magnet, "token": token}, 410)
    stream = None
    if magnet.file:
        try:
            stream = magnet.file.open("rb")
        except OSError:
            text = f"{magnet.name} is being replaced. Open this link again in an hour."
            return _page(request, "capture/said.html", {"title": "Not there right now", "text": text}, 503)
    try:
        magnets.fetch(grant=grant, at=now, counted=_is_person(request))
    except DomainError:
        return _page(request, "capture/spent.html", {"magnet": magnet, "token": token}, 410)
    if stream is None:
        return _page(request, "capture/code.html", {"magnet": magnet})
    response = FileResponse(
        stream, as_attachment=True, filename=magnet.file_name, content_type=magnet.media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _is_person(request: HttpRequest) -> bool:
    agent = request.headers.get("User-Agent", "")
    ahead = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return request.method == "GET" and bool(agent) and "prefetch" not in ahead and not _is_bot(agent)


@csrf_exempt
@never_cache
@require_POST
def get_again(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a new link to the person whom the old one belonged to."""
    try:
        magnets.send_again(grant=magnets.find(token), at=clock.now())
    except DomainError as error:
        status = 429 if error.code == "too_many" else 404
        return _page(request, "capture/said.html", {"title": "No new link", "text": error.message}, status)
    text = "A new link is on its way to the address that the first one went to. It takes a minute or two."
    return _page(request, "capture/said.html", {"title": "Look into your inbox", "text": text})
