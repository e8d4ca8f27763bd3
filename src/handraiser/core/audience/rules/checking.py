"""What speaks against a tree of conditions: each problem with a sentence and the path of the condition at fault."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import (
    EVENTS,
    FREE,
    FREE_FIELDS,
    GRADES,
    STAGES,
    TEMPERATURES,
    Catalogue,
    Known,
)
from handraiser.kit.errors import DomainError

MAX_CONDITIONS = 200
MAX_DEPTH = 8
MAX_DAYS = 3_650
MAX_TIMES = 1_000
MAX_VALUES = 500
MAX_LENGTH = 200
MAX_NUMBER = 1e15
# What a property may be called: it becomes part of a statement.
PROPERTY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ -]{0,59}")
TEXT_TESTS: tuple[c.Test, ...] = ("is", "is_not", "contains", "starts_with", "known", "unknown")
TESTS: dict[str, tuple[c.Test, ...]] = {
    "text": TEXT_TESTS,
    "number": ("between", "is", "is_not", "known", "unknown"),
    "date": ("between", "within", "more_than_ago", "known", "unknown"),
    "moment": ("between", "within", "more_than_ago"),
    "yes": ("is", "known", "unknown"),
}


def path_of(path: c.Path) -> str:
    """A path as the field of an error: "1.0" is the first condition in the second of the root."""
    return ".".join(str(place) for place in path)


class _Wrong(Exception):
    """A problem, before its place is known."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


def check(root: c.Condition, catalogue: Catalogue) -> list[DomainError]:
    """Everything that is wrong in a tree, in its order; `field` is the path of the condition at fault."""
    problems: list[DomainError] = []

    def add(code: str, sentence: str, path: c.Path) -> None:
        problems.append(DomainError(code, sentence, field=path_of(path)))

    for count, (path, node) in enumerate(c.walk(root), 1):
        if len(path) > MAX_DEPTH:
            add("too_deep", f"Groups can stand {MAX_DEPTH} deep. Move this one up.", path)
            break
        if count > MAX_CONDITIONS:
            add("too_many", f"At most {MAX_CONDITIONS} conditions fit. Make two segments of this one.", path)
            break
        try:
            _check(node, catalogue)
        except _Wrong as wrong:
            add(wrong.code, wrong.sentence, path)
        if isinstance(node, c.AllOf):
            for place, sentence in _contradictions(node.of, catalogue):
                add("contradiction", sentence, (*path, place))
    return problems


def refuse(root: c.Condition, catalogue: Catalogue) -> None:
    """Raise the first problem of a tree, if there is one."""
    for problem in check(root, catalogue):
        raise problem


def refuse_cycle(
    own: str, wanted: Iterable[str], uses: Mapping[str, Iterable[str]], names: Mapping[str, str]
) -> None:
    """Refuse a segment that would ask about itself. `uses` tells for the other segments which they ask about.

    Raises DomainError("cycle") with the way around.
    """
    trail = _way_back(own, list(wanted), uses, (own,))
    if trail:
        told = " asks about ".join(names.get(one, one) for one in trail)
        raise DomainError("cycle", f"This would go round in a circle: {told}.", kind="conflict")


def _way_back(
    own: str, wanted: list[str], uses: Mapping[str, Iterable[str]], trail: tuple[str, ...]
) -> tuple[str, ...]:
    for one in wanted:
        if one == own:
            return (*trail, own)
        if one not in trail and (found := _way_back(own, sorted(uses.get(one, ())), uses, (*trail, one))):
            return found
    return ()


# ------------------------------------------------------------------------------------- one condition


