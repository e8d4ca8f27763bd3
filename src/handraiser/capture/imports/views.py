"""Bringing a file in: upload, columns, dry run, progress, report, undo."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from handraiser.capture.imports import kinds, report, sentences, tasks
from handraiser.capture.imports.actions import runs
from handraiser.capture.imports.models import Import, State
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.capture.views.shared import tabs
from handraiser.console.toasts import toast
from handraiser.core.people.models import FieldDefinition
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

_DRY_RUN_ROWS = 20_000  # more would keep somebody waiting for the page
_KEEP = "keep"
_DATES = (
    ("", "2026-11-21 (ISO)"),
    ("%d.%m.%Y", "21.11.2026"),
    ("%d/%m/%Y", "21/11/2026"),
    ("%m/%d/%Y", "11/21/2026"),
    ("%Y-%m-%d %H:%M:%S", "2026-11-21 14:30:00"),
)


class UploadForm(forms.Form):
    """A file, what it holds, and perhaps a mapping file."""

    kind = forms.ChoiceField(
        label="What is in it", choices=lambda: [(k.key, k.label) for k in kinds.all_kinds().values()]
    )
    file = forms.FileField(
        label="CSV file", help_text="Any encoding and delimiter; the first line names the columns."
    )
    map = forms.FileField(
        label="Mapping file",
        required=False,
        help_text="TOML, if you have one. Else the columns are chosen on screen.",
    )


@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """All imports, newest first, with the form for another."""
    return _listing(request, UploadForm(initial={"kind": request.GET.get("kind", "leads")}))


def _listing(request: StaffRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    page = Paginator(Import.objects.order_by("-uploaded_at"), 50).get_page(request.GET.get("page"))
    labels = {kind.key: kind.label for kind in kinds.all_kinds().values()}
    rows = [(row, labels.get(row.kind, row.kind), f"{row.rows_done:,} of {row.rows_total:,}") for row in page]
    context = {"tabs": tabs("Imports"), "form": form, "page": page, "rows": rows}
    context["may_change"] = request.user.may(*EDITORS)
    return render(request, "imports/listing.html", context, status=status)


@require_POST
def upload(request: StaffRequest) -> HttpResponse:
    """Receive a file."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _listing(request, form, status=422)
    file, map_file = form.cleaned_data["file"], form.cleaned_data["map"]
    try:
        mapping = rules.from_toml(map_file.read(1 << 20).decode()) if map_file else None
        this = runs.receive(
            file=file,
            name=file.name,
            kind=form.cleaned_data["kind"],
            at=clock.now(),
            by=request.user.name,
        )
    except UnicodeDecodeError:
        form.add_error("map", "The mapping file is not UTF-8.")
    except DomainError as error:
        form.add_error("file" if error.field == "file" else "map", error.message)
    else:
        return _choose(request, this, mapping) if mapping else redirect("imports:detail", this.id)
    return _listing(request, form, status=422)


@require_safe
def detail(request: StaffRequest, import_id: str) -> HttpResponse:
    """One import: its columns before it runs, its progress while it runs, what became of it after."""
    return _detail(request, get_object_or_404(Import, id=import_id))


def _detail(request: StaffRequest, this: Import, *, wrong: str = "", checked: bool = False) -> HttpResponse:
    context: dict[str, object] = {
        "this": this,
        "kind": kinds.of(this.kind),
        "may_change": request.user.may(*EDITORS),
        "wrong": wrong,
    }
    if this.state != State.PREVIEWED:
        return render(request, "imports/detail.html", context | _standing(this))
    mapping = Mapping.from_dict(this.mapping)
    context |= {
        "columns": _columns(this, mapping),
        "rows": runs.preview(this=this),
        "mapping": mapping,
        "dates": _DATES if mapping.date_format in dict(_DATES) else (*_DATES, (mapping.date_format,) * 2),
        "zones": sorted(available_timezones()),
        "zone": mapping.zone if checked or this.mapping.get("values") else Organisation.get().time_zone,
    }
    if request.GET.get("checked") and not wrong:
        forecast = runs.dry_run(this=this, at=clock.now(), rows=_DRY_RUN_ROWS)
        context |= {
            "forecast": sentences.of_forecast(kinds.of(this.kind), forecast),
            "only_first": forecast.rows if forecast.rows < this.rows_total else 0,
            "zone": mapping.zone,
        }
    return render(request, "imports/columns.html", context, status=422 if wrong else 200)


def _columns(this: Import, mapping: Mapping) -> list[dict[str, object]]:
    kind = kinds.of(this.kind)
    custom = FieldDefinition.objects.filter(entity__in=kind.entities).order_by("entity", "label")
    options = [(target.key, target.label) for target in kind.targets]
    options += [(f"{field.entity}.{field.key}", f"{field.label} ({field.entity})") for field in custom]
    labels = dict(options)
    columns = []
    for number, name in enumerate(this.columns):
        held = mapping.columns.get(name, [])
        kept = len(held) > 1 or any(target not in labels for target in held)
        columns.append(
            {
                "number": number,
                "name": name,
                "chosen": held[0] if held else "",
                "kept": " and ".join(labels.get(target, target) for target in held) if kept else "",
                "options": options,
            }
        )
    return columns


