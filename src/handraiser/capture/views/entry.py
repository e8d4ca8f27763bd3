"""Django forms of this stage's screens: they read what was typed; the actions decide."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.text import slugify

from handraiser.capture.models import Form, Intent, LeadMagnet
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.schema import Choice, Condition, Field, Schema, Type
from handraiser.core.consent.actions.grants import PURPOSES
from handraiser.core.people.models import FieldDefinition

TYPE_LABELS = {
    Type.TEXT: "Short text",
    Type.EMAIL: "Email",
    Type.PHONE: "Phone",
    Type.CHOICE: "One of several",
    Type.MULTICHOICE: "Some of several",
    Type.TEXTAREA: "Long text",
    Type.NUMBER: "Number",
    Type.COUNTRY: "Country",
    Type.CONSENT: "Consent",
    Type.NOTICE: "Notice",
    Type.HIDDEN: "Hidden value",
}
TYPE_ICONS = {
    Type.TEXT: "edit",
    Type.EMAIL: "mail",
    Type.PHONE: "phone",
    Type.CHOICE: "check",
    Type.MULTICHOICE: "list",
    Type.TEXTAREA: "note",
    Type.NUMBER: "cols",
    Type.COUNTRY: "globe",
    Type.CONSENT: "shield",
    Type.NOTICE: "info",
    Type.HIDDEN: "eye",
}
# What a new field says until somebody words it.
FRESH = {
    Type.TEXT: Field(key="question", type=Type.TEXT, label="Your question"),
    Type.EMAIL: Field(key="email", type=Type.EMAIL, label="Work email", required=True, maps_to="email"),
    Type.PHONE: Field(key="phone", type=Type.PHONE, label="Phone", maps_to="phone"),
    Type.CHOICE: Field(
        key="choice",
        type=Type.CHOICE,
        label="Your question",
        choices=[Choice("yes", "Yes"), Choice("no", "No")],
    ),
    Type.MULTICHOICE: Field(
        key="choices",
        type=Type.MULTICHOICE,
        label="Your question",
        choices=[Choice("first", "First"), Choice("second", "Second")],
    ),
    Type.TEXTAREA: Field(key="message", type=Type.TEXTAREA, label="What would you like to tell us?"),
    Type.NUMBER: Field(key="number", type=Type.NUMBER, label="How many?"),
    Type.COUNTRY: Field(key="country", type=Type.COUNTRY, label="Country", maps_to="country"),
    Type.CONSENT: Field(
        key="consent",
        type=Type.CONSENT,
        label="Send me news by email, about twice a month. I can stop any time.",
        purpose="marketing",
    ),
    Type.NOTICE: Field(
        key="notice",
        type=Type.NOTICE,
        label="By sending you allow us to call or write to you about this request, and about nothing else.",
        purpose="sales",
    ),
    Type.HIDDEN: Field(key="hidden", type=Type.HIDDEN, label="Hidden value"),
}

_TARGET_LABELS = {
    "first_name": "First name (person)",
    "last_name": "Last name (person)",
    "email": "Email (person)",
    "phone": "Phone (person)",
    "job_title": "Job title (person)",
    "company_name": "Company name",
    "country": "Country (person)",
}
_TARGETS_OF = {
    Type.EMAIL: ("email",),
    Type.PHONE: ("phone",),
    Type.COUNTRY: ("country",),
    Type.TEXT: ("first_name", "last_name", "job_title", "company_name"),
    Type.CHOICE: ("job_title", "company_name"),
}


def targets(kind: Type) -> list[tuple[str, str]]:
    """Where an answer of this type may be stored besides the submission."""
    fixed = [(key, _TARGET_LABELS[key]) for key in _TARGETS_OF.get(kind, ())]
    custom = [
        (f"{row.entity}:{row.key}", f"{row.label} ({row.entity})")
        for row in FieldDefinition.objects.filter(entity__in=("person", "lead")).order_by("entity", "label")
        if kind not in (Type.EMAIL, Type.PHONE, Type.COUNTRY)
    ]
    return [("", "Only with the submission"), *fixed, *custom]


class FieldEntry(forms.Form):
    """One field of a draft, as edited in the side panel."""

    label = forms.CharField(max_length=500)
    help = forms.CharField(max_length=200, required=False, label="Help", help_text="Stands below the label.")
    required = forms.BooleanField(required=False, label="Must be answered")
    choices = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}), label="Answers", help_text="One a line."
    )
    purpose = forms.ChoiceField(
        label="Allows us", choices=[(key, label) for key, (label, _) in PURPOSES.items()]
    )
    maps_to = forms.ChoiceField(required=False, label="Stored as")
    max_length = forms.IntegerField(required=False, min_value=1, label="Longest answer, in characters")
    default = forms.CharField(required=False, max_length=200, label="Value")
    show_when = forms.ChoiceField(required=False, label="Shown when the answer to")
    show_op = forms.ChoiceField(
        required=False,
        label="Comparison",
        choices=[("is", "is one of"), ("is_not", "is none of"), ("filled", "has any answer")],
    )
    show_values = forms.CharField(
        required=False, max_length=400, label="These answers", help_text="Parted by commas."
    )

    def __init__(self, data: Any = None, *, field: Field, schema: Schema) -> None:
        self.schema_field = field
        before = schema.fields[: next((n for n, f in enumerate(schema.fields) if f.key == field.key), 0)]
        self._before = {other.key: other for other in before if other.asks}
        super().__init__(data, initial=self._initial(field))
        cast(forms.ChoiceField, self.fields["maps_to"]).choices = targets(field.type)
        cast(forms.ChoiceField, self.fields["show_when"]).choices = [
            ("", "No question: always shown"),
            *((key, other.label[:60]) for key, other in self._before.items()),
        ]
        keep = {"label"}
        if field.asks:
            keep |= {"help", "required"}
        if field.asks and field.type is not Type.CONSENT:
            keep |= {"maps_to"}
        if field.type is Type.HIDDEN:
            keep |= {"default", "maps_to"}
        if field.type in (Type.CHOICE, Type.MULTICHOICE):
            keep |= {"choices"}
        if field.type in (Type.TEXT, Type.TEXTAREA):
            keep |= {"max_length"}
            self.fields["max_length"].widget.attrs["placeholder"] = str(field.limit)
        if field.type in (Type.CONSENT, Type.NOTICE):
            keep |= {"purpose"}
            self.fields["label"].label = "Exact wording"
            self.fields["label"].widget = forms.Textarea(attrs={"rows": 3})
            self.fields["label"].help_text = "Kept as proof with each yes. Other words are another version."
        if self._before and field.type is not Type.HIDDEN:
            keep |= {"show_when", "show_op", "show_values"}
        for name in list(self.fields):
            if name not in keep:
                del self.fields[name]

    def plain(self) -> list[forms.BoundField]:
        """What every field of this type has."""
        return [bound for bound in self if not bound.name.startswith("show_")]

    def conditional(self) -> list[forms.BoundField]:
        """When the field is shown; none for the first question."""
        return [bound for bound in self if bound.name.startswith("show_")]

    @staticmethod
    def _initial(field: Field) -> dict[str, Any]:
        condition = field.show_when
        labels = ", ".join(condition.values) if condition else ""
        return {
            "label": field.label,
            "help": field.help,
            "required": field.required,
            "choices": "\n".join(choice.label for choice in field.choices),
            "purpose": field.purpose,
            "maps_to": field.maps_to,
            "max_length": field.max_length or None,
            "default": field.default,
            "show_when": condition.field if condition else "",
            "show_op": condition.op if condition else "is",
            "show_values": labels,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "choices" in self.fields and len(self._choices(cleaned)) < 2:
            self.add_error("choices", "Write at least two answers, one a line.")
        other = cleaned.get("show_when")
        if other and cleaned.get("show_op") != "filled" and not self._values(cleaned):
            self.add_error("show_values", "Write the answers it depends on, parted by commas.")
        return cleaned

    def _choices(self, cleaned: dict[str, Any]) -> list[Choice]:
        """Answers with values that stay when a label stays, so that old and new submissions compare."""
        before = {choice.label: choice.value for choice in self.schema_field.choices}
        made: list[Choice] = []
        used: set[str] = set()
        for line in cleaned.get("choices", "").splitlines():
            label = line.strip()[:120]
            if not label or any(choice.label == label for choice in made):
                continue
            value = base = before.get(label) or slugify(label)[:60] or "answer"
            number = 2
            while value in used:
                value, number = f"{base}-{number}", number + 1
            used.add(value)
            made.append(Choice(value, label))
        return made[:60]

    def _values(self, cleaned: dict[str, Any]) -> list[str]:
        """What was typed as answers, as the values that are stored."""
        other = self._before.get(cleaned.get("show_when", ""))
        by_label = {choice.label.lower(): choice.value for choice in other.choices} if other else {}
        typed = [text.strip() for text in cleaned.get("show_values", "").split(",") if text.strip()]
        return [by_label.get(text.lower(), text) for text in typed]

    def changes(self) -> dict[str, Any]:
        """What the action `forms.change_field` takes."""
        cleaned = self.cleaned_data
        changes: dict[str, Any] = {"label": cleaned["label"].strip()}
        for key in ("help", "required", "purpose", "maps_to", "default"):
            if key in self.fields:
                changes[key] = cleaned[key]
        if "max_length" in self.fields:
            changes["max_length"] = cleaned["max_length"] or 0
        if "choices" in self.fields:
            changes["choices"] = [{"value": c.value, "label": c.label} for c in self._choices(cleaned)]
        if "show_when" in self.fields:
            condition = None
            if cleaned["show_when"]:
                op = cleaned["show_op"] or "is"
                values = [] if op == "filled" else self._values(cleaned)
                condition = schemas.dump(Condition(field=cleaned["show_when"], op=op, values=values))
            changes["show_when"] = condition
        return changes


class FormEntry(forms.Form):
    """Name, meaning and words of a form."""

    name = forms.CharField(max_length=120)
    intent = forms.ChoiceField(
        choices=Intent.choices, label="Sending it means", help_text="Scores tell forms apart by it."
    )
    magnet = forms.ModelChoiceField(
        queryset=LeadMagnet.objects.order_by("name"), required=False, empty_label="Nothing", label="Gives"
    )
    heading = forms.CharField(max_length=120, required=False)
    button = forms.CharField(max_length=60)
    fine = forms.CharField(max_length=300, required=False, label="Below the button")
    thanks_title = forms.CharField(max_length=120, label="Thanks, title")
    thanks_text = forms.CharField(
        max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Thanks, text"
    )

    WORDS = ("heading", "button", "fine", "thanks_title", "thanks_text")

    def __init__(self, data: Any = None, *, form: Form, schema: Schema) -> None:
        words = {key: getattr(schema, key) for key in self.WORDS}
        super().__init__(
            data, initial={"name": form.name, "intent": form.intent, "magnet": form.magnet_id, **words}
        )


class MagnetEntry(forms.Form):
    """A lead magnet."""

    name = forms.CharField(max_length=120, help_text="As people read it: on the page, in the mail.")
    kind = forms.ChoiceField(choices=LeadMagnet.Kind.choices)
    file = forms.FileField(
        required=False,
        help_text="PDF, EPUB, Word, Excel, PowerPoint, OpenDocument, CSV, text, ZIP, PNG, JPEG, MP3, MP4.",
    )
    text = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Code or text",
        help_text="Instead of a file.",
    )
    expires_hours = forms.IntegerField(
        min_value=1, max_value=8760, initial=72, label="Hours that a link works"
    )
    max_downloads = forms.IntegerField(
        min_value=1, max_value=1000, initial=10, label="Downloads that a link allows"
    )
