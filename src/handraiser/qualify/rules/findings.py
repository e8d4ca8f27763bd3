"""What a provider told, made fit for our fields; whatever does not fit is left out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OF_COMPANY = {
    "company_name": "Company",
    "company_industry": "Industry",
    "company_employees": "Company size",
    "company_country": "Country of the company",
}
OF_PERSON = {
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "country": "Country",
}
LABELS = OF_COMPANY | OF_PERSON
_LONGEST = {"company_name": 200, "company_industry": 120, "job_title": 200}
_MANY = 10_000_000  # nobody employs more


def at_pointer(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901) such as /data/name or /list/0; None if there is none."""
    if not pointer.startswith("/"):
        return document if pointer == "" else None
    for part in pointer[1:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and len(key) < 6 and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def cleaned(told: Mapping[str, Any]) -> dict[str, str | int]:
    """The values that our fields can hold, by field; unknown fields, lists and empty values are left out."""
    kept: dict[str, str | int] = {}
    for field, value in told.items():
        if field not in LABELS:
            continue
        if field == "company_employees":
            fit: str | int | None = _count(value)
        elif field.endswith("country"):
            fit = _country(value)
        else:
            fit = _text(value, _LONGEST.get(field, 120))
        if fit is not None:
            kept[field] = fit
    return kept


def _text(value: Any, longest: int) -> str | None:
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    return text if 0 < len(text) <= longest and text.isprintable() else None


def _country(value: Any) -> str | None:
    text = value.strip().upper() if isinstance(value, str) else ""
    return text if len(text) == 2 and text.isascii() and text.isalpha() else None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MANY:
        return None
    return value
