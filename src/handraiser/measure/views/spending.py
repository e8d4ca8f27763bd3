"""What was spent: read, entered, taken out."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from handraiser.attract.rules import channels
from handraiser.attract.rules.channels import LABELS, Channel
from handraiser.console.toasts import toast
from handraiser.core.staff.models import Organisation
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.kit import clock
from handraiser.kit.errors import DomainError
from handraiser.measure import queries
from handraiser.measure.actions import spend
from handraiser.measure.models import Spend
from handraiser.measure.views import filters


class SpendForm(forms.Form):
    """Money spent on a channel from a day to a day."""

    channel = forms.ChoiceField(
        choices=lambda: [("", "Choose a channel"), *((c.value, LABELS[c]) for c in Channel)]
    )
    campaign = forms.CharField(
        max_length=200, required=False, help_text="As in utm_campaign. Empty: the whole channel."
    )
    source = forms.CharField(max_length=120, required=False, help_text="As in utm_source, like google.")
    from_date = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    to_date = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    amount = forms.DecimalField(min_value=0, max_digits=15, decimal_places=2, help_text="Like 1250.50")
    note = forms.CharField(max_length=200, required=False)


def _screen(request: StaffRequest, form: SpendForm, status: int = 200) -> HttpResponse:
    found = filters.read(request, clock.now())
    context = filters.context(request, found, tab="spend")
    rows = Spend.objects.select_related("entered_by").order_by("-from_date", "-id")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context |= {
        "form": form,
        "page": page,
        "rows": [(row, channels.label(row.channel)) for row in page],
        "may_change": request.user.may(*EDITORS),
        "foreign": queries.other_currencies(),
    }
    return render(request, "measure/spend.html", context, status=status)


@require_safe
def listing(request: StaffRequest) -> HttpResponse:
    """All that was entered, newest first, with the form."""
    return _screen(request, SpendForm())


@require_POST
def enter(request: StaffRequest) -> HttpResponse:
    """Enter a spend."""
    form = SpendForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            row = spend.enter(
                channel=said["channel"],
                source=said["source"],
                campaign=said["campaign"],
                from_date=said["from_date"],
                to_date=said["to_date"],
                amount=int(said["amount"] * 100),
                currency=Organisation.get().currency,
                note=said["note"],
                at=clock.now(),
                by=request.user,
            )
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            toast(request, f"Spend on {LABELS.get(row.channel, row.channel)} entered")
            return redirect("measure:spend")
    return _screen(request, form, status=422)


@require_POST
def remove(request: StaffRequest, spend_id: str) -> HttpResponse:
    """Take a spend out again."""
    row = get_object_or_404(Spend, id=spend_id)
    spend.remove(row=row, at=clock.now())
    toast(request, f"Spend on {LABELS.get(row.channel, row.channel)} taken out")
    return redirect("measure:spend")
