"""The forms of the editor: one for each kind of step, and one for the start."""

from __future__ import annotations

from typing import Any

from django import forms

from handraiser.nurture.actions import letters
from handraiser.nurture.rules import flow, words


class WaitForm(forms.Form):
    """How long."""

    amount = forms.IntegerField(label="Wait", min_value=1, max_value=9999)
    unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in flow.UNITS])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if {"amount", "unit"} <= given.keys() and flow.duration(given) > flow.MAX_WAIT:
            raise forms.ValidationError("A wait lasts at most 365 days.")
        return given


class EmailForm(forms.Form):
    """What it says and whom it is from."""

    subject = forms.CharField(
        label="Subject", max_length=200, help_text="About 45 characters are shown on a phone."
    )
    sender = forms.ChoiceField(
        label="From",
        choices=[("organisation", "The organisation"), ("owner", "The owner of the lead")],
        help_text="Without an owner it comes from the organisation.",
    )
    body = forms.CharField(
        label="Text",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="An empty line starts a paragraph. [See the prices](/pricing) alone in one is a button.",
    )

    def clean_subject(self) -> str:
        return self._checked(self.cleaned_data["subject"])

    def clean_body(self) -> str:
        return self._checked(self.cleaned_data["body"].replace("\r\n", "\n"))

    def _checked(self, text: str) -> str:
        if wrong := letters.check(text):
            raise forms.ValidationError(wrong)
        return text


class ConditionForm(forms.Form):
    """What is asked; only the fields of the chosen question count."""

    use_required_attribute = False  # a hidden field must not keep the form from being sent

    type = forms.ChoiceField(
        label="Ask whether they",
        choices=[
            ("visited", "visited a page"),
            ("opened", "opened the email before"),
            ("clicked", "clicked in the email before"),
            ("stage", "have reached a stage"),
        ],
    )
    path = forms.CharField(label="Page", max_length=200, help_text="Begins with /; pages below it count too.")
    days = forms.IntegerField(label="In the last days", min_value=1, max_value=365)
    stage = forms.ChoiceField(label="Stage", choices=[(key, words.STAGE_WORDS[key]) for key in flow.STAGES])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            kind = self.data.get("type")
            self.fields["path"].required = self.fields["days"].required = kind == "visited"
            self.fields["stage"].required = kind == "stage"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        kind = given.get("type")
        if kind == "visited":
            if given.get("path") and not given["path"].startswith("/"):
                self.add_error("path", "A page begins with /. Example: /pricing")
            given["test"] = {"type": kind, "path": given.get("path"), "days": given.get("days")}
        elif kind == "stage":
            given["test"] = {"type": kind, "stage": given.get("stage")}
        else:
            given["test"] = {"type": kind}
        return given


class TaskForm(forms.Form):
    """What the lead's owner shall do."""

    title = forms.CharField(label="Task for the owner", max_length=200)
    task = forms.ChoiceField(
        label="Kind",
        choices=[("call", "Call"), ("email", "Email"), ("meeting", "Meeting"), ("other", "Other")],
    )
    hours = forms.IntegerField(label="Due within hours", min_value=1, max_value=720)


class ExitForm(forms.Form):
    """Nothing to say: here they leave."""


FORMS: dict[str, type[forms.Form]] = {
    "wait": WaitForm,
    "email": EmailForm,
    "condition": ConditionForm,
    "task": TaskForm,
    "exit": ExitForm,
}


def initial(step: flow.Step) -> dict[str, Any]:
    """A step's values as its form shows them."""
    return {**step, **step.get("test", {})} if step["kind"] == "condition" else dict(step)


def values(kind: str, cleaned: dict[str, Any]) -> dict[str, Any]:
    """A form's values as the step keeps them."""
    return {"test": cleaned["test"]} if kind == "condition" else cleaned


class StartForm(forms.Form):
    """What sets the sequence off, and what ends it for somebody."""

    start = forms.ChoiceField(label="Starts when somebody")
    exits = forms.MultipleChoiceField(
        label="Leaves at once when they",
        required=False,
        choices=[(key, text) for key, text in flow.EXITS.items() if key != "unsubscribed"],
        widget=forms.CheckboxSelectMultiple,
        help_text="Who unsubscribes always leaves.",
    )

    def __init__(self, *args: Any, form_names: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start: forms.ChoiceField = self.fields["start"]  # type: ignore[assignment]
        start.choices = [
            ("", "Choose what sets it off"),
            (
                "What they ask for",
                [(f"intent:{key}", text) for key, text in words.INTENT_WORDS.items()],
            ),
            ("A form", [(f"form:{key}", f"Sends the form {name}") for key, name in form_names.items()]),
            ("A stage", [(f"stage:{key}", f"Becomes {words.STAGE_WORDS[key]}") for key in flow.STAGES]),
        ]

    def trigger(self) -> dict[str, str]:
        """The chosen start as the flow keeps it."""
        kind, _, value = self.cleaned_data["start"].partition(":")
        if kind == "stage":
            return {"type": "stage", "stage": value}
        return {
            "type": "form",
            "form": value if kind == "form" else "",
            "intent": value if kind == "intent" else "",
        }


def start_value(trigger: dict[str, Any]) -> str:
    """The flow's trigger as the form shows it."""
    if trigger.get("type") == "stage":
        return f"stage:{trigger.get('stage')}"
    if trigger.get("form"):
        return f"form:{trigger['form']}"
    return f"intent:{trigger['intent']}" if trigger.get("intent") else ""
