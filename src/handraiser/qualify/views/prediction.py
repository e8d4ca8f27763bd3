"""What is foretold from the firm's own outcomes: the state, training, versions, a report, settings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.core.people.models import Lead
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify import charts, snapshots, tasks
from handraiser.qualify.actions import models as actions
from handraiser.qualify.actions import predictions
from handraiser.qualify.forms import PredictionForm
from handraiser.qualify.models import ModelVersion, Prediction, PredictionSettings, StageChange
from handraiser.qualify.prediction import libraries
from handraiser.qualify.rules import features
from handraiser.qualify.views.rule_sets import tabs

State = ModelVersion.State
NEEDED, OF_EACH = 100, 20  # outcomes, and of each answer: what `prediction.training` begins at
WORDS = {"customer": ("become customers", "a customer"), "sql": ("become SQLs", "an SQL")}


@require_GET
def prediction(request: StaffRequest) -> HttpResponse:
    """The state, in one answer; then versions and settings."""
    return _page(request, PredictionForm(settings=PredictionSettings.get()))


@require_GET
def progress(request: StaffRequest) -> HttpResponse:
    """How far a training is; when it ended, the page is loaded anew."""
    answer = render(request, "qualify/_training.html", {"training": _training(clock.now())})
    if _training(clock.now()) is None:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
def train(request: StaffRequest) -> HttpResponse:
    """Learn from the firm's own leads, in the background."""
    try:
        with transaction.atomic():
            version = actions.ask(at=clock.now(), by=request.user)
            tasks.train_model.enqueue(version.id)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("qualify:prediction")


@require_POST
def save(request: StaffRequest) -> HttpResponse:
    """Change what is foretold."""
    form = PredictionForm(request.POST, settings=PredictionSettings.get())
    if form.is_valid():
        try:
            actions.change_settings(**form.cleaned_data, at=clock.now(), by=request.user)
        except DomainError as error:
            form.add_error(error.field or None, error.message)
        else:
            toast(request, "Saved. It holds from the next training on.")
            return redirect("qualify:prediction")
    return _page(request, form, status=422)


@require_GET
def model(request: StaffRequest, number: int) -> HttpResponse:
    """One version: how good it is, what it looks at and may not look at, where it came from."""
    version = get_object_or_404(ModelVersion.objects.select_related("asked_by"), number=number)
    report = version.report
    judged = [
        (name, report[key])
        for name, key in (
            ("On a later period", "time_split"),
            ("On leads it had not seen", "cross_validated"),
        )
        if report.get(key)
    ]
    pictures = report.get("pictures", {})
    drawn = next((key for key in ("time_split", "cross_validated") if key in pictures), None)
    weights = {name: w for name, w in report.get("weight_of_columns", {}).items() if w >= 0.005}
    largest = max(weights.values(), default=0) or 1
    return render(
        request,
        "qualify/model.html",
        {
            "tabs": tabs("prediction"),
            "version": version,
            "target": WORDS[version.target][1],
            "judged": judged,
            "figures": _figures(judged),
            "charts": charts.of(pictures[drawn], report[drawn]) if drawn else [],
            "drawn": {"time_split": "a later period", "cross_validated": "leads it had not seen"}.get(
                drawn or ""
            ),
            "weights": [(features.label(name), w, round(w / largest * 100)) for name, w in weights.items()][
                :15
            ],
            "more_weights": max(0, len(weights) - 15),
            "refused": [
                (features.label(name), why) for name, why in report.get("refused_columns", {}).items()
            ],
            "left_out": [
                (features.label(name), why) for name, why in report.get("left_out_columns", {}).items()
            ],
            "by_hand": [features.label(name) for name in version.left_out],
            "sensitive": [
                features.label(name) for name in features.SENSITIVE if name in report.get("used_columns", [])
            ],
            "candidates": report.get("candidates", {}),
            "refusal": actions.refusal(version) if version.content else "",
            "may_edit": request.user.may(*EDITORS),
            "may_return": version.state in (State.RETIRED, State.LOST),
        },
    )