@require_POST
def columns(request: StaffRequest, import_id: str) -> HttpResponse:
    """Say which column holds what, and look what would happen."""
    this = get_object_or_404(Import, id=import_id)
    before = Mapping.from_dict(this.mapping)
    chosen: dict[str, list[str]] = {}
    for number, name in enumerate(this.columns):
        target = request.POST.get(f"column-{number}", "")
        if target == _KEEP:
            chosen[name] = before.columns.get(name, [])
        elif target:
            chosen[name] = [target]
    mapping = Mapping(
        columns=chosen,
        constants=before.constants,
        values=before.values,
        date_format=request.POST.get("date_format", ""),
        zone=request.POST.get("zone", "UTC"),
        system=request.POST.get("system", "").strip()[:30] or "file",
        decimal=request.POST.get("decimal", "."),
    )
    return _choose(request, this, mapping)


def _choose(request: StaffRequest, this: Import, mapping: Mapping) -> HttpResponse:
    try:
        runs.choose_columns(this=this, mapping=mapping)
    except DomainError as error:
        if error.kind != "invalid":
            raise
        known = {name: held for name, held in mapping.columns.items() if name in this.columns}
        this.mapping = {**mapping.as_dict(), "columns": known}
        return _detail(request, this, wrong=error.message)
    return redirect(f"{reverse('imports:detail', args=[this.id])}?checked=1")


@require_POST
def start(request: StaffRequest, import_id: str) -> HttpResponse:
    """Start, or go on."""
    this = get_object_or_404(Import, id=import_id)
    if this.state == State.PREVIEWED:
        # Whoever starts without looking at the columns is told what is missing.
        runs.choose_columns(this=this, mapping=Mapping.from_dict(this.mapping))
    runs.start(this=this, at=clock.now())
    tasks.run_import.enqueue(this.id)
    return redirect("imports:detail", this.id)


@require_POST
def stop(request: StaffRequest, import_id: str) -> HttpResponse:
    """Stop after the chunk under way."""
    this = get_object_or_404(Import, id=import_id)
    runs.stop(this=this)
    toast(request, f"{this.file_name} stopped; nothing is repeated when it goes on")
    return redirect("imports:detail", this.id)


@require_POST
def undo(request: StaffRequest, import_id: str) -> HttpResponse:
    """Take back what it made."""
    this = get_object_or_404(Import, id=import_id)
    runs.ask_for_undo(this=this, at=clock.now())
    tasks.undo_import.enqueue(this.id)
    return redirect("imports:detail", this.id)


@require_POST
def forget(request: StaffRequest, import_id: str) -> HttpResponse:
    """Throw a file away that was never started."""
    this = get_object_or_404(Import, id=import_id)
    runs.forget(this=this)
    toast(request, f"{this.file_name} thrown away")
    return redirect("imports:listing")


@require_safe
def progress(request: StaffRequest, import_id: str) -> HttpResponse:
    """How far it is; asked again and again while it runs."""
    this = get_object_or_404(Import, id=import_id)
    context = {"this": this, "kind": kinds.of(this.kind), "may_change": request.user.may(*EDITORS)}
    return render(request, "imports/standing.html", context | _standing(this))


@require_safe
def rejected(request: StaffRequest, import_id: str) -> StreamingHttpResponse:
    """The rows that were not taken, as CSV."""
    this = get_object_or_404(Import, id=import_id)
    response = StreamingHttpResponse(report.lines(this), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{this.id}-rejected.csv"'
    return response


def _standing(this: Import) -> dict[str, object]:
    running = this.state in (State.RUNNING, State.UNDOING)
    seconds = (clock.now() - this.started_at).total_seconds() if this.started_at else 0.0
    rate = this.rows_done / seconds if seconds > 1 and this.state == State.RUNNING else 0.0
    left = round((this.rows_total - this.rows_done) / rate) if rate else None
    return {
        "running": running,
        "counted": f"{this.rows_done:,} of {this.rows_total:,} rows",
        "stalled": running and this.id in runs.stalled(at=clock.now()),
        "sentence": sentences.of_import(this),
        "undone": sentences.of_undo(this.removed, this.kept) if this.state == State.UNDONE else "",
        "a_second": round(rate),
        "seconds_left": left,
        "refused": this.rows.filter(outcome="rejected").order_by("number")[:20],
        "may_go_on": this.state in (State.PAUSED, State.FAILED) and this.rows_done < this.rows_total,
        "may_undo": this.state in (State.DONE, State.PAUSED, State.FAILED) and this.rows_done > 0,
    }
