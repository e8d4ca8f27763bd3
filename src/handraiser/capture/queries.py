"""Reads of forms and of what came through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from handraiser.attract import queries as attract
from handraiser.capture.models import Form, FormPlace, FormVersion, LeadMagnet, MagnetGrant, Submission
from handraiser.capture.rendering import answers_in_words
from handraiser.kit import rows
from handraiser.kit.statistics import Rate, rate

ACCEPTED = Submission.State.ACCEPTED


@lru_cache(maxsize=500)
def _unchanging(form_id: str, number: int) -> dict[str, Any]:
    """The values of a published version: they never change, so a process reads them once."""
    versions = FormVersion.objects.exclude(published_at=None).filter(form_id=form_id, number=number)
    return dict(versions.values("id", "number", "schema", "created_at", "published_at").get())


def published(form_id: str, number: int) -> FormVersion | None:
    """A published version, with its form as it is now; None if there is none."""
    found = rows.find(Form, {"id": form_id})
    if not found:
        return None
    [form] = found
    if form.magnet_id:
        [form.magnet] = rows.find(LeadMagnet, {"id": form.magnet_id})
    try:
        return FormVersion(form=form, **_unchanging(form_id, number))
    except FormVersion.DoesNotExist:
        return None


def _accepted(start: datetime, end: datetime) -> QuerySet[Submission]:
    return Submission.objects.filter(state=ACCEPTED, submitted_at__gte=start, submitted_at__lt=end)


def submissions_by_form(start: datetime, end: datetime) -> dict[str, int]:
    """Accepted submissions in [start, end), by form id."""
    rows = _accepted(start, end).values("form").annotate(n=Count("id")).order_by("-n", "form")
    return dict(rows.values_list("form", "n"))


def submissions_by_page(start: datetime, end: datetime) -> dict[str, int]:
    """Accepted submissions in [start, end), by path of the page; "" is unknown."""
    rows = _accepted(start, end).values("page_path").annotate(n=Count("id")).order_by("-n", "page_path")
    return dict(rows.values_list("page_path", "n"))


def submissions_by_day(start: datetime, end: datetime, *, time_zone: tzinfo | None = None) -> dict[Any, int]:
    """Accepted submissions in [start, end), by day of the given zone."""
    rows = _accepted(start, end).annotate(day=TruncDate("submitted_at", tzinfo=time_zone))
    return dict(rows.values("day").annotate(n=Count("id")).order_by("day").values_list("day", "n"))


def in_quarantine() -> int:
    """How many wait for a human eye."""
    return Submission.objects.filter(state=Submission.State.QUARANTINED).count()


def refusals(start: datetime, end: datetime) -> dict[str, int]:
    """What was held back in [start, end), by reason, whatever was decided since."""
    rows = Submission.objects.filter(submitted_at__gte=start, submitted_at__lt=end).exclude(reason="")
    return dict(rows.values("reason").annotate(n=Count("id")).order_by("-n").values_list("reason", "n"))


def completion(version: FormVersion, *, now: datetime) -> Rate | None:
    """The share of visits to the form's pages that sent it, since this version is live.

    None when no visit of its pages was measured: unknown is not zero. A form that is sent from another page,
    or by a visit that was not measured, does not count, so no rate passes 100 %.
    """
    if version.published_at is None:
        return None
    visits = sent = 0
    for place in FormPlace.objects.filter(form_id=version.form_id):
        start = max(place.since, version.published_at)
        seen = sum(row.visits for row in attract.pages(start, now, paths=[place.path]))
        came = Submission.objects.filter(
            version=version, state=ACCEPTED, page_path=place.path, submitted_at__gte=start
        ).count()
        visits += seen
        sent += min(came, seen)
    return rate(sent, visits) if visits else None


def sent_by_version(form: Form) -> dict[int, int]:
    """Accepted submissions of a form, by id of its version."""
    rows = Submission.objects.filter(form=form, state=ACCEPTED).values("version").annotate(n=Count("id"))
    return dict(rows.values_list("version", "n"))


@dataclass(frozen=True)
class FormRow:
    """A form in the list, with how it fares. `draft` is the number of a draft beside the live version."""

    form: Form
    sent: int
    sent_lately: int
    last_at: datetime | None
    finished: Rate | None
    draft: int | None
    places: int


def form_rows(*, now: datetime, archived: bool = False) -> list[FormRow]:
    """Forms with their numbers, the liveliest first."""
    month = now - timedelta(days=30)
    taken = Q(submissions__state=ACCEPTED)
    forms = (
        Form.objects.filter(archived_at__isnull=not archived)
        .select_related("live", "magnet")
        .annotate(
            sent=Count("submissions", filter=taken),
            lately=Count("submissions", filter=taken & Q(submissions__submitted_at__gte=month)),
            last_at=Max("submissions__submitted_at", filter=taken),
        )
        .order_by("-lately", "name")
    )
    drafts = dict(FormVersion.objects.filter(published_at=None).values_list("form", "number"))
    places = dict(FormPlace.objects.values("form").annotate(n=Count("id")).values_list("form", "n"))
    return [
        FormRow(
            form=form,
            sent=form.sent,
            sent_lately=form.lately,
            last_at=form.last_at,
            finished=completion(form.live, now=now) if form.live else None,
            draft=drafts.get(form.id),
            places=places.get(form.id, 0),
        )
        for form in forms
    ]


@dataclass(frozen=True)
class MagnetRow:
    """A magnet in the list: links given, links used."""

    magnet: LeadMagnet
    given: int
    used: Rate
    forms: list[str]


def magnet_rows() -> list[MagnetRow]:
    """Magnets with how many links were given and how many of them were used at least once."""
    magnets = LeadMagnet.objects.annotate(
        given=Count("grants", distinct=True),
        used=Count("grants", filter=Q(grants__downloads__gt=0), distinct=True),
    ).order_by("name")
    forms: dict[str, list[str]] = {}
    for magnet, name in (
        Form.objects.filter(archived_at=None).exclude(magnet=None).values_list("magnet", "name")
    ):
        forms.setdefault(magnet, []).append(name)
    return [
        MagnetRow(
            magnet=magnet,
            given=magnet.given,
            used=rate(magnet.used, magnet.given),
            forms=forms.get(magnet.id, []),
        )
        for magnet in magnets
    ]


def downloads(start: datetime, end: datetime) -> int:
    """Downloads of links that were first used in [start, end)."""
    rows = MagnetGrant.objects.filter(first_download_at__gte=start, first_download_at__lt=end)
    return rows.aggregate(n=Sum("downloads"))["n"] or 0


def found(
    *,
    query: str = "",
    form: str = "",
    state: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Submission]:
    """Submissions that match, newest first; deleted spam is left out unless it is asked for."""
    rows = Submission.objects.select_related("form", "version", "person", "lead").order_by(
        "-submitted_at", "-id"
    )
    rows = rows.filter(state=state) if state else rows.exclude(state=Submission.State.REJECTED)
    if form:
        rows = rows.filter(form_id=form)
    if since:
        rows = rows.filter(submitted_at__gte=since)
    if until:
        rows = rows.filter(submitted_at__lt=until)
    for word in query.split()[:5]:
        rows = rows.filter(
            Q(person__first_name__icontains=word)
            | Q(person__last_name__icontains=word)
            | Q(person__email__icontains=word)
            | Q(person__company__name__icontains=word)
            | Q(id=word)
        )
    return rows


def written(submission_ids: Iterable[str]) -> Mapping[str, list[tuple[str, str]]]:
    """What people wrote, question and answer, by submission: for the quotes of a timeline."""
    rows = Submission.objects.filter(id__in=set(submission_ids)).select_related("version")
    return {row.id: answers_in_words(row.version, row.answers) for row in rows}
