"""Forms: the list, the builder, its versions and its preview."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from handraiser.capture import queries, rendering, starters
from handraiser.capture.actions import forms as actions
from handraiser.capture.models import Form, FormVersion, LeadMagnet
from handraiser.capture.rules import differences
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.schema import Schema, Type
from handraiser.capture.views import entry
from handraiser.capture.views.shared import may_edit, tabs
from handraiser.console.toasts import toast
from handraiser.core.staff.actions import audit
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every form with how it fares; the starters when there is none, or on `?new`."""
    archived = "archived" in request.GET
    rows = queries.form_rows(now=clock.now(), archived=archived)
    context = {
        "tabs": tabs("Forms"),
        "rows": rows,
        "archived": archived,
        "archived_count": Form.objects.exclude(archived_at=None).count(),
        "starters": starters.STARTERS,
        "choosing": "new" in request.GET or (not rows and not archived),
        "may_edit": may_edit(request.user),
    }
    return render(request, "capture/forms.html", context)


@require_POST
def new(request: HttpRequest, starter: str) -> HttpResponse:
    """Make a draft from a starter and open it."""
    if starter not in starters.STARTERS:
        raise Http404
    magnet = LeadMagnet.objects.first() if LeadMagnet.objects.count() == 1 else None
    form = starters.from_starter(key=starter, at=clock.now(), magnet=magnet)
    return HttpResponseRedirect(reverse("capture:form", args=[form.id]))


def _form(form_id: str) -> Form:
    return get_object_or_404(Form.objects.select_related("live", "magnet"), id=form_id)


def _to_builder(form: Form, key: str = "") -> HttpResponse:
    address = reverse("capture:form", args=[form.id])
    return HttpResponseRedirect(f"{address}?field={key}" if key else address, status=303)


@require_GET
def builder(request: HttpRequest, form_id: str) -> HttpResponse:
    """The draft, or the live version if nothing is being changed, with one field open beside it."""
    return _builder(request, _form(form_id), selected=request.GET.get("field", ""))


def _builder(
    request: HttpRequest, form: Form, *, selected: str = "", panel: Any = None, status: int = 200
) -> HttpResponse:
    version = form.draft or form.live
    if version is None:
        raise Http404
    schema = schemas.parse(version.schema)
    now = clock.now()
    asked = schema.field(selected)
    if panel is None:
        panel = (
            entry.FieldEntry(field=asked, schema=schema)
            if asked
            else entry.FormEntry(form=form, schema=schema)
        )
    shown = rendering.rendered(version=version, at=now)
    is_draft = version.published_at is None
    changes = differences.between(schemas.parse(form.live.schema), schema) if is_draft and form.live else []
    places = list(form.places.order_by("path")[:10])
    context = {
        "tabs": tabs("Forms"),
        "form": form,
        "version": version,
        "is_draft": is_draft,
        "schema": schema,
        "shown": shown,
        "asked": asked,
        "selected": selected if asked else "",
        "panel": panel,
        "types": [(kind, entry.TYPE_LABELS[kind], entry.TYPE_ICONS[kind]) for kind in Type],
        "type_label": entry.TYPE_LABELS[asked.type] if asked else "",
        "problems": schemas.problems(schema, intent=form.intent, has_magnet=form.magnet_id is not None),
        "changes": changes,
        "finished": queries.completion(form.live, now=now) if form.live else None,
        "places": places,
        "unplaced": may_edit(request.user) and not is_draft and not places and form.archived_at is None,
        "may_edit": may_edit(request.user),
        "last": len(schema.fields) - 1,
    }
    return render(request, "capture/builder.html", context, status=status)


@require_POST
def describe(request: HttpRequest, form_id: str) -> HttpResponse:
    """Name, meaning and magnet take effect at once; the words belong to the draft."""
    form = _form(form_id)
    schema = _schema(form)
    typed = entry.FormEntry(request.POST, form=form, schema=schema)
    if not typed.is_valid():
        return _builder(request, form, panel=typed, status=422)
    words = {key: typed.cleaned_data[key] for key in entry.FormEntry.WORDS}
    try:
        with transaction.atomic():
            actions.describe(
                form=form,
                name=typed.cleaned_data["name"],
                intent=typed.cleaned_data["intent"],
                magnet=typed.cleaned_data["magnet"],
            )
            if any(getattr(schema, key) != value for key, value in words.items()):
                actions.word(form=form, words=words, at=clock.now())
    except DomainError as error:
        typed.add_error("name", error.message)
        return _builder(request, _form(form_id), panel=typed, status=422)
    toast(request, "Saved")
    return _to_builder(form)


def _schema(form: Form) -> Schema:
    version = form.draft or form.live
    return schemas.parse(version.schema) if version else Schema()


@require_POST
def add_field(request: HttpRequest, form_id: str) -> HttpResponse:
    """Put a new field of the posted type into the draft and open it."""
    form = _form(form_id)
    kind = request.POST.get("type", "")
    if kind not in list(Type):
        raise DomainError("no_type", "There is no such kind of field.", field="type")
    fresh = entry.FRESH[Type(kind)]
    if fresh.maps_to and any(asked.maps_to == fresh.maps_to for asked in _schema(form).fields):
        fresh = schemas.changed(fresh, maps_to="")
    key = actions.add_field(form=form, field=fresh, at=clock.now())
    return _to_builder(form, key)


