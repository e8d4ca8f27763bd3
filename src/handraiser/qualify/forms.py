"""The form of a source that is asked."""

from __future__ import annotations

from typing import Any

from django import forms

from handraiser.qualify.actions.sources import BUDGET_MS
from handraiser.qualify.models import PredictionSettings, Source
from handraiser.qualify.rules import features, findings

_PLACE = "place_"


class SourceForm(forms.Form):
    """A service that answers GET with JSON. The key is written, never shown; left empty, the stored one stays."""

    name = forms.CharField(label="Name", max_length=80)
    about = forms.ChoiceField(
        label="It is asked about",
        choices=Source.About.choices,
        help_text="Asked about the whole address, the service learns who somebody is: it must be your processor.",
    )
    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="With {domain} or {email} where the question belongs. "
        "Example: https://api.example.com/v1/companies?domain={domain}",
    )
    header = forms.CharField(
        label="Header of the key", max_length=60, required=False, help_text="Example: X-Api-Key"
    )
    secret = forms.CharField(
        label="Key",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    quota = forms.IntegerField(label="Questions a day", initial=500, min_value=0, max_value=1_000_000)
    budget_ms = forms.IntegerField(
        label="Milliseconds for one question", initial=3_000, min_value=BUDGET_MS[0], max_value=BUDGET_MS[1]
    )
    keep_days = forms.IntegerField(
        label="Days that an answer is good for", initial=90, min_value=1, max_value=730
    )

    def __init__(self, data: Any = None, *, source: Source | None = None) -> None:
        initial = {}
        if source is not None:
            plain = ("name", "about", "url", "header", "quota", "budget_ms", "keep_days")
            initial = {key: getattr(source, key) for key in plain}
            initial |= {f"{_PLACE}{field}": pointer for field, pointer in source.fields.items()}
        super().__init__(data, initial=initial)
        for field, label in findings.LABELS.items():
            self.fields[f"{_PLACE}{field}"] = forms.CharField(label=label, max_length=200, required=False)
        stored = bool(source and source.secret_sealed)
        self.fields["secret"].help_text = (
            "One is stored, sealed with a key outside the database. Leave empty to keep it."
            if stored
            else "Stored sealed, with a key outside the database."
        )
        self.fields[f"{_PLACE}company_name"].help_text = "Where it is in the answer. Example: /data/name"

    def values(self) -> dict[str, Any]:
        """What `sources.save` takes."""
        told = self.cleaned_data
        plain = {key: value for key, value in told.items() if not key.startswith(_PLACE) and key != "secret"}
        allowed = findings.OF_COMPANY if told["about"] == Source.About.DOMAIN else findings.OF_PERSON
        places = {field: told[f"{_PLACE}{field}"] for field in allowed if told.get(f"{_PLACE}{field}")}
        return {**plain, "fields": places}

    def blame(self, field: str, sentence: str) -> None:
        """Show a refusal beside the field at fault."""
        name = field if field in self.fields else f"{_PLACE}{field}"
        self.add_error(name if name in self.fields else None, sentence)

    def plain(self) -> list[forms.BoundField]:
        """The rows but for the places."""
        return [bound for bound in self if not bound.name.startswith(_PLACE)]

    def of_company(self) -> list[forms.BoundField]:
        """Where the fields of a company are."""
        return [self[f"{_PLACE}{field}"] for field in findings.OF_COMPANY]

    def of_person(self) -> list[forms.BoundField]:
        """Where the fields of a person are."""
        return [self[f"{_PLACE}{field}"] for field in findings.OF_PERSON]


class PredictionForm(forms.Form):
    """What is foretold, and how often it is learned anew."""

    target = forms.ChoiceField(label="Whether a lead", choices=PredictionSettings.Target.choices)
    window_days = forms.IntegerField(
        label="Within how many days",
        help_text="A lead counts as no only when so many days are over. Longer windows need older leads.",
    )
    retrain_days = forms.IntegerField(
        label="Learn anew every so many days",
        help_text="By night; a new model goes live only when it foretells later leads better. 0: only when asked.",
    )
    left_out = forms.MultipleChoiceField(
        label="Do not look at",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What stands for a group of people, or what sales does not want to count.",
    )

    def __init__(self, data: Any = None, *, settings: PredictionSettings) -> None:
        known = ("target", "window_days", "retrain_days", "left_out")
        super().__init__(data, initial={name: getattr(settings, name) for name in known})
        chosen = dict.fromkeys([*features.CHOICES, *settings.left_out])
        self.fields["left_out"].choices = [(name, features.label(name)) for name in chosen]  # type: ignore[attr-defined]
        self.fields["window_days"].widget.attrs["inputmode"] = "numeric"
