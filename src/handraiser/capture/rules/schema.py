"""What a form asks, and whether answers will do: one schema for the server and for the browser. Pure.

`static/capture/form.js` holds the same rules for the browser; `tests/vectors.json` is run against both. The
sentences live here alone and travel to the browser with the form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from handraiser.capture.rules.countries import COUNTRIES


class Type(StrEnum):
    """The kinds of field. A notice asks nothing: it tells what sending the form allows."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    CHOICE = "choice"
    MULTICHOICE = "multichoice"
    TEXTAREA = "textarea"
    NUMBER = "number"
    CONSENT = "consent"
    NOTICE = "notice"
    HIDDEN = "hidden"
    COUNTRY = "country"


LENGTHS = {
    Type.TEXT: 200,
    Type.EMAIL: 254,
    Type.PHONE: 40,
    Type.TEXTAREA: 5000,
    Type.NUMBER: 20,
    Type.HIDDEN: 200,
    Type.COUNTRY: 2,
}

# Where an answer may be stored besides the submission, and how much fits there. `person:` and `lead:` + key
# are custom fields.
TARGETS = {
    "first_name": 120,
    "last_name": 120,
    "email": 254,
    "phone": 32,
    "job_title": 200,
    "company_name": 200,
    "country": 2,
}

SENTENCES = {
    "missing": "This needs an answer.",
    "too_long": "This has {length} characters; {max} fit.",
    "control": "This holds a character that cannot be stored. Delete it and type it again.",
    "email_no_at": "This address has no @. Example: ana@company.example.com",
    "email": "This address is not complete. Example: ana@company.example.com",
    "phone": "This number cannot be called. Example: +44 20 7946 0018",
    "number": "Write a number in digits. Example: 12 or 12.5",
    "choice": "Choose one of the answers shown.",
    "country": "Choose a country from the list.",
    "consent": "Tick this box to go on.",
}


class Choice(msgspec.Struct, frozen=True):
    """One answer to choose."""

    value: str
    label: str


