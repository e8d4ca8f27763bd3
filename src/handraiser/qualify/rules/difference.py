"""What sets two rule sets apart, for the eyes of whoever publishes."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import Exclusion, Rule, Rules, Signal


class Change(NamedTuple):
    """One difference: of a rule (`key`), or of the whole set (`key` ""). `tag` is short, `text` whole."""

    kind: Literal["new", "removed", "changed"]
    key: str
    tag: str
    text: str


_NAMES = {
    "fit": "The limit of fit",
    "engagement": "The limit of engagement",
    "against": "The limit of against",
    "fit_a": "A of fit begins at",
    "fit_b": "B of fit begins at",
    "engagement_1": "1 of engagement begins at",
    "engagement_2": "2 of engagement begins at",
    "hot": "Hot begins at",
    "warm": "Warm begins at",
}


def between(before: Rules, after: Rules) -> list[Change]:
    """Every change from one set to the other; the order of rules alone is none."""
    old = {rule.key: rule for rule in before.rules}
    new = {rule.key: rule for rule in after.rules}
    found = [_of_rule(old.get(key), rule) for key, rule in new.items() if old.get(key) != rule]
    found += [
        Change(
            "removed",
            key,
            "Removed",
            f"{wording.title(rule)} no longer counts ({wording.worth(rule)})",
        )
        for key, rule in old.items()
        if key not in new
    ]
    found += _of_others(before, after)
    if before.threshold != after.threshold:
        was, now = wording.plain(before.threshold), wording.plain(after.threshold)
        found.append(
            Change("changed", "", f"Was {was}", f"A lead becomes MQL at **{now}** points, was {was}")
        )
    if before.leave != after.leave:
        was, now = ("never" if line is None else wording.plain(line) for line in (before.leave, after.leave))
        found.append(
            Change("changed", "leave", f"Was {was}", f"An MQL leaves below **{now}** points, was {was}")
        )
    for part in ("limits", "bands"):
        earlier, later = msgspec.structs.asdict(getattr(before, part)), getattr(after, part)
        for name, value in earlier.items():
            if getattr(later, name) != value:
                was, now = wording.plain(value), wording.plain(getattr(later, name))
                text = f"{_NAMES[name]} **{now}**, was {was}"
                found.append(Change("changed", name, f"Was {was}", text))
    return found


def _of_others(before: Rules, after: Rules) -> list[Change]:
    """Changes of who is left out, and of what makes a PQL."""
    found = []
    words: dict[str, str] = {}
    for one in (*before.exclusions, *after.exclusions):
        words[one.key] = f"Left out as {one.reason or '…'}: {wording.excluded(one)}"
    for signal in (*before.signals, *after.signals):
        words[signal.key] = f"{wording.signal(signal)} makes a PQL"
    old: dict[str, Exclusion | Signal] = {one.key: one for one in before.exclusions}
    old |= {one.key: one for one in before.signals}
    new: dict[str, Exclusion | Signal] = {one.key: one for one in after.exclusions}
    new |= {one.key: one for one in after.signals}
    for key, now in new.items():
        if key not in old:
            found.append(Change("new", key, "New", words[key]))
        elif old[key] != now:
            found.append(Change("changed", key, "Changed", words[key]))
    gone = [key for key in old if key not in new]
    return found + [Change("removed", key, "Removed", f"No longer: {words[key]}") for key in gone]


def _of_rule(old: Rule | None, new: Rule) -> Change:
    title = f"{wording.title(new)}{wording.gives(new)}"
    if old is None:
        return Change("new", new.key, "New", title)
    if old.points != new.points:
        was = wording.points(old.points)
        return Change("changed", new.key, f"Was {was}", f"{title}, was {was}")
    return Change("changed", new.key, "Changed", f"{wording.title(new)}: {wording.how_counted(new)}")
