"""Which column holds what: reading a mapping, guessing one, and applying it to a row. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handraiser.kit.errors import DomainError

_SECTIONS = {"columns", "constants", "values", "dates", "external", "numbers"}
_CUSTOM = re.compile(r"(person|lead|deal)\.[a-z0-9_-]{1,60}\Z")


@dataclass(frozen=True)
class Target:
    """Something that a column may hold. `also` are other headings by which it is recognised."""

    key: str
    label: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """A mapping as given.

    `columns`: heading -> targets. `constants`: target -> the value of every row. `values`: target -> {cell ->
    value}, compared without case. `date_format`: as for strptime, empty for ISO 8601; dates without a zone
    are of `zone`. `system` names the system that the external ids belong to. `decimal`: "." or ",".
    """

    columns: dict[str, list[str]]
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    date_format: str = ""
    zone: str = "UTC"
    system: str = "file"
    decimal: str = "."

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Dict[str, Any]) -> Mapping:
        return cls(**raw)

    @property
    def targets(self) -> set[str]:
        return {target for targets in self.columns.values() for target in targets} | set(self.constants)


def bad(sentence: str, field_name: str = "mapping") -> DomainError:
    """A mapping that cannot be used."""
    return DomainError("bad_mapping", sentence, field=field_name)


def from_toml(text: str) -> Mapping:
    """Read a mapping file. Raises DomainError("bad_mapping") with the place at fault."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise bad(f"The mapping is not valid TOML: {error}.") from error
    if strange := sorted(set(raw) - _SECTIONS):
        raise bad(f"A mapping has no section [{strange[0]}]; it has {', '.join(sorted(_SECTIONS))}.")
    columns: dict[str, list[str]] = {}
    for heading, targets in raw.get("columns", {}).items():
        columns[heading] = [targets] if isinstance(targets, str) else [str(target) for target in targets]
    values = {
        target: {str(cell).strip().lower(): str(value) for cell, value in table.items()}
        for target, table in raw.get("values", {}).items()
    }
    dates = raw.get("dates", {})
    return Mapping(
        columns=columns,
        constants={target: str(value) for target, value in raw.get("constants", {}).items()},
        values=values,
        date_format=str(dates.get("format", "")),
        zone=str(dates.get("zone", "UTC")),
        system=str(raw.get("external", {}).get("system", "file")),
        decimal=str(raw.get("numbers", {}).get("decimal", ".")),
    )


def check(mapping: Mapping, *, columns: Sequence[str], targets: Iterable[Target], entities: set[str]) -> None:
    """Raise DomainError("bad_mapping") unless the file has the columns and the kind of import the targets."""
    known = {target.key for target in targets}
    for heading in mapping.columns:
        if heading not in columns:
            raise bad(f"The file has no column “{heading}”. It has {', '.join(columns)}.")
    for target in sorted(mapping.targets | set(mapping.values)):
        custom = _CUSTOM.match(target)
        if target not in known and not (custom and custom.group(1) in entities):
            raise bad(
                f"“{target}” is nothing that a column can be. Choose from {', '.join(sorted(known))}"
                f" or a custom field such as {sorted(entities)[0]}.size."
            )
    holders: dict[str, str] = {}
    for heading, held in mapping.columns.items():
        for target in held:
            if target in holders:
                raise bad(f"“{holders[target]}” and “{heading}” cannot both be {target}.")
            holders[target] = heading
    if mapping.decimal not in (".", ","):
        raise bad("The decimal sign is a point or a comma.")
    try:
        ZoneInfo(mapping.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise bad(f"“{mapping.zone}” is no time zone. Write it like Europe/London.") from None


def guess(columns: Iterable[str], targets: Iterable[Target]) -> dict[str, list[str]]:
    """The columns whose heading says what they hold, each target at most once."""
    by_name: dict[str, str] = {}
    for target in targets:
        for name in (target.key, target.label, *target.also):
            by_name.setdefault(_letters(name), target.key)
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for heading in columns:
        target_key = by_name.get(_letters(heading))
        if target_key and target_key not in taken:
            found[heading] = [target_key]
            taken.add(target_key)
    return found


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def apply(mapping: Mapping, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The values of a row by target. Cells that are empty and have no translation are left out."""
    values = dict(mapping.constants)
    for heading, cell in zip(columns, cells, strict=True):
        for target in mapping.columns.get(heading, ()):
            value = mapping.values.get(target, {}).get(cell.lower(), cell)
            if value:
                values[target] = value
    return values


def read_moment(text: str, mapping: Mapping) -> datetime:
    """A moment in UTC. Raises ValueError with a sentence."""
    try:
        if mapping.date_format:
            moment = datetime.strptime(text, mapping.date_format)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = mapping.date_format or "2026-11-21 or 2026-11-21 14:30"
        raise ValueError(f"“{text[:40]}” is not a date like {wanted}.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(mapping.zone))
    if not 1900 <= moment.year <= 2200:
        raise ValueError(f"“{text[:40]}” lies outside 1900 to 2200.")
    return moment.astimezone(UTC)


def read_day(text: str, mapping: Mapping) -> date:
    """A day as written, whatever the zone. Raises ValueError with a sentence."""
    read_moment(text, mapping)
    if mapping.date_format:
        return datetime.strptime(text, mapping.date_format).date()
    return datetime.fromisoformat(text).date()


def read_minor(text: str, mapping: Mapping, *, digits: int = 2) -> int:
    """An amount of money in minor units. Raises ValueError with a sentence."""
    plain = text.replace(" ", "").replace("\u00a0", "").lstrip("£$€")
    plain = plain.replace(".", "").replace(",", ".") if mapping.decimal == "," else plain.replace(",", "")
    try:
        amount = Decimal(plain) * 10**digits
        if not amount.is_finite() or abs(amount) > 10**15:
            raise InvalidOperation
    except InvalidOperation:
        raise ValueError(f"“{text[:40]}” is not an amount like 1234.50.") from None
    if amount != amount.to_integral_value():
        raise ValueError(f"“{text[:40]}” has more than {digits} decimals.")
    return int(amount)