class Condition(msgspec.Struct, frozen=True, omit_defaults=True):
    """Show a field only when an earlier one is, is not, or has any answer. `op`: is, is_not, filled."""

    field: str
    op: str = "is"
    values: list[str] = []


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question. `key` names the answer for ever; `maps_to` says where it is stored besides.

    For a consent or notice, `label` is the exact wording and `purpose` what it allows. `default` is the value
    of a hidden field that the page does not fill. `max_length` 0 means the limit of the type.
    """

    key: str
    type: Type
    label: str = ""
    help: str = ""
    required: bool = False
    maps_to: str = ""
    max_length: int = 0
    choices: list[Choice] = []
    show_when: Condition | None = None
    purpose: str = ""
    default: str = ""

    @property
    def limit(self) -> int:
        """The most characters (code points) that fit."""
        most = min(LENGTHS.get(self.type, 200), TARGETS.get(self.maps_to, 5000))
        return min(self.max_length, most) if self.max_length else most

    @property
    def asks(self) -> bool:
        """True if a person sees it and answers."""
        return self.type not in (Type.HIDDEN, Type.NOTICE)


class Schema(msgspec.Struct, frozen=True, omit_defaults=True):
    """A whole form: its questions and its words."""

    fields: list[Field] = []
    heading: str = ""
    button: str = "Send"
    fine: str = ""
    thanks_title: str = "Thank you"
    thanks_text: str = ""

    def field(self, key: str) -> Field | None:
        return next((field for field in self.fields if field.key == key), None)


class Outcome(msgspec.Struct, frozen=True):
    """Answers by key, of visible fields only; and what is wrong, a sentence a key."""

    values: dict[str, Any]
    errors: dict[str, str]


def parse(raw: Mapping[str, Any]) -> Schema:
    """Read a stored schema. Raises msgspec.ValidationError when it has another shape."""
    return msgspec.convert(raw, Schema)


def dump(schema: Schema | Field | Condition) -> dict[str, Any]:
    """A schema, or a part of one, as it is stored."""
    return msgspec.to_builtins(schema)


def changed(field: Field, **changes: Any) -> Field:
    """The field with other values. Raises msgspec.ValidationError when they have another shape."""
    return msgspec.convert({**msgspec.to_builtins(field), **changes}, Field)


def for_browser(schema: Schema) -> dict[str, Any]:
    """What `form.js` needs to judge answers as `validate` does: rules without wording, and the sentences."""
    fields = []
    for field in schema.fields:
        rule: dict[str, Any] = {"key": field.key, "type": str(field.type), "max": field.limit}
        if field.required:
            rule["required"] = True
        if field.choices:
            rule["choices"] = [choice.value for choice in field.choices]
        if field.show_when:
            rule["when"] = msgspec.to_builtins(field.show_when)
        if field.default:
            rule["default"] = field.default
        fields.append(rule)
    countries = any(field.type is Type.COUNTRY for field in schema.fields)
    return {
        "fields": fields,
        "sentences": SENTENCES,
        "countries": " ".join(sorted(COUNTRIES)) if countries else "",
    }


# The white space of ECMAScript, so that both sides trim alike.
_WHITE = " \t\n\r\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_EDGES = re.compile(f"^[{_WHITE}]+|[{_WHITE}]+$")
_RUNS = re.compile(f"[{_WHITE}]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_LABEL = "[0-9A-Za-z\x80-\U0010ffff](?:[0-9A-Za-z\x80-\U0010ffff-]{0,61}[0-9A-Za-z\x80-\U0010ffff])?"
_EMAIL = re.compile(
    rf"(?![.])(?!.*[.][.])[^@<>()\[\]\\,;:\"{_WHITE}]{{1,64}}(?<![.])@(?:{_LABEL}[.])+(?![0-9]+$)(?=..){_LABEL}"
)
_PHONE = re.compile(r"[+]?[0-9()./ -]+")
_NUMBER = re.compile(r"-?[0-9]{1,12}(?:[.,][0-9]{1,6})?")
_TICKS = frozenset(("yes", "on", "true", "1"))


def validate(schema: Schema, raw: Mapping[str, Sequence[str]]) -> Outcome:
    """Judge what was sent. Answers to questions that were not shown are dropped."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for field in schema.fields:
        if field.type is Type.NOTICE or not visible(field, values):
            continue
        value, code = _answer(field, list(raw.get(field.key, ())))
        if code:
            length = len(_EDGES.sub("", raw[field.key][-1])) if raw.get(field.key) else 0
            errors[field.key] = SENTENCES[code].format(length=length, max=field.limit)
        elif value not in ("", [], None):
            values[field.key] = value
    return Outcome(values=values, errors=errors)


def visible(field: Field, values: Mapping[str, Any]) -> bool:
    """True if the field is shown, given the answers before it."""
    condition = field.show_when
    if condition is None:
        return True
    given = values.get(condition.field, [])
    answers = given if isinstance(given, list) else ["yes" if given is True else str(given)]
    if condition.op == "filled":
        return bool(answers)
    met = any(answer in condition.values for answer in answers)
    return met if condition.op == "is" else not met


def _answer(field: Field, given: list[str]) -> tuple[Any, str]:
    """The cleaned answer and "", or None and the code of a sentence."""
    if field.type is Type.CONSENT:
        ticked = any(text.lower() in _TICKS for text in given)
        return (True, "") if ticked else (None, "consent" if field.required else "")
    if field.type is Type.MULTICHOICE:
        chosen = {text for text in given if text}
        allowed = [choice.value for choice in field.choices]
        if chosen - set(allowed):
            return None, "choice"
        kept = [value for value in allowed if value in chosen]
        return kept, "missing" if field.required and not kept else ""
    text = _EDGES.sub("", given[-1]) if given else ""
    if field.type is Type.HIDDEN:
        # Nobody sees it, so nobody could mend it.
        return _plain(text, field.limit) or _plain(field.default, field.limit), ""
    if _CONTROL.search(text):
        return None, "control"
    text = text.replace("\r\n", "\n") if field.type is Type.TEXTAREA else _RUNS.sub(" ", text)
    if not text:
        return None, "missing" if field.required else ""
    if len(text) > field.limit:
        return None, "too_long"
    return _typed(field, text)