@require_POST
def model_back(request: StaffRequest, number: int) -> HttpResponse:
    """Let an earlier model foretell again."""
    chosen = get_object_or_404(ModelVersion, number=number)
    before = actions.live()
    try:
        actions.roll_back(to=chosen, at=clock.now(), by=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("qualify:model", number=number)
    tasks.foretell.enqueue()
    undo = reverse("qualify:model_back", args=[before.number]) if before else ""
    toast(request, f"{chosen} foretells from now on. Open leads are being asked anew.", undo=undo)
    return redirect("qualify:prediction")


@require_POST
def model_off(request: StaffRequest) -> HttpResponse:
    """Let no model foretell."""
    before = actions.live()
    actions.switch_off(at=clock.now(), by=request.user)
    undo = reverse("qualify:model_back", args=[before.number]) if before else ""
    toast(request, "The score is off. Points go on.", undo=undo)
    return redirect("qualify:prediction")


def _page(request: StaffRequest, form: PredictionForm, status: int = 200) -> HttpResponse:
    at = clock.now()
    settings = PredictionSettings.get()
    live, training = actions.live(), _training(at)
    versions = list(
        ModelVersion.objects.exclude(state__in=actions.BUSY)
        .select_related("asked_by")
        .order_by("-number")[:50]
    )
    last = versions[0] if versions else None
    open_leads = Lead.objects.filter(closed_at=None).count()
    context: dict[str, Any] = {
        "tabs": tabs("prediction"),
        "settings": settings,
        "target": WORDS[settings.target][1],
        "become": WORDS[settings.target][0],
        "outcomes": _outcomes(settings, at),
        "needed": NEEDED,
        "of_each": OF_EACH,
        "missing": libraries.missing(),
        "install": libraries.INSTALL,
        "live": live,
        "judged": _judged(live),
        "refusal": actions.refusal(live) if live else "",
        "training": training,
        "last": last,
        "versions": versions,
        "open_leads": open_leads,
        "asked": Prediction.objects.filter(model=live).count() if live else 0,
        "behind": predictions.waiting(live, at).count() if live else 0,
        "likeliest": _likeliest(request, live),
        "form": form,
        "may_edit": request.user.may(*EDITORS),
    }
    return render(request, "qualify/prediction.html", context, status=status)


def _training(at: datetime) -> ModelVersion | None:
    return ModelVersion.objects.filter(state__in=actions.BUSY, seen_at__gte=at - actions.LOST_AFTER).first()


def _judged(version: ModelVersion | None) -> dict[str, Any]:
    report = version.report if version else {}
    told: dict[str, Any] = report.get("time_split") or report.get("cross_validated") or {}
    return told


def _outcomes(settings: PredictionSettings, at: datetime) -> dict[str, int]:
    """How many leads have an answer, how many of them said yes, and how many are still too young."""
    window = timedelta(days=settings.window_days)
    ripe = Lead.objects.filter(opened_at__lte=at - window - snapshots.SETTLED)
    yes = _reached(settings, window).filter(lead__in=ripe).values("lead").distinct().count()
    return {"known": ripe.count(), "yes": yes, "young": Lead.objects.count() - ripe.count()}


def _reached(settings: PredictionSettings, window: timedelta) -> QuerySet[StageChange]:
    return StageChange.objects.filter(
        stage__in=snapshots.REACHED[settings.target],
        at__lte=F("lead__opened_at") + window + snapshots.SETTLED,
    )


def _likeliest(request: StaffRequest, live: ModelVersion | None) -> list[Prediction]:
    if live is None:
        return []
    mine = Prediction.objects.filter(model=live, lead__in=Lead.objects.visible_to(request.user))
    return list(mine.select_related("lead__person__company").order_by("-probability", "lead")[:5])


_FIGURES = (
    ("auc", "A yes is ranked above a no", "AUC"),
    ("lift_10", "The best tenth says yes this many times as often", "Lift"),
    ("ece", "Promises and what happened lie apart by", "Calibration error"),
    ("brier", "Mean squared error of its promises", "Brier"),
    ("brier_of_base_rate", "The same for always promising the usual share", "Brier of the base rate"),
    ("base_rate", "Said yes", "Base rate"),
    ("n", "Looks at leads", "n"),
)


def _figures(judged: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str, list[str]]]:
    return [(words, term, [_said(key, told) for _, told in judged]) for key, words, term in _FIGURES]


def _said(key: str, told: dict[str, Any]) -> str:
    value = told[key]
    if key == "auc":
        return f"{value:.3f} (likely {told['auc_low']:.3f} to {told['auc_high']:.3f})"
    if key in ("ece", "base_rate"):
        return f"{value:.1%}".replace("%", " %")
    return f"{value:,}" if key == "n" else f"{value:.1f}" if key == "lift_10" else f"{value:.4f}"
