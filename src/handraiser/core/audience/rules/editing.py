"""The conditions as a form: each field is named after its condition's path, and a deed adds or takes one out.

`c.0.1.what` says what the second condition of the first group asks; the other fields depend on it. Whatever cannot
be read stays as it was typed, for `checking` to say what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec

from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.checking import TESTS
from handraiser.core.audience.rules.vocabulary import FREE, FREE_FIELDS, Catalogue

Form = Mapping[str, Sequence[str]]
_GROUPS: dict[str, type[c.AllOf] | type[c.AnyOf] | type[c.NoneOf]] = {
    "all": c.AllOf,
    "any": c.AnyOf,
    "none": c.NoneOf,
}
_FIELD = re.compile(r"c\.((?:\d+\.)*)what")
_WHERES = 5


def name(path: c.Path, field: str) -> str:
    """The name of a field of the condition at a path."""
    return ".".join(("c", *(str(place) for place in path), field))


def what(node: c.Condition) -> str:
    """What a condition asks, as the first choice of its row says it."""
    match node:
        case c.AllOf():
            return "all"
        case c.AnyOf():
            return "any"
        case c.NoneOf():
            return "none"
        case c.Attribute():
            return f"attribute:{node.key}"
        case c.Performed():
            return f"performed:{node.event}"
        case c.LastPerformed():
            return f"last:{node.event}"
        case c.Score():
            return f"score:{node.measure}"
        case c.Consent():
            return "consent"
        case c.Stage():
            return "stage"
        case c.InSegment():
            return "segment"
        case c.Listed():
            return f"listed:{node.list}"
        case c.Bucket():
            return "bucket"


def fresh(asked: str, known: Catalogue) -> c.Condition:
    """A condition of a kind with what is most often wanted."""
    kind, _, about = asked.partition(":")
    if kind in _GROUPS:
        return _GROUPS[kind]((c.Attribute("person.country"),))
    if kind == "attribute":
        attribute = known.attributes.get(about)
        test = TESTS[attribute.kind][0] if attribute else "is"
        if attribute and attribute.kind in ("date", "moment"):
            return c.Attribute(about, "within", days=30)
        return c.Attribute(about, test, ("yes",) if attribute and attribute.kind == "yes" else ())
    if kind == "performed":
        return c.Performed(about, days=30)
    if kind == "last":
        return c.LastPerformed(about, "more", 30)
    if kind == "score":
        measure: Any = about if about in get_args(c.Measure) else "points"
        begin = {"grade": ("A1",), "temperature": ("hot",)}
        return c.Score(measure, begin.get(about, ()))
    if kind == "stage":
        return c.Stage(("lead",))
    if kind == "consent":
        return c.Consent(next(iter(known.purposes), ""))
    if kind == "segment":
        return c.InSegment(next(iter(known.segments), ""))
    if kind == "listed":
        return c.Listed(about)
    if kind == "bucket":
        return c.Bucket(0, 49)
    return c.Attribute("person.country")


def read(form: Form, known: Catalogue) -> c.Definition:
    """The definition that a form shows."""
    places: dict[c.Path, set[int]] = {}
    for field in form:
        if found := _FIELD.fullmatch(field):
            path = tuple(int(place) for place in found[1].split(".") if place)
            if path:
                places.setdefault(path[:-1], set()).add(path[-1])
    root = _read((), form, places, known)
    assert isinstance(root, c.GROUPS)
    without = tuple(dict.fromkeys(one for one in form.get("without", ()) if one))
    return c.Definition(root, without)


def _read(path: c.Path, form: Form, places: Mapping[c.Path, set[int]], known: Catalogue) -> c.Condition:
    def one(field: str, default: str = "") -> str:
        told = form.get(name(path, field), ())
        return told[-1].strip() if told else default

    asked = one("what", "all" if not path else "")
    if not path or asked in _GROUPS:
        kind = _GROUPS.get(asked, c.AllOf)
        return kind(
            tuple(_read((*path, place), form, places, known) for place in sorted(places.get(path, ())))
        )
    if asked != one("was", asked):
        return fresh(asked, known)
    kind_of, _, about = asked.partition(":")
    many = tuple(form.get(name(path, "values"), ()))
    typed = tuple(value for raw in many for part in raw.split(",") if (value := part.strip()))
    if kind_of == "attribute":
        return c.Attribute(
            about,
            _one_of(c.Test, one("test"), "is"),
            typed,
            _bound(one("low")),
            _bound(one("high")),
            _count(one("days")),
        )
    if kind_of == "performed":
        amount = _one_of(c.Amount, one("amount"), "at_least")
        return c.Performed(
            about, amount, _count(one("times"), -1) or 0, _count(one("days")), _where(about, path, form)
        )
    if kind_of == "last":
        return c.LastPerformed(
            about,
            "less" if one("ago") == "less" else "more",
            _count(one("days"), -1) or 0,
            _where(about, path, form),
        )
    if kind_of == "score":
        low, high = _number(one("low")), _number(one("high"))
        return c.Score(_one_of(c.Measure, about, "points"), typed, low, high)
    if kind_of == "stage":
        return c.Stage(typed)
    if kind_of == "consent":
        state: Any = one("state") if one("state") in ("granted", "withdrawn", "never") else "granted"
        return c.Consent(one("purpose"), state)
    if kind_of == "segment":
        return c.InSegment(one("segment"), one("inside") != "no")
    if kind_of == "listed":
        return c.Listed(about, one("on") != "no", typed)
    if kind_of == "bucket":
        return c.Bucket(_count(one("low"), -1) or 0, _count(one("high"), -1) or 0, one("draw", "a") or "a")
    return fresh(asked, known)


def _where(event: str, path: c.Path, form: Form) -> tuple[c.Where, ...]:
    found = []
    for number in range(_WHERES):

        def one(field: str, number: int = number) -> str:
            told = form.get(name(path, f"where{number}.{field}"), ())
            return told[-1].strip() if told else ""

        field = one("field")
        if event == FREE and one("property"):
            field = FREE_FIELDS + one("property")
        if not field:
            continue
        test = _one_of(c.Test, one("test"), "is")
        values = tuple(value for part in one("values").split(",") if (value := part.strip()))
        if test == "between":
            low, _, high = one("values").partition("-")
            found.append(c.Where(field, test, (), _number(low), _number(high)))
        else:
            found.append(c.Where(field, test, values))
    return tuple(found)


def _one_of(choices: Any, told: str, default: str) -> Any:
    return told if told in get_args(choices) else default


def _count(told: str, wrong: int | None = None) -> int | None:
    """A whole number; None if nothing was said, -1 for what is none, so that it is refused."""
    if not told:
        return wrong
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else -1


def _number(told: str) -> float | None:
    try:
        return float(told) if told else None
    except ValueError:
        return float("nan")


def _bound(told: str) -> c.Bound:
    try:
        number = float(told)
    except ValueError:
        return told or None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


# ---------------------------------------------------------------------------------------------- deeds


def done(definition: c.Definition, deed: str, known: Catalogue) -> c.Definition:
    """The definition after a press of a button: `add:1.0:stage` into the group at 1.0, `remove:1.0`, or nothing."""
    verb, _, rest = deed.partition(":")
    where, _, asked = rest.partition(":")
    path = tuple(int(place) for place in where.split(".") if place.isdigit())
    root: Any = definition.match
    if verb == "add":
        root = _changed(root, path, lambda group: _with(group, fresh(asked, known)))
    elif verb == "remove" and path:
        root = _changed(root, path[:-1], lambda group: _without(group, path[-1]))
    return msgspec.structs.replace(definition, match=root)


def _with(group: Any, new: c.Condition) -> Any:
    return type(group)((*group.of, new)) if isinstance(group, c.GROUPS) else group


def _without(group: Any, place: int) -> Any:
    if not isinstance(group, c.GROUPS):
        return group
    return type(group)(tuple(one for at, one in enumerate(group.of) if at != place))


def _changed(node: Any, path: c.Path, change: Any) -> Any:
    if not path:
        return change(node)
    if not isinstance(node, c.GROUPS) or path[0] >= len(node.of):
        return node
    of = list(node.of)
    of[path[0]] = _changed(of[path[0]], path[1:], change)
    return type(node)(tuple(of))
