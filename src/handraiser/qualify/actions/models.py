"""Versions of the model that is learned from the firm's own leads: asked for, trained, live, rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.crypto import constant_time_compare, salted_hmac

from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import User
from handraiser.kit import clock as clocks
from handraiser.kit.errors import DomainError
from handraiser.qualify.models import ModelVersion, Prediction, PredictionSettings
from handraiser.qualify.prediction import libraries

State = ModelVersion.State
BUSY = (State.WAITING, State.TRAINING)
LOST_AFTER = timedelta(minutes=30)  # a training that said nothing for so long is dead
WINDOWS = (7, 730)  # days that a label window may have


def live() -> ModelVersion | None:
    """The version that foretells; None while there is none."""
    return ModelVersion.objects.filter(state=State.LIVE).first()


def is_due(at: datetime) -> bool:
    """Whether the schedule asks for a training: while a model is live, or when the last one found no signal.

    Whoever turned the score off is not overruled.
    """
    every = PredictionSettings.get().retrain_days
    last = ModelVersion.objects.order_by("-number").first()
    if not every or last is None or last.asked_at > at - timedelta(days=every):
        return False
    return last.state == State.NO_MODEL or live() is not None


def change_settings(
    *, target: str, window_days: int, retrain_days: int, left_out: Sequence[str], at: datetime, by: User
) -> PredictionSettings:
    """Say what is foretold. It holds from the next training on. Raises DomainError `window` or `retrain`."""
    if not WINDOWS[0] <= window_days <= WINDOWS[1]:
        raise DomainError("window", f"Between {WINDOWS[0]} and {WINDOWS[1]} days.", field="window_days")
    if not 0 <= retrain_days <= 365:
        raise DomainError("retrain", "Between 0 (never) and 365 days.", field="retrain_days")
    row, _ = PredictionSettings.objects.update_or_create(
        id=1,
        defaults={
            "target": target,
            "window_days": window_days,
            "retrain_days": retrain_days,
            "left_out": sorted(set(left_out)),
        },
    )
    audit.record(actor=by, action="qualify.prediction_settings", object=str(row), at=at)
    return row


@transaction.atomic
def ask(*, at: datetime, by: User | None = None) -> ModelVersion:
    """Note that a model should be trained. Raises DomainError `no_ml`, or `training` while that is going on."""
    libraries.require()
    settings = PredictionSettings.get()
    busy = ModelVersion.objects.filter(state__in=BUSY)
    busy.filter(seen_at__lt=at - LOST_AFTER).update(
        state=State.FAILED, finished_at=at, why="The training was cut off. Nothing was changed; train again."
    )
    if busy.filter(seen_at__gte=at - LOST_AFTER).exists():
        raise DomainError("training", "A model is being trained already.", kind="conflict")
    number = (ModelVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    return ModelVersion.objects.create(
        number=number,
        target=settings.target,
        window_days=settings.window_days,
        left_out=settings.left_out,
        asked_at=at,
        asked_by=by,
        seen_at=at,
    )


def run(*, version_id: str, clock: Callable[[], datetime]) -> ModelVersion:
    """Train what was asked for; long work, for the process of tasks. Doing it twice changes nothing."""
    this = ModelVersion.objects.get(id=version_id)
    if this.state not in BUSY:
        return this

    def say(step: str, done: int | None = None, total: int | None = None) -> None:
        told: dict[str, Any] = {"step": step, "seen_at": clock()}
        if done is not None:
            told |= {"done": done, "total": total}
        ModelVersion.objects.filter(id=this.id, state=State.TRAINING).update(**told)

    ModelVersion.objects.filter(id=this.id).update(state=State.TRAINING, seen_at=clock())
    try:
        _train(this, at=this.asked_at, say=say)
    except Exception as error:
        this.state = State.FAILED
        this.why = (
            error.message if isinstance(error, DomainError) else f"It broke off: {type(error).__name__}."
        )
        this.finished_at = clock()
        this.save(update_fields=["state", "why", "finished_at"])
        raise
    this.finished_at = clock()
    _store(this, at=this.finished_at)
    return this


def _train(this: ModelVersion, *, at: datetime, say: Callable[..., object]) -> None:
    libraries.require()
    from handraiser.qualify import own_leads
    from handraiser.qualify.prediction import model_file, training

    say("Reading leads as they were known then")
    learnable = own_leads.gather(
        target=this.target,
        window_days=this.window_days,
        left_out=this.left_out,
        at=at,
        progress=lambda done, of: say("Reading leads as they were known then", done, of),
    )
    trained = training.train(learnable.examples, step=say)
    known, yes = learnable.examples.answers()
    this.report = trained.report | {"leads": {"known": known, "yes": yes}}
    this.verdict, this.why = trained.verdict, trained.why
    if learnable.opened_at:
        this.learned_from = clocks.from_ms(learnable.opened_at[0])
        this.learned_until = clocks.from_ms(learnable.opened_at[-1])
    if trained.predictor is None:
        this.state = State.NO_MODEL
        return
    this.content = model_file.write(trained.predictor, {"label": this.target, "window": this.window_days})
    this.signature = _signature(this.content)
    champion = live()
    this.state = State.LIVE
    if champion is None:
        this.decision = "It is the first."
    elif (champion.target, champion.window_days) != (this.target, this.window_days):
        this.decision = f"{champion} foretold something else, so there is nothing to compare."
    elif champion.left_out != this.left_out:
        this.decision = f"{champion} looks at columns that are left out now, or the other way round."
    else:
        say(f"Comparing it with {champion}")
        try:
            saved = model_of(champion)
        except DomainError as error:
            this.decision = f"{champion} cannot be compared. {error.message}"
            return
        match = own_leads.compare(
            learnable, trained, saved.predictor, champion.learned_until or champion.asked_at, str(champion)
        )
        this.decision = match.why[:400]
        this.state = State.LIVE if match.won else State.LOST


@transaction.atomic
def _store(this: ModelVersion, *, at: datetime) -> None:
    this.step = ""
    if this.state == State.LIVE:
        _retire(at)
        this.live_since = at
    this.save()


def _retire(at: datetime) -> None:
    ModelVersion.objects.filter(state=State.LIVE).update(state=State.RETIRED)


@transaction.atomic
def roll_back(*, to: ModelVersion, at: datetime, by: User) -> ModelVersion:
    """Let an earlier model foretell again. Raises DomainError `not_retired`, or `not_a_model` with the reason."""
    chosen = ModelVersion.objects.select_for_update().get(id=to.id)
    if chosen.state not in (State.RETIRED, State.LOST):
        raise DomainError("not_retired", f"{chosen} is not an earlier model.", kind="conflict")
    if reason := refusal(chosen):
        raise DomainError("not_a_model", reason)
    _retire(at)
    chosen.state, chosen.live_since, chosen.watch, chosen.watched_at = State.LIVE, at, {}, None
    chosen.save(update_fields=["state", "live_since", "watch", "watched_at"])
    audit.record(actor=by, action="qualify.model_rolled_back", object=str(chosen), at=at)
    return chosen


@transaction.atomic
def switch_off(*, at: datetime, by: User) -> None:
    """Let no model foretell; points go on."""
    gone = live()
    _retire(at)
    Prediction.objects.all().delete()
    audit.record(actor=by, action="qualify.prediction_off", object=str(gone or ""), at=at)


def refusal(version: ModelVersion) -> str:
    """Why this version's model is not opened; "" if it may be. Nothing in it is interpreted to find out."""
    if not constant_time_compare(version.signature, _signature(version.content)):
        return f"{version} was not written by this instance, or was changed since. It is not opened."
    return ""


def model_of(version: ModelVersion) -> Any:
    """The `model_file.Saved` of a version. Raises DomainError `not_a_model`."""
    from handraiser.qualify.prediction import model_file

    if reason := refusal(version):
        raise DomainError("not_a_model", reason)
    return model_file.read(version.content.encode(), str(version))


def _signature(content: str) -> str:
    return salted_hmac("handraiser.qualify.model", content, algorithm="sha256").hexdigest()
