"""One deal: opening it, reading it, changing it."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from handraiser.console.toasts import toast
from handraiser.convert.actions import deals as actions
from handraiser.convert.forms import DealForm, NewDealForm
from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.convert.reasons import LOST_SENTENCES, Lost
from handraiser.convert.views.board import card, seen_version
from handraiser.core.people.models import CLOSED_STAGES, Lead, Stage
from handraiser.core.staff.models import User
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import SELLERS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.qualify.actions import stages

CHOICES = 20


def _leads(user: User, words: str) -> list[Lead]:
    """Leads that a deal may be opened for, those furthest along and liveliest first."""
    leads = Lead.objects.visible_to(user).with_people()
    leads = leads.exclude(stage__in=[stage for stage in CLOSED_STAGES if stage != Stage.CUSTOMER])
    for word in words.split()[:5]:
        leads = leads.filter(
            Q(person__first_name__icontains=word)
            | Q(person__last_name__icontains=word)
            | Q(person__email__icontains=word)
            | Q(person__company__name__icontains=word)
        )
    return list(leads.order_by("-last_activity_at", "-id")[:CHOICES])


@require_GET
def lead_options(request: StaffRequest) -> HttpResponse:
    """The leads to choose from for a new deal, found by words."""
    rows = _leads(request.user, request.GET.get("q", ""))
    return render(request, "convert/_lead_options.html", {"leads": rows})


def open_deal(request: StaffRequest) -> HttpResponse:
    """Ask for a new deal, and open it. `?lead=` chooses the lead beforehand."""
    wanted = request.POST.get("lead") or request.GET.get("lead", "")
    visible = Lead.objects.visible_to(request.user).with_people()
    lead = get_object_or_404(visible, id=wanted) if wanted else None
    pipeline = Pipeline.default()
    form = NewDealForm(request.POST or None, user=request.user, pipeline=pipeline)
    problem = ""
    if request.method == "POST" and lead is None:
        problem = "Choose whose deal it is."
    elif request.method == "POST" and form.is_valid() and lead is not None:
        values = form.values()
        if not values.get("owner"):
            values["owner"] = lead.owner or request.user
        try:
            deal = actions.open(lead=lead, at=clock.now(), by=request.user, **values)
        except DomainError as error:
            problem = error.message
        else:
            toast(request, f"Deal opened: {deal.title}.")
            return HttpResponseRedirect(f"{reverse('convert:board')}#{deal.id}")
    return render(
        request,
        "convert/new_deal.html",
        {
            "form": form,
            "lead": lead,
            "leads": [] if lead else _leads(request.user, request.GET.get("q", "")),
            "problem": problem,
        },
        status=422 if request.method == "POST" else 200,
    )


def deal(
    request: StaffRequest, deal_id: str, form: DealForm | None = None, status: int = 200
) -> HttpResponse:
    """One deal with its fields and its moves."""
    found = get_object_or_404(
        Deal.objects.visible_to(request.user).with_people().select_related("pipeline"), id=deal_id
    )
    may_sell = request.user.role in SELLERS
    return render(
        request,
        "convert/deal.html",
        {
            "card": card(found, clock.now()),
            "deal": found,
            "form": form or DealForm(user=request.user, deal=found),
            "lead_visible": Lead.objects.visible_to(request.user).filter(id=found.lead_id).exists(),
            "may_sell": may_sell,
            "stages": list(found.pipeline.stages.order_by("position", "id")),
            "open": found.stage.kind == DealStage.Kind.OPEN,
            "lost_reasons": [(key, label, LOST_SENTENCES[key]) for key, label in Lost.choices],
        },
        status=status,
    )


@require_POST
def change_deal(request: StaffRequest, deal_id: str) -> HttpResponse:
    """Save a deal's fields; refused when somebody changed it since they were shown."""
    found = get_object_or_404(Deal.objects.visible_to(request.user), id=deal_id)
    form = DealForm(request.POST, user=request.user, deal=found)
    if not form.is_valid():
        return deal(request, deal_id, form=form, status=422)
    actions.change(
        deal=found,
        values=form.values(),
        version=seen_version(request),
        at=clock.now(),
        by=request.user,
    )
    toast(request, "Deal saved.")
    return HttpResponseRedirect(reverse("convert:deal", args=[found.id]))


@require_POST
def qualify_as_sql(request: StaffRequest, lead_id: str) -> HttpResponse:
    """A rep spoke to them: the need is real."""
    lead = get_object_or_404(Lead.objects.visible_to(request.user), id=lead_id)
    stages.move(lead, Stage.SQL, at=clock.now(), by=str(request.user.id))
    toast(request, "Qualified as SQL.")
    return HttpResponseRedirect(f"/admin/leads/{lead.id}/")
