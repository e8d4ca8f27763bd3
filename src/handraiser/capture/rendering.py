"""A form as a page shows it: everything that the template `capture/form.html` needs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import json_script
from django.utils.safestring import SafeString

from handraiser.capture import marks
from handraiser.capture.models import FormVersion
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.countries import COUNTRIES
from handraiser.capture.rules.schema import Field, Type

HONEYPOT = "hr_homepage"
# What the tracker fills in, once somebody has allowed it; see attract.queries.touches_of_form.
TOUCH_FIELDS = ("hr_visitor", "hr_first_url", "hr_first_referrer", "hr_last_url", "hr_last_referrer")

_AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "phone": "tel",
    "job_title": "organization-title",
    "company_name": "organization",
    "country": "country",
}
_KEYBOARD = {Type.EMAIL: "email", Type.PHONE: "tel", Type.NUMBER: "decimal"}
_INPUT = {Type.EMAIL: "email", Type.PHONE: "tel"}
_TILES = 4  # so many short answers stand side by side
_TILE_LENGTH = 14
_RADIOS = 7  # more answers than this become a list to open


@dataclass(frozen=True)
class Option:
    """One answer to choose, and whether it is chosen."""

    value: str
    label: str
    chosen: bool
    id: str


@dataclass(frozen=True)
class Row:
    """One field, ready to be shown.

    `shape`: input, textarea, select, radios, tiles, checks, consent, notice or hidden.
    """

    field: Field
    id: str
    shape: str
    value: str
    error: str
    options: list[Option]
    depends: bool

    @property
    def input_type(self) -> str:
        return _INPUT.get(self.field.type, "text")

    @property
    def keyboard(self) -> str:
        return _KEYBOARD.get(self.field.type, "")

    @property
    def autocomplete(self) -> str:
        return _AUTOCOMPLETE.get(self.field.maps_to, "")

    @property
    def described(self) -> str:
        """Ids of help and error, for aria-describedby."""
        return f"{self.id}-help {self.id}-error" if self.field.help else f"{self.id}-error"

    @property
    def optional(self) -> bool:
        return self.field.asks and not self.field.required and self.field.type is not Type.CONSENT

    @property
    def focus_id(self) -> str:
        """Where a link of the error summary leads."""
        return self.options[0].id if self.options and self.shape != "select" else self.id


@dataclass(frozen=True)
class Rendered:
    """A form with its answers so far."""

    form_id: str
    number: int
    action: str
    heading: str
    button: str
    fine: str
    rows: list[Row]
    mark: str
    nonce: str
    message: str
    rules: SafeString
    touch_fields: tuple[str, ...] = TOUCH_FIELDS
    honeypot: str = HONEYPOT
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> list[Row]:
        """The rows that need another look."""
        return [row for row in self.rows if row.error]


def rendered(
    *,
    version: FormVersion,
    at: datetime,
    raw: Mapping[str, Sequence[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    message: str = "",
    heading: str = "",
    button: str = "",
    carried: Mapping[str, str] | None = None,
    action: str = "",
) -> Rendered:
    """A form to show. `raw` are answers that were sent already, `carried` the hidden values that came along.

    `action` is where it is sent to, if not to the public door.
    """
    schema = schemas.parse(version.schema)
    carried = dict(carried or {})
    # One sending keeps its number however often it comes back with a mistake.
    nonce = carried.get("hr_nonce") or secrets.token_urlsafe(12)
    prefix = f"hr-{secrets.token_hex(3)}"
    return Rendered(
        form_id=version.form_id,
        number=version.number,
        action=action or reverse("capture_public:send", args=[version.form_id, version.number]),
        heading=heading or schema.heading,
        button=button or schema.button,
        fine=schema.fine,
        rows=[
            _row(asked, prefix, list((raw or {}).get(asked.key, ())), errors or {}) for asked in schema.fields
        ],
        mark=carried.get("hr_mark") or marks.made(at),
        nonce=nonce,
        message=message,
        rules=json_script(schemas.for_browser(schema), f"{prefix}-rules"),
        carried=carried,
    )


_OF_THE_MOMENT = re.compile(r'name="(hr_mark|hr_nonce)" value="[^"]*"')


def renewed(html: str, *, at: datetime) -> str:
    """A page that was rendered earlier, its forms as if rendered now: with their mark of time and number."""
    new = {"hr_mark": marks.made(at), "hr_nonce": secrets.token_urlsafe(12)}
    return _OF_THE_MOMENT.sub(lambda found: f'name="{found[1]}" value="{new[found[1]]}"', html)


def bare(html: str) -> str:
    """The page without them: equal for equal pages, and equal to `html` if it holds no form."""
    return _OF_THE_MOMENT.sub("", html)


_KEPT = 20_000  # characters of an overlong answer that come back


def _row(asked: Field, prefix: str, given: list[str], errors: Mapping[str, str]) -> Row:
    row_id = f"{prefix}-{asked.key}"
    choices: list[tuple[str, str]] = [(choice.value, choice.label) for choice in asked.choices]
    if asked.type is Type.COUNTRY:
        choices = list(COUNTRIES.items())
    options = [
        Option(value=value, label=label, chosen=value in given, id=f"{row_id}-{number}")
        for number, (value, label) in enumerate(choices)
    ]
    text = given[-1][:_KEPT] if given else ""
    if asked.type is Type.HIDDEN and not text:
        text = asked.default
    return Row(
        field=asked,
        id=row_id,
        shape=_shape(asked),
        # A NUL cannot stand in HTML; it was named in the error beside the field.
        value="yes" if asked.type is Type.CONSENT and given else text.replace("\x00", ""),
        error=errors.get(asked.key, ""),
        options=options,
        depends=asked.show_when is not None,
    )


def _shape(asked: Field) -> str:
    if asked.type is Type.CHOICE:
        if len(asked.choices) > _RADIOS:
            return "select"
        short = all(len(choice.label) <= _TILE_LENGTH for choice in asked.choices)
        return "tiles" if short and len(asked.choices) <= _TILES else "radios"
    shapes = {
        Type.MULTICHOICE: "checks",
        Type.COUNTRY: "select",
        Type.TEXTAREA: "textarea",
        Type.CONSENT: "consent",
        Type.NOTICE: "notice",
        Type.HIDDEN: "hidden",
    }
    return shapes.get(asked.type, "input")


def answers_in_words(version: FormVersion, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and answer, in the order of the form, as people read them."""
    schema = schemas.parse(version.schema)
    lines = []
    for asked in schema.fields:
        given = answers.get(asked.key)
        if given in (None, "", []):
            continue
        labels = {choice.value: choice.label for choice in asked.choices} if asked.choices else {}
        if asked.type is Type.COUNTRY:
            labels = COUNTRIES
        if given is True:
            text = "Yes"
        elif isinstance(given, list):
            text = ", ".join(str(labels.get(value, value)) for value in given)
        else:
            text = labels.get(str(given), str(given))
        lines.append((asked.label or asked.key.replace("_", " ").capitalize(), text))
    return lines
