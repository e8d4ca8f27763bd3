"""What somebody answered in a form, with the questions of the version they saw."""

from __future__ import annotations

from dataclasses import dataclass

from handraiser.capture.models import Submission

ASKS_NOTHING = ("consent", "notice", "hidden")


@dataclass(frozen=True)
class Answer:
    """One answer. `long`: free text worth quoting; `stored`: it is an attribute of the person or lead too."""

    label: str
    text: str
    long: bool
    stored: bool


def of(submission: Submission) -> list[Answer]:
    """The answers in the order of the questions; what was left empty is left out."""
    found = []
    for field in submission.version.schema.get("fields", []):
        value = submission.answers.get(field["key"])
        if field["type"] in ASKS_NOTHING or value in (None, "", []):
            continue
        names = {choice["value"]: choice["label"] for choice in field.get("choices", [])}
        values = value if isinstance(value, list) else [value]
        found.append(
            Answer(
                label=field.get("label") or field["key"],
                text=", ".join(str(names.get(one, one)) for one in values),
                long=field["type"] == "textarea",
                stored=bool(field.get("maps_to")),
            )
        )
    return found
