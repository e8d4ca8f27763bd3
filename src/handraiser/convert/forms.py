"""What staff type about deals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms

from handraiser.console.templatetags.console import WITHOUT_MINOR
from handraiser.convert.models import Deal, DealStage, Pipeline
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import SELLERS, Role


def minor(amount: Decimal | None, currency: str) -> int | None:
    """An amount as people write it, in minor units; None stays unknown."""
    if amount is None:
        return None
    return int(amount * (1 if currency in WITHOUT_MINOR else 100))


def major(amount: int | None, currency: str) -> str:
    """Minor units as people write them; empty while unknown."""
    if amount is None:
        return ""
    if currency in WITHOUT_MINOR:
        return str(amount)
    whole, rest = divmod(amount, 100)
    return f"{whole}.{rest:02}" if rest else str(whole)


class DealForm(forms.Form):
    """A deal's own fields. A rep's deals are theirs; managers may give them to somebody."""

    title = forms.CharField(
        label="What would they buy", max_length=200, help_text="Example: Team plan, 12 seats"
    )
    amount = forms.DecimalField(
        label="Amount",
        required=False,
        min_value=0,
        max_digits=13,
        decimal_places=2,
        help_text="Leave it empty while you do not know.",
    )
    next_step = forms.CharField(
        label="Next step", max_length=200, required=False, help_text="Example: Call about the offer"
    )
    next_step_at = forms.DateTimeField(
        label="When",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d"],
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), label="Owner", required=False, empty_label="Nobody yet"
    )

    def __init__(self, *args, user: User, deal: Deal | None = None, **kwargs) -> None:
        if deal is not None:
            kwargs["initial"] = {
                "title": deal.title,
                "amount": major(deal.amount, deal.currency),
                "next_step": deal.next_step,
                "next_step_at": deal.next_step_at,
                "owner": deal.owner_id,
            }
        super().__init__(*args, **kwargs)
        self.currency = deal.currency if deal else Organisation.get().currency
        self.fields["amount"].label = f"Amount in {self.currency}"
        if user.role == Role.REP:
            del self.fields["owner"]
        else:
            sellers = User.objects.filter(is_active=True, role__in=SELLERS).order_by("name")
            cast(forms.ModelChoiceField, self.fields["owner"]).queryset = sellers

    def values(self) -> dict[str, Any]:
        """The cleaned fields as `actions.deals` takes them."""
        values = dict(self.cleaned_data)
        values["amount"] = minor(values["amount"], self.currency)
        return values


class NewDealForm(DealForm):
    """A new deal also says where it begins."""

    stage = forms.ModelChoiceField(DealStage.objects.none(), label="Stage", empty_label=None)
    field_order = ["title", "amount", "stage", "next_step", "next_step_at", "owner"]

    def __init__(self, *args, pipeline: Pipeline, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        stages = pipeline.stages.filter(kind=DealStage.Kind.OPEN).order_by("position", "id")
        cast(forms.ModelChoiceField, self.fields["stage"]).queryset = stages