@require_POST
def change_field(request: HttpRequest, form_id: str, key: str) -> HttpResponse:
    """Save the open field."""
    form = _form(form_id)
    schema = _schema(form)
    asked = schema.field(key)
    if asked is None:
        raise DomainError("no_field", "This field is no longer in the draft.", kind="missing")
    typed = entry.FieldEntry(request.POST, field=asked, schema=schema)
    if not typed.is_valid():
        return _builder(request, form, selected=key, panel=typed, status=422)
    actions.change_field(form=form, key=key, changes=typed.changes(), at=clock.now())
    toast(request, "Saved")
    return _to_builder(form, key)


@require_POST
def move_field(request: HttpRequest, form_id: str, key: str) -> HttpResponse:
    """Put a field at the posted place."""
    form = _form(form_id)
    to = request.POST.get("to", "")
    if not to.isdecimal() or len(to) > 3:
        raise DomainError("no_place", "There is no such place.", field="to")
    actions.move_field(form=form, key=key, to=int(to), at=clock.now())
    return _to_builder(form, key)


@require_POST
def remove_field(request: HttpRequest, form_id: str, key: str) -> HttpResponse:
    """Take a field out of the draft."""
    form = _form(form_id)
    actions.remove_field(form=form, key=key, at=clock.now())
    toast(request, "Field removed")
    return _to_builder(form)


@require_http_methods(["GET", "POST"])
def publish(request: StaffRequest, form_id: str) -> HttpResponse:
    """GET: what changes. POST: make it so."""
    form = _form(form_id)
    draft = form.draft
    if request.method == "POST":
        now = clock.now()
        with transaction.atomic():
            version = actions.publish(form=form, at=now, by=request.user)
            audit.record(
                actor=request.user,
                action="form.published",
                object=form.name,
                detail={"version": version.number},
                at=now,
            )
        toast(request, f"Version {version.number} of {form.name} is live")
        return _to_builder(form)
    if draft is None:
        return _to_builder(form)
    schema = schemas.parse(draft.schema)
    found = schemas.problems(schema, intent=form.intent, has_magnet=form.magnet_id is not None)
    context = {
        "form": form,
        "draft": draft,
        "changes": differences.between(schemas.parse(form.live.schema), schema) if form.live else [],
        "blocking": [problem for problem in found if problem.blocks],
        "warnings": [problem for problem in found if not problem.blocks],
        "wordings": [asked for asked in schema.fields if asked.purpose],
        "places": list(form.places.order_by("path")),
    }
    return render(request, "capture/publish.html", context)


@require_POST
def discard(request: HttpRequest, form_id: str) -> HttpResponse:
    """Throw the draft away."""
    form = _form(form_id)
    actions.discard(form=form)
    toast(request, "Draft discarded")
    return _to_builder(form)


@require_POST
def go_back(request: HttpRequest, form_id: str, number: int) -> HttpResponse:
    """Make an earlier version live again."""
    form = _form(form_id)
    now = clock.now()
    with transaction.atomic():
        version = actions.go_back(form=form, number=number)
        audit.record(
            actor=request.user,
            action="form.gone_back",
            object=form.name,
            detail={"version": version.number},
            at=now,
        )
    toast(request, f"Version {version.number} of {form.name} is live")
    return HttpResponseRedirect(reverse("capture:form_versions", args=[form.id]), status=303)


@require_POST
def archive(request: HttpRequest, form_id: str) -> HttpResponse:
    """Take a form off the list."""
    form = _form(form_id)
    actions.archive(form=form, at=clock.now())
    toast(request, f"{form.name} is archived", undo=reverse("capture:form_restore", args=[form.id]))
    return HttpResponseRedirect(reverse("capture:forms"), status=303)


@require_POST
def restore(request: HttpRequest, form_id: str) -> HttpResponse:
    """Bring an archived form back."""
    form = _form(form_id)
    actions.restore(form=form)
    toast(request, f"{form.name} is back")
    return _to_builder(form)


@require_GET
def versions(request: HttpRequest, form_id: str) -> HttpResponse:
    """Every version, what it changed, and how often it was sent."""
    form = _form(form_id)
    rows = list(form.versions.select_related("published_by").order_by("number"))
    sent = queries.sent_by_version(form)
    listed = []
    before: Schema | None = None
    for version in rows:
        schema = schemas.parse(version.schema)
        listed.append(
            {
                "version": version,
                "fields": len(schema.fields),
                "changes": differences.between(before, schema) if before else [],
                "sent": sent.get(version.id, 0),
                "live": version.id == form.live_id,
            }
        )
        before = schema
    context = {
        "tabs": tabs("Forms"),
        "form": form,
        "rows": list(reversed(listed)),
        "may_edit": may_edit(request.user),
    }
    return render(request, "capture/versions.html", context)


@csrf_exempt  # it judges answers and changes nothing
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, form_id: str) -> HttpResponse:
    """The form as visitors see it. Sending it says what would happen and stores nothing."""
    form = _form(form_id)
    version = _chosen(form, request.GET.get("version", ""))
    here = request.get_full_path()
    now = clock.now()
    raw = {key: request.POST.getlist(key) for key in request.POST if not key.startswith("hr_")}
    errors: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        errors = schemas.validate(schemas.parse(version.schema), raw).errors
        message = "" if errors else "This would be taken. It was a try, so nothing was stored."
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse(
                {"errors": errors} if errors else {"message": message}, status=422 if errors else 200
            )
    shown = rendering.rendered(version=version, at=now, raw=raw, errors=errors, message=message, action=here)
    context = {"shown": shown, "form": form, "version": version}
    return render(request, "capture/preview.html", context, status=422 if errors else 200)


def _chosen(form: Form, number: str) -> FormVersion:
    if number.isdecimal() and len(number) < 7:
        return get_object_or_404(form.versions, number=int(number))
    version = form.draft or form.live
    if version is None:
        raise Http404
    return version
