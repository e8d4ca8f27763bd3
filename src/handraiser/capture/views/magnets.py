"""Lead magnets: what people get for raising a hand."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from handraiser.capture import queries
from handraiser.capture.actions import magnets as actions
from handraiser.capture.models import LeadMagnet
from handraiser.capture.views.entry import MagnetEntry
from handraiser.capture.views.shared import may_edit, tabs
from handraiser.console.toasts import toast
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every magnet, with how many links were used."""
    context = {"tabs": tabs("Magnets"), "rows": queries.magnet_rows(), "may_edit": may_edit(request.user)}
    return render(request, "capture/magnets.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new magnet."""
    return _edit(request, None)


@require_GET
def detail(request: HttpRequest, magnet_id: str) -> HttpResponse:
    """One magnet, to read or to change."""
    return _shown(request, get_object_or_404(LeadMagnet, id=magnet_id))


@require_POST
def change(request: HttpRequest, magnet_id: str) -> HttpResponse:
    """Save a magnet. Links that were given lead to the new file."""
    return _edit(request, get_object_or_404(LeadMagnet, id=magnet_id))


def _edit(request: HttpRequest, magnet: LeadMagnet | None) -> HttpResponse:
    if request.method == "GET":
        return _shown(request, magnet)
    typed = MagnetEntry(request.POST, request.FILES)
    if not typed.is_valid():
        return _shown(request, magnet, typed, 422)
    upload = typed.cleaned_data.pop("file")
    try:
        saved = actions.save(
            magnet=magnet,
            values=typed.cleaned_data,
            upload=upload,
            upload_name=upload.name if upload else "",
            at=clock.now(),
        )
    except DomainError as error:
        typed.add_error(error.field or None, error.message)
        return _shown(request, magnet, typed, 422)
    toast(request, f"{saved.name} is saved")
    return HttpResponseRedirect(reverse("capture:magnets"), status=303)


def _shown(
    request: HttpRequest, magnet: LeadMagnet | None, typed: MagnetEntry | None = None, status: int = 200
) -> HttpResponse:
    keys = ("name", "kind", "text", "expires_hours", "max_downloads")
    initial = {key: getattr(magnet, key) for key in keys} if magnet else None
    context = {
        "tabs": tabs("Magnets"),
        "magnet": magnet,
        "entry": typed or MagnetEntry(initial=initial),
        "may_edit": may_edit(request.user),
    }
    return render(request, "capture/magnet.html", context, status=status)


@require_GET
def file(request: HttpRequest, magnet_id: str) -> FileResponse:
    """The file itself, for staff; not counted."""
    magnet = get_object_or_404(LeadMagnet, id=magnet_id)
    if not magnet.file:
        raise Http404
    try:
        stream = magnet.file.open("rb")
    except OSError as error:
        raise Http404 from error
    response = FileResponse(
        stream, as_attachment=True, filename=magnet.file_name, content_type=magnet.media_type
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
