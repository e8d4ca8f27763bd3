"""What changed between two versions of a form, in sentences. Pure."""

from __future__ import annotations

from handraiser.capture.rules.schema import Field, Schema

_WORDS = {
    "heading": "heading",
    "button": "button",
    "fine": "text below the button",
    "thanks_title": "title of the thanks",
    "thanks_text": "text of the thanks",
}
_PARTS = {
    "label": "label",
    "help": "help",
    "maps_to": "place where it is stored",
    "choices": "answers",
    "show_when": "condition",
    "purpose": "purpose",
    "default": "value",
    "max_length": "longest answer",
}


def between(old: Schema, new: Schema) -> list[str]:
    """Every change from the old to the new version, a sentence each; empty if there is none."""
    before = {field.key: field for field in old.fields}
    after = {field.key: field for field in new.fields}
    said = [f"Asks {_named(field)}, new" for key, field in after.items() if key not in before]
    said += [f"No longer asks {_named(field)}" for key, field in before.items() if key not in after]
    for key, field in after.items():
        if key in before:
            said += _field(before[key], field)
    kept_old = [key for key in before if key in after]
    kept_new = [key for key in after if key in before]
    if kept_old != kept_new:
        said.append("Asks in another order")
    for key, name in _WORDS.items():
        if getattr(old, key) != getattr(new, key):
            said.append(f"Has another {name}")
    return said


def _named(field: Field) -> str:
    label = field.label or field.key
    return label if len(label) <= 60 else f"{label[:57]}…"


def _field(old: Field, new: Field) -> list[str]:
    said = []
    if old.required != new.required:
        said.append(f"{_named(new)} {'must be answered' if new.required else 'may be left empty'}")
    for part, name in _PARTS.items():
        if getattr(old, part) != getattr(new, part):
            said.append(f"{_named(new)} has another {name}")
    return said