def _check(node: c.Condition, catalogue: Catalogue) -> None:
    match node:
        case c.AllOf() | c.AnyOf() | c.NoneOf():
            if not node.of:
                raise _Wrong("empty", "Add a condition, or remove this group.")
        case c.Attribute():
            known = catalogue.attributes.get(node.key)
            if known is None:
                raise _Wrong(
                    "unknown_attribute", f"There is no field {node.key or 'without a name'}. Choose one."
                )
            _check_attribute(node, known)
        case c.Consent():
            if node.purpose not in catalogue.purposes:
                raise _Wrong("unknown_purpose", "Choose which permission.")
        case c.Stage():
            if not node.stages or set(node.stages) - STAGES.keys():
                raise _Wrong("stage", "Choose one stage or more.")
        case c.Score():
            _check_score(node)
        case c.InSegment():
            if node.segment not in catalogue.segments:
                raise _Wrong("unknown_segment", "Choose a segment that is in use.")
        case c.Listed():
            listing = catalogue.lists.get(node.list)
            if listing is None:
                raise _Wrong("unknown_list", "Choose a list.")
            if set(node.reasons) - listing.reasons.keys():
                raise _Wrong("value", "Choose among the reasons of this list.")
        case c.Performed():
            _check_event(node.event, node.where)
            least = 0 if node.amount != "at_least" else 1
            if not least <= node.times <= MAX_TIMES:
                raise _Wrong("times", f"Say how many times, from {least} to {MAX_TIMES:,}.")
            if node.days is not None:
                _check_days(node.days)
        case c.LastPerformed():
            _check_event(node.event, node.where)
            _check_days(node.days)
        case c.Bucket():
            if not 0 <= node.low <= node.high <= 99:
                raise _Wrong("bucket", "Parts are numbered from 0 to 99, the lower one first.")
            if len(node.draw) > 40:
                raise _Wrong("bucket", "A draw has a name of up to 40 letters.")


def _check_days(days: int | None) -> None:
    if days is None or not 1 <= days <= MAX_DAYS:
        raise _Wrong("days", f"Days are between 1 and {MAX_DAYS:,}.")


def _check_attribute(node: c.Attribute, known: Known) -> None:
    if node.test not in TESTS[known.kind]:
        raise _Wrong("test", f"{known.label} cannot be asked like this.")
    if node.test in ("known", "unknown"):
        return
    if node.test in ("within", "more_than_ago"):
        _check_days(node.days)
    elif node.test == "between":
        if known.kind == "number":
            _check_range(node.low, node.high)
        else:
            _check_dates(node.low, node.high)
    elif known.kind == "yes":
        if node.values not in (("yes",), ("no",)):
            raise _Wrong("value", "Choose yes or no.")
    else:
        _check_values(node.values)
        if known.kind == "number":
            for one in node.values:
                _number(one)


def _check_values(values: tuple[str, ...]) -> None:
    if not values or not all(one.strip() for one in values):
        raise _Wrong("value", "Say which value it must have.")
    if len(values) > MAX_VALUES or any(len(one) > MAX_LENGTH for one in values):
        raise _Wrong("overflow", f"At most {MAX_VALUES} values of {MAX_LENGTH} letters each.")


def _number(value: c.Bound) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _Wrong("number", f"“{value}” is not a number.") from None
    if math.isnan(number):
        raise _Wrong("number", "Give a number. Example: 75")
    if abs(number) > MAX_NUMBER:
        raise _Wrong("overflow", "This number is too large.")
    return number


def _check_range(low: c.Bound, high: c.Bound) -> None:
    if low is None and high is None:
        raise _Wrong("value", "Give a lower or an upper bound.")
    if (low is None or _number(low) is None) or (high is None or _number(high) is None):
        return
    if _number(low) > _number(high):
        raise _Wrong("contradiction", "The lower bound lies above the upper one.")


def _check_dates(low: c.Bound, high: c.Bound) -> None:
    if low is None and high is None:
        raise _Wrong("value", "Give a first or a last day.")
    for one in (low, high):
        if one is not None and not is_day(one):
            raise _Wrong("date", f"“{one}” is not a day. Example: 2026-11-19")
    if low is not None and high is not None and str(low) > str(high):
        raise _Wrong("contradiction", "The first day lies after the last one.")


def is_day(value: object) -> bool:
    """Whether a value is a day as this product writes it, 2026-11-19."""
    try:
        return date.fromisoformat(str(value)).isoformat() == value
    except ValueError:
        return False


def _check_score(node: c.Score) -> None:
    if node.measure == "grade":
        if not node.values or set(node.values) - set(GRADES):
            raise _Wrong("value", "Choose grades from A1 to C3.")
    elif node.measure == "temperature":
        if not node.values or set(node.values) - TEMPERATURES.keys():
            raise _Wrong("value", "Choose cold, warm or hot.")
    else:
        _check_range(node.low, node.high)


