"""Custom fields under Settings."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from handraiser.core.people.actions import fields as actions
from handraiser.core.people.models import FieldDefinition
from handraiser.core.staff.requests import StaffRequest
from handraiser.kit import clock
from handraiser.kit.errors import DomainError


class FieldForm(forms.Form):
    """What a field is called, and what it holds."""

    entity = forms.ChoiceField(label="Of", choices=list(actions.ENTITIES.items()))
    label = forms.CharField(
        label="Name", max_length=120, help_text="As colleagues read it. Example: Roof age"
    )
    kind = forms.ChoiceField(label="It holds", choices=list(actions.KINDS.items()))
    choices = forms.CharField(
        required=False,
        label="Answers",
        help_text="One a line; only for a list.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    personal = forms.BooleanField(
        required=False,
        label="Personal",
        help_text="Never written to the journal; removed when the person asks to be erased.",
    )

    def clean_choices(self) -> list[str]:
        return self.cleaned_data["choices"].splitlines()


def fields(request: StaffRequest) -> HttpResponse:
    """All custom fields, by what they belong to."""
    rows = [
        {
            "field": row,
            "of": actions.ENTITIES.get(row.entity, row.entity),
            "holds": actions.KINDS.get(row.kind, row.kind),
        }
        for row in FieldDefinition.objects.order_by("entity", "label")
    ]
    return render(request, "people/fields.html", {"rows": rows})


def field_add(request: StaffRequest) -> HttpResponse:
    """Define a field."""
    form = FieldForm(request.POST or None, initial={"entity": "person", "kind": "text"})
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.add(at=clock.now(), by=request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.field or None, error.message)
        else:
            messages.success(request, f"{row.label} was added.")
            return redirect("people:fields")
    return render(request, "people/field.html", {"form": form}, status=422 if form.errors else 200)


def field_change(request: StaffRequest, field_id: int) -> HttpResponse:
    """Rename a field or change its answers."""
    row = get_object_or_404(FieldDefinition, pk=field_id)
    initial = {"label": row.label, "choices": "\n".join(row.choices), "personal": row.personal}
    form = FieldForm(request.POST or None, initial=initial)
    del form.fields["entity"], form.fields["kind"]
    if row.kind != "choice":
        del form.fields["choices"]
    if request.method == "POST" and form.is_valid():
        try:
            actions.change(row=row, at=clock.now(), by=request.user, **{"choices": [], **form.cleaned_data})
        except DomainError as error:
            form.add_error(error.field or None, error.message)
        else:
            messages.success(request, f"{row.label} was saved.")
            return redirect("people:fields")
    return render(
        request, "people/field.html", {"form": form, "row": row}, status=422 if form.errors else 200
    )


@require_POST
def field_remove(request: StaffRequest, field_id: int) -> HttpResponse:
    """Take a field away; stored values stay."""
    row = get_object_or_404(FieldDefinition, pk=field_id)
    actions.remove(row=row, at=clock.now(), by=request.user)
    messages.success(request, f"{row.label} was removed. Stored values stay and show again if it comes back.")
    return redirect("people:fields")
