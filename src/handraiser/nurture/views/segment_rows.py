"""Conditions as the rows of a form, each with its choices, what is wrong with it, and how many fit it alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handraiser.core.audience.rules import checking, editing, wording
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import (
    EVENTS,
    FREE,
    FREE_FIELDS,
    GRADES,
    STAGES,
    TEMPERATURES,
    Catalogue,
)
from handraiser.kit.errors import DomainError

Choices = list[tuple[str, str]]
_SOURCES = {"person": "Person", "company": "Company", "lead": "Open lead"}
_TESTS = {"within": "in the last", "more_than_ago": "more than … ago"}
_WHERE_TESTS = ("is", "is_not", "contains", "starts_with", "between", "known", "unknown")


@dataclass
class Row:
    """A condition to be shown: `form` says which fields it has, `told` what they hold, `choices` their offers."""

    path: c.Path
    node: c.Condition
    form: str
    words: str
    problem: str = ""
    alone: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Choices] = field(default_factory=dict)
    children: list[Row] = field(default_factory=list)
    wheres: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The path as addresses and deeds say it."""
        return checking.path_of(self.path)

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return editing.name(self.path, "")

    @property
    def id(self) -> str:
        return "c" + "-".join(str(place) for place in self.path)

    @property
    def what(self) -> str:
        return editing.what(self.node)

    @property
    def depth(self) -> int:
        return len(self.path)


def rows(
    definition: c.Definition,
    known: Catalogue,
    problems: Sequence[DomainError],
    alone: Mapping[c.Path, str],
) -> Row:
    """The root group with everything in it."""
    wrong = {one.field: one.message for one in reversed(problems)}

    def row(node: c.Condition, path: c.Path) -> Row:
        made = Row(
            path,
            node,
            _form(node, known),
            wording.words(node, known),
            problem=wrong.get(checking.path_of(path), ""),
            alone=alone.get(path, ""),
        )
        if isinstance(node, c.GROUPS):
            made.children = [row(child, (*path, place)) for place, child in enumerate(node.of)]
        _tell(made, known)
        return made

    return row(definition.match, ())


def subjects(known: Catalogue) -> list[tuple[str, Choices]]:
    """What a condition may ask, in groups."""
    found: list[tuple[str, Choices]] = []
    for source, label in _SOURCES.items():
        of = [
            (f"attribute:{key}", one.label) for key, one in known.attributes.items() if one.source == source
        ]
        found.append((label, of))
    found.append(("Did, so many times", [(f"performed:{key}", one.did) for key, one in EVENTS.items()]))
    found.append(("Did last", [(f"last:{key}", f"{one.did}, last time") for key, one in EVENTS.items()]))
    standing: Choices = [("stage", "Stage")]
    standing += [(f"score:{key}", label) for key, label in wording.MEASURES.items()]
    if known.purposes:
        standing.append(("consent", "Permission"))
    if known.segments:
        standing.append(("segment", "Segment"))
    standing += [(f"listed:{key}", listing.label) for key, listing in known.lists.items()]
    standing.append(("bucket", "By chance"))
    return [*found, ("Standing", standing)]


def _form(node: c.Condition, known: Catalogue) -> str:
    if isinstance(node, c.Attribute):
        attribute = known.attributes.get(node.key)
        return attribute.kind if attribute else "text"
    if isinstance(node, c.Score):
        return "choices" if node.measure in ("grade", "temperature") else "range"
    return type(node).__struct_config__.tag  # type: ignore[return-value]


def _tell(row: Row, known: Catalogue) -> None:
    node = row.node
    match node:
        case c.Attribute():
            attribute = known.attributes.get(node.key)
            kind = attribute.kind if attribute else "text"
            labels = wording.TESTS | _TESTS
            row.choices["test"] = [(test, labels[test]) for test in checking.TESTS[kind]]
            row.choices["values"] = list(attribute.choices) if attribute else []
            row.told = {
                "test": node.test,
                "values": ", ".join(node.values),
                "low": "" if node.low is None else node.low,
                "high": "" if node.high is None else node.high,
                "days": node.days or "",
            }
        case c.Score():
            row.told = {"low": _plain(node.low), "high": _plain(node.high), "values": node.values}
            offered = TEMPERATURES if node.measure == "temperature" else {one: one for one in GRADES}
            row.choices["values"] = list(offered.items())
        case c.Stage():
            row.told, row.choices["values"] = {"values": node.stages}, list(STAGES.items())
        case c.Consent():
            row.told = {"purpose": node.purpose, "state": node.state}
            row.choices = {"purpose": list(known.purposes.items()), "state": list(wording.CONSENTS.items())}
        case c.InSegment():
            row.told = {"segment": node.segment, "inside": "yes" if node.inside else "no"}
            row.choices["segment"] = list(known.segments.items())
        case c.Listed():
            listing = known.lists.get(node.list)
            row.told = {"on": "yes" if node.on else "no", "values": node.reasons}
            row.choices["values"] = list(listing.reasons.items()) if listing else []
        case c.Bucket():
            row.told = {"low": node.low, "high": node.high, "draw": node.draw}
        case c.Performed():
            row.told = {"amount": node.amount, "times": max(node.times, 0), "days": node.days or ""}
            row.choices["amount"] = list(wording.AMOUNTS.items())
            row.wheres = _wheres(node.event, node.where)
        case c.LastPerformed():
            row.told = {"ago": node.ago, "days": node.days}
            row.wheres = _wheres(node.event, node.where)


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"


def _wheres(event: str, where: Sequence[c.Where]) -> list[dict[str, Any]]:
    """The properties that narrow an event, and an empty row for one more."""
    happening = EVENTS.get(event)
    if happening is None or not (happening.fields or event == FREE):
        return []
    fields = list(happening.fields.items())
    told = []
    for number, one in enumerate([*where, None]):
        free = one is not None and one.field.startswith(FREE_FIELDS)
        values = ""
        if one is not None:
            values = (
                f"{_plain(one.low)}-{_plain(one.high)}" if one.test == "between" else ", ".join(one.values)
            )
        told.append(
            {
                "number": number,
                "field": one.field if one is not None and not free else "",
                "fields": fields,
                "free": event == FREE,
                "property": one.field.removeprefix(FREE_FIELDS) if one is not None and free else "",
                "test": one.test if one is not None else "is",
                "tests": [(test, wording.TESTS[test]) for test in _WHERE_TESTS],
                "values": values,
                "hints": list(happening.choices.get(one.field, ())) if one is not None else [],
                "new": one is None,
            }
        )
    return told