def _check_event(event: str, where: tuple[c.Where, ...]) -> None:
    happening = EVENTS.get(event)
    if happening is None:
        raise _Wrong("unknown_event", "Choose an event.")
    for one in where:
        if event == FREE and one.field.startswith(FREE_FIELDS):
            if not PROPERTY.fullmatch(one.field.removeprefix(FREE_FIELDS)):
                raise _Wrong("property", "A property has a name of letters, digits, spaces and - or _.")
        elif one.field not in happening.fields:
            raise _Wrong("property", f"{happening.did} has no property {one.field or 'without a name'}.")
        if one.test == "between":
            _check_range(one.low, one.high)
        elif one.test in ("within", "more_than_ago"):
            raise _Wrong("test", "A property cannot be asked like this.")
        elif one.test not in ("known", "unknown"):
            _check_values(one.values)


# ------------------------------------------------------------------------- two that exclude each other


def _contradictions(of: tuple[c.Condition, ...], catalogue: Catalogue) -> Iterator[tuple[int, str]]:
    """Conditions of one `all of` that an earlier one makes impossible: their places, and why."""
    for place, later in enumerate(of):
        for earlier in of[:place]:
            why = _clash(earlier, later, catalogue) or _clash(later, earlier, catalogue)
            if why:
                yield place, why
                break


def _clash(one: c.Condition, other: c.Condition, catalogue: Catalogue) -> str:
    if isinstance(one, c.Attribute) and isinstance(other, c.Attribute) and one.key == other.key:
        known = catalogue.attributes.get(one.key)
        return _clash_of_values(one, other, known) if known else ""
    if isinstance(one, c.InSegment) and isinstance(other, c.InSegment) and one.segment == other.segment:
        return "Nobody is both in a segment and not in it." if one.inside != other.inside else ""
    if isinstance(one, c.Listed) and isinstance(other, c.Listed) and one.list == other.list:
        never = not other.reasons or (one.reasons and set(one.reasons) <= set(other.reasons))
        return "Nobody is both on a list and not on it." if one.on and not other.on and never else ""
    if isinstance(one, c.Consent) and isinstance(other, c.Consent) and one.purpose == other.purpose:
        return "A permission has one state only." if one.state != other.state else ""
    events = (c.Performed, c.LastPerformed)
    if (
        isinstance(one, events)
        and isinstance(other, events)
        and (one.event, one.where) == (other.event, other.where)
    ):
        least, most = _least(one), _most(other)
        if least and most and least[0] > most[0] and _within(least[1], most[1]):
            return (
                f"These windows contradict each other: at least {least[0]:,} times{_last(least[1])},"
                f" and at most {most[0]:,} times{_last(most[1])}."
            )
    return ""


def _clash_of_values(one: c.Attribute, other: c.Attribute, known: Known) -> str:
    tests = {one.test, other.test}
    if "unknown" in tests and len(tests) > 1:
        return f"{known.label} cannot be unknown and have a value."
    if known.source == "lead":
        return ""  # another lead may have the other value
    shared = {c.folded(value) for value in one.values} & {c.folded(value) for value in other.values}
    if one.test == "is" and other.test == "is" and not shared:
        return f"{known.label} has one value only. Put both into one condition."
    if one.test == "within" and other.test == "more_than_ago" and (one.days or 0) <= (other.days or 0):
        return (
            f"{known.label} cannot lie both in the last {one.days} days and more than {other.days} days ago."
        )
    if one.test == other.test == "between" and _apart(one, other):
        return f"{known.label} cannot lie in both of these ranges."
    return ""


def _apart(one: c.Attribute, other: c.Attribute) -> bool:
    def above(low: c.Bound, high: c.Bound) -> bool:
        if low is None or high is None:
            return False
        return low > high if type(low) is type(high) else float(low) > float(high)  # type: ignore[operator]

    try:
        return above(one.low, other.high) or above(other.low, one.high)
    except (TypeError, ValueError):
        return False


def _least(node: c.Performed | c.LastPerformed) -> tuple[int, int | None] | None:
    """(n, days): it must have happened n times or more in the last days (None: ever)."""
    if isinstance(node, c.LastPerformed):
        return 1, node.days if node.ago == "less" else None
    return (node.times, node.days) if node.amount != "at_most" and node.times else None


def _most(node: c.Performed | c.LastPerformed) -> tuple[int, int | None] | None:
    """(n, days): it may have happened n times at most in the last days."""
    if isinstance(node, c.LastPerformed):
        return (0, node.days) if node.ago == "more" else None
    return (node.times, node.days) if node.amount != "at_least" else None


def _within(inner: int | None, outer: int | None) -> bool:
    return outer is None or (inner is not None and inner <= outer)


def _last(days: int | None) -> str:
    return f" in the last {days} days" if days else ""
