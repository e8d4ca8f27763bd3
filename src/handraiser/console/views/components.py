"""The living page of components: each in all its states. Development and demo only."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from handraiser.console.templatetags.console import STAGES
from handraiser.kit import clock
from handraiser.kit.statistics import rate


class Sample(forms.Form):
    """One row of each kind; the address is wrong on purpose."""

    name = forms.CharField(label="Name of the segment", help_text="Shown to colleagues, never to readers")
    reply_to = forms.CharField(label="Reply address")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    channel = forms.ChoiceField(choices=[("email", "Email"), ("ads", "Ads")])
    how = forms.ChoiceField(
        label="Order", choices=[("clock", "By clock"), ("score", "By score")], widget=forms.RadioSelect
    )
    hours = forms.BooleanField(label="Only in reading hours", required=False)

    def clean_reply_to(self) -> str:
        raise forms.ValidationError("This address has no @. Example: dana@example.com")


def components(request: HttpRequest) -> HttpResponse:
    """Scores, stages, times, rates, money, rows of forms, tabs, notes, empty, loading, error, dialog."""
    now = clock.now()
    sample = {
        "name": "Readers gone quiet",
        "reply_to": "dana.example.com",
        "channel": "email",
        "how": "clock",
        "hours": True,
    }
    spans = (0, 4, 150, 60 * 26, 60 * 24 * 40, -90)
    return render(
        request,
        "console/living.html",
        {
            "stages": list(STAGES),
            "form": Sample(sample),
            "moments": [now - timedelta(minutes=minutes) for minutes in spans],
            "rates": [rate(77, 612), rate(2, 10), rate(0, 30), rate(0, 0)],
            "people": ["Ines Brandt", "Marcus Feld", "Priya Nair", "Tom Whitcombe", "Jonas Eklund"],
            "tabs": [
                ("All open", "?", True, 412),
                ("Mine", "?v=mine", False, 38),
                ("Settings", "?v=s", False),
            ],
        },
    )
