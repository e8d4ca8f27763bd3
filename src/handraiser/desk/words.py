"""The words for values: how a filter, an export or a row says what is stored."""

from __future__ import annotations

from collections.abc import Callable

from handraiser.attract.rules.channels import LABELS
from handraiser.core.people.models import FieldDefinition, Stage
from handraiser.core.staff.models import User
from handraiser.desk.rules import filters
from handraiser.qualify.rules.ideal import WORDS

STATES = {"open": "open", "closed": "closed"}
TEMPERATURES = {"hot": "Hot", "warm": "Warm", "cold": "Cold"}
PQL = {"yes": "yes", "no": "not yet"}
IDEAL = {word: text.lower() for word, text in WORDS.items()}
STAGES = dict(Stage.choices)
# The filters with values of their own.
FIXED = {"state": STATES, "stage": STAGES, "temperature": TEMPERATURES, "pql": PQL, "ideal": IDEAL}
# Words that a machine's name would spell wrongly.
_KNOWN = {"ai": "AI", "seo": "SEO", "api": "API", "linkedin": "LinkedIn"}


def spoken(value: str) -> str:
    """A stored word as people write it: `organic_search` is "Organic search". Names stay as they are."""
    if not value or value == "unknown":
        return "Unknown"
    if value != value.lower() or " " in value:
        return value
    words = value.replace("_", " ")
    return LABELS.get(value) or _KNOWN.get(words) or words[:1].upper() + words[1:]


def namer(people: dict[str, str], fields: dict[str, str]) -> Callable[[str, str], str]:
    """The function that `filters.phrase` needs; `people` and `fields` name staff ids and custom fields."""

    def name(key: str, value: str) -> str:
        if filters.FIELD.match(key):
            return value or fields.get(key, key.rpartition(".")[2])
        if key == "owner":
            return {"me": "me", "nobody": "nobody yet"}.get(value) or people.get(value, "somebody who left")
        return FIXED.get(key, {}).get(value) or spoken(value)

    return name


def custom_fields(*entities: str) -> dict[str, FieldDefinition]:
    """Custom fields by the key of their filter: `field.person.industry`."""
    rows = FieldDefinition.objects.filter(entity__in=entities).order_by("entity", "label")
    return {f"field.{row.entity}.{row.key}": row for row in rows}


def phrases_for(chosen: tuple[filters.Filter, ...]) -> list[tuple[filters.Filter, str, str]]:
    """Each filter with its label and its text; asks the database only for what the filters name."""
    people: dict[str, str] = {}
    fields: dict[str, str] = {}
    ids = {int(v) for one in chosen if one.key == "owner" for v in one.values if v.isdigit() and len(v) < 10}
    if ids:
        people = {str(user.id): user.name for user in User.objects.filter(id__in=ids)}
    if any(filters.FIELD.match(one.key) for one in chosen):
        fields = {key: row.label for key, row in custom_fields("person", "lead").items()}
    name = namer(people, fields)
    return [(one, *filters.phrase(one, name)) for one in chosen]