def _plain(text: str, limit: int) -> str:
    """Without what cannot be seen, on one line, cut to the limit; the same when it is done again."""
    short = _EDGES.sub("", _RUNS.sub(" ", _CONTROL.sub("", text)))[:limit]
    return _EDGES.sub("", short)


def _typed(field: Field, text: str) -> tuple[Any, str]:
    if field.type is Type.EMAIL:
        if "@" not in text:
            return None, "email_no_at"
        return (text, "") if _EMAIL.fullmatch(text) else (None, "email")
    if field.type is Type.PHONE:
        digits = sum(character in "0123456789" for character in text)
        return (text, "") if 6 <= digits <= 15 and _PHONE.fullmatch(text) else (None, "phone")
    if field.type is Type.NUMBER:
        return (text.replace(",", "."), "") if _NUMBER.fullmatch(text) else (None, "number")
    if field.type is Type.CHOICE:
        return (text, "") if any(text == choice.value for choice in field.choices) else (None, "choice")
    if field.type is Type.COUNTRY:
        return (text, "") if text in COUNTRIES else (None, "country")
    return text, ""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a schema. One that `blocks` keeps it from being published."""

    field: str
    sentence: str
    blocks: bool


_PHONE_SCREEN = 7  # more questions than this do not fit two screens of a phone


def problems(schema: Schema, *, intent: str, has_magnet: bool) -> list[Problem]:
    """Everything that a person should know before publishing, the worst first."""
    found = [problem for field in schema.fields for problem in _problems_of(schema, field)]
    asked = [field for field in schema.fields if field.asks]
    if not asked:
        found.append(Problem("", "The form asks nothing yet. Add a field.", True))
    elif not any(field.type in (Type.EMAIL, Type.PHONE) and field.maps_to for field in asked):
        found.append(
            Problem("", "Nobody could be answered: add an email or phone field that is stored.", True)
        )
    if intent == "magnet" and not has_magnet:
        found.append(Problem("", "Choose the lead magnet that this form gives, under Form.", True))
    if intent == "magnet" and not any(field.maps_to == "email" and field.required for field in asked):
        found.append(Problem("", "A lead magnet goes out by email: make the email field required.", True))
    if asked and not any(field.type in (Type.CONSENT, Type.NOTICE) for field in schema.fields):
        found.append(Problem("", "No consent is asked, so nobody may be written to afterwards.", False))
    questions = sum(field.type is not Type.CONSENT for field in asked)
    if questions > _PHONE_SCREEN:
        found.append(
            Problem(
                "", f"{questions} questions are long on a phone. Each one costs some of the sends.", False
            )
        )
    return sorted(found, key=lambda problem: not problem.blocks)


def _problems_of(schema: Schema, field: Field) -> list[Problem]:
    found = []
    place = schema.fields.index(field)
    before = schema.fields[:place]
    if any(other.key == field.key for other in before):
        found.append(Problem(field.key, "Two fields have the same key.", True))
    if field.maps_to and any(other.maps_to == field.maps_to for other in before):
        found.append(Problem(field.key, f"{field.label} is stored in a place that is asked twice.", True))
    if not field.label and field.type is not Type.HIDDEN:
        found.append(Problem(field.key, "A field has no label.", True))
    if field.type in (Type.CHOICE, Type.MULTICHOICE) and len(field.choices) < 2:
        found.append(Problem(field.key, f"{field.label} needs two answers to choose from.", True))
    if field.type in (Type.CONSENT, Type.NOTICE) and not field.purpose:
        found.append(Problem(field.key, "A consent needs a purpose.", True))
    condition = field.show_when
    if condition and not any(other.key == condition.field for other in before):
        found.append(
            Problem(field.key, f"{field.label} depends on a field that is not asked before it.", True)
        )
    return found
