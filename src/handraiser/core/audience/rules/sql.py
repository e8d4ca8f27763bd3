"""Conditions as SQL, for SQLite and PostgreSQL: an expression over one row `p` of people, never NULL.

What is asked of events goes through the timeline's index of a person; nothing scans it. The text holds `%s` where
an argument belongs and no other percent sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.timing import Leaving
from handraiser.core.audience.rules.vocabulary import EVENTS, FREE_FIELDS, Catalogue, Known

Dialect = Literal["sqlite", "postgresql"]
Text = tuple[str, list[Any]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = 1_000_000  # points are kept in millionths
_OPEN_LEAD = "l.person_id = p.id and l.closed_at is null"
_STAYS = ("customer",)
_WHILE_NONE_IS_OPEN = ("recycled", "disqualified")


@dataclass(frozen=True)
class Asked:
    """What a statement is made for: the database, the moment in milliseconds, and how it writes a moment."""

    dialect: Dialect
    at: int
    moment: Callable[[int], Any]
    catalogue: Catalogue

    @property
    def sqlite(self) -> bool:
        return self.dialect == "sqlite"


def condition(node: c.Condition, asked: Asked) -> Text:
    """True of the person `p`, or false."""
    match node:
        case c.AllOf():
            return _joined(node.of, " and ", asked, empty="1=1")
        case c.AnyOf():
            return _joined(node.of, " or ", asked, empty="1=0")
        case c.NoneOf():
            text, arguments = _joined(node.of, " or ", asked, empty="1=0")
            return f"(not {text})", arguments
        case c.Attribute():
            return _attribute(node, asked)
        case c.Consent():
            return _consent(node)
        case c.Stage():
            return _stage(node)
        case c.Score():
            return _score(node)
        case c.InSegment():
            text = (
                "exists (select 1 from audience_membership m where m.person_id = p.id and m.segment_id = %s)"
            )
            return (text if node.inside else f"(not {text})"), [node.segment]
        case c.Listed():
            return _listed(node, asked)
        case c.Performed():
            return _performed(node, asked)
        case c.LastPerformed():
            return _last_performed(node, asked)
        case c.Bucket():
            return _bucket(node, asked)


def _joined(of: Sequence[c.Condition], word: str, asked: Asked, *, empty: str) -> Text:
    # The first that decides is the last that is asked: begin with what costs least.
    parts = [condition(one, asked) for one in sorted(of, key=_pages)]
    if not parts:
        return f"({empty})", []
    return f"({word.join(text for text, _ in parts)})", [one for _, arguments in parts for one in arguments]


def _pages(node: c.Condition) -> int:
    """About how many pages of the database it takes to know of somebody; those of their history lie apart."""
    match node:
        case c.Attribute():
            return 0 if node.key.startswith("person.") else 2
        case c.Bucket() | c.Listed():
            return 1
        case c.Consent() | c.InSegment():
            return 2
        case c.Stage() | c.Score():
            return 3
        case c.Performed() | c.LastPerformed():
            return 20 if node.where or EVENTS[node.event].machines else 4
        case _:
            return max((_pages(one) for one in node.of), default=0)


# ------------------------------------------------------------------------------------- what is known


def _attribute(node: c.Attribute, asked: Asked) -> Text:
    known = asked.catalogue.attributes.get(node.key)
    if known is None:
        return ("(1=1)" if node.test == "unknown" else "(1=0)"), []
    table = {"person": "p", "company": "k", "lead": "l"}[known.source]
    value = _value(known, table, asked)
    if node.test == "unknown":
        text, arguments = _about(known, f"({value} is not null)", [])
        return f"(not {text})", arguments
    if node.test == "known":
        return _about(known, f"({value} is not null)", [])
    if known.kind == "number":
        return _about(known, *_number(value, node))
    if known.kind == "yes":
        return _about(known, f"coalesce({value} = {1 if node.values == ('yes',) else 0}, 1=0)", [])
    if known.kind == "moment":
        return _about(known, *_moments(value, node, asked))
    if known.kind == "date":
        return _about(known, *_days(value, node, asked))
    return _about(known, *_text(value, node.test, node.values, asked))


def _about(known: Known, text: str, arguments: list[Any]) -> Text:
    """A condition on a person, on the person's company, or on one of the open leads."""
    if known.source == "company":
        return f"exists (select 1 from people_company k where k.id = p.company_id and {text})", arguments
    if known.source == "lead":
        return f"exists (select 1 from people_lead l where {_OPEN_LEAD} and {text})", arguments
    return text, arguments


def _value(known: Known, table: str, asked: Asked) -> str:
    """The value as it is compared; NULL where it is unknown."""
    if known.column == "email_domain":
        at = f"instr({table}.email, '@')" if asked.sqlite else f"strpos({table}.email, '@')"
        return f"(case when {at} > 0 then nullif(substr({table}.email, {at} + 1), '') end)"
    if known.column:
        value = f"{table}.{known.column}"
        return value if known.kind in ("number", "moment") else f"nullif({value}, '')"
    value = _json(f"{table}.attributes", (known.custom,), asked)
    if known.kind == "number":
        return _as_number(value, asked)
    if known.kind == "yes":
        return (
            f"(case when lower({value}) in ('true', '1', 'yes', 'on') then 1"
            f" when lower({value}) in ('false', '0', 'no', 'off') then 0 end)"
        )
    if known.kind == "date":
        shape = _matches(f"substr({value}, 1, 10)", asked)
        return f"(case when {shape} then substr({value}, 1, 10) end)"
    return value


def _json(column: str, keys: Sequence[str], asked: Asked) -> str:
    """A value in JSON as text; NULL if it is missing, null or empty. Keys hold no quotes: they were checked."""
    if asked.sqlite:
        path = "$" + "".join(f'."{key}"' for key in keys)
        found = f"json_extract({column}, '{path}')"
        kind = f"json_type({column}, '{path}')"
        # SQLite tells true and false as 1 and 0.
        text = f"case {kind} when 'true' then 'true' when 'false' then 'false' else cast({found} as text) end"
        return f"nullif(({text}), '')"
    *first, last = keys
    inner = column + "".join(f" -> '{key}'" for key in first)
    return f"nullif({inner} ->> '{last}', '')"


def _matches(value: str, asked: Asked) -> str:
    """Whether text looks like a day."""
    if asked.sqlite:
        return f"{value} glob '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'"
    return f"{value} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'"


def _as_number(value: str, asked: Asked) -> str:
    """Text as a number; NULL for what is none. Digits, at most one point, and a minus before."""
    if asked.sqlite:
        digits = f"ltrim({value}, '-')"
        plain = (
            f"{value} glob '*[0-9]*' and {digits} not glob '*[^0-9.]*' and {digits} not glob '*.*.*'"
            f" and {value} not glob '--*'"
        )
        return f"(case when {plain} then cast({value} as real) end)"
    return (
        f"(case when {value} ~ '^-?([0-9]+[.]?[0-9]*|[.][0-9]+)$' then cast({value} as double precision) end)"
    )


def _number(value: str, node: c.Attribute | c.Where) -> Text:
    if node.test == "between":
        return _range(value, node.low, node.high, 1)
    marks = ", ".join(["%s"] * len(node.values))
    sign = "not in" if node.test == "is_not" else "in"
    return f"coalesce({value} {sign} ({marks}), 1=0)", [float(one) for one in node.values]


def _range(value: str, low: Any, high: Any, times: int) -> Text:
    parts, arguments = [], []
    for sign, bound in ((">=", low), ("<=", high)):
        if bound is not None:
            parts.append(f"{value} {sign} %s")
            arguments.append(float(bound) * times)
    return f"coalesce({' and '.join(parts)}, 1=0)", arguments


def _text(value: str, test: c.Test, values: Sequence[str], asked: Asked) -> Text:
    asked_for = list(dict.fromkeys(one for each in values for one in c.spellings(each)))
    # Folding in the collation of the machine would differ from one to the next.
    folded = f"lower({value})" if asked.sqlite else f'lower({value} collate "C")'
    if test in ("is", "is_not"):
        sign = "in" if test == "is" else "not in"
        return f"coalesce({folded} {sign} ({', '.join(['%s'] * len(asked_for))}), 1=0)", [*asked_for]
    arguments: list[Any]
    if test == "contains":
        place = "instr" if asked.sqlite else "strpos"
        parts = [f"{place}({folded}, %s) > 0" for _ in asked_for]
        arguments = [*asked_for]
    else:
        parts = [f"substr({folded}, 1, {len(one)}) = %s" for one in asked_for]
        arguments = [*asked_for]
    return f"coalesce({' or '.join(parts)}, 1=0)", arguments


def _moments(value: str, node: c.Attribute, asked: Asked) -> Text:
    parts, arguments = [], []
    if node.test == "between":
        if node.low is not None:
            parts.append(f"{value} >= %s")
            arguments.append(asked.moment(_midnight(node.low)))
        if node.high is not None:
            parts.append(f"{value} < %s")
            arguments.append(asked.moment(_midnight(node.high) + c.DAY_MS))
    else:
        since = asked.moment(asked.at - (node.days or 0) * c.DAY_MS)
        if node.test == "within":
            parts, arguments = [f"{value} > %s", f"{value} <= %s"], [since, asked.moment(asked.at)]
        else:
            parts, arguments = [f"{value} <= %s"], [since]
    return f"coalesce({' and '.join(parts)}, 1=0)", arguments


def _days(value: str, node: c.Attribute, asked: Asked) -> Text:
    # Days are compared as they are written: the same order as that of their midnights.
    parts, arguments = [], []
    if node.test == "between":
        for sign, bound in ((">=", node.low), ("<=", node.high)):
            if bound is not None:
                parts.append(f"{value} {sign} %s")
                arguments.append(str(bound))
    else:
        since = _day(asked.at - (node.days or 0) * c.DAY_MS)
        if node.test == "within":
            parts, arguments = [f"{value} > %s", f"{value} <= %s"], [since, _day(asked.at)]
        else:
            parts, arguments = [f"{value} <= %s"], [since]
    return f"coalesce({' and '.join(parts)}, 1=0)", arguments


def _midnight(day: c.Bound) -> int:
    return (datetime.fromisoformat(f"{day}T00:00:00+00:00") - _EPOCH) // timedelta(milliseconds=1)


def _day(at: int) -> str:
    """The newest day whose midnight is not after this moment."""
    return (_EPOCH + timedelta(milliseconds=at)).date().isoformat()


# ------------------------------------------------------------------------ permissions, stages, scores


def _consent(node: c.Consent) -> Text:
    held = "exists (select 1 from consent_grant g where g.person_id = p.id and g.purpose_id = %s"
    if node.state == "granted":
        return f"{held} and g.withdrawn_at is null)", [node.purpose]
    if node.state == "never":
        return f"(not {held}))", [node.purpose]
    return f"({held}) and not {held} and g.withdrawn_at is null))", [node.purpose, node.purpose]


def _stage(node: c.Stage) -> Text:
    parts, arguments = [], []
    closed = [one for one in node.stages if one in _WHILE_NONE_IS_OPEN]
    plain = [one for one in node.stages if one not in closed]
    for stages, more in (
        ([one for one in plain if one not in _STAYS], " and l.closed_at is null"),
        ([one for one in plain if one in _STAYS], ""),
        (
            closed,
            " and not exists (select 1 from people_lead o where o.person_id = p.id and o.closed_at is null)",
        ),
    ):
        if stages:
            marks = ", ".join(["%s"] * len(stages))
            parts.append(
                f"exists (select 1 from people_lead l where l.person_id = p.id and l.stage in ({marks}){more})"
            )
            arguments += stages
    return f"({' or '.join(parts)})", arguments


def _score(node: c.Score) -> Text:
    if node.measure in ("grade", "temperature"):
        text = f"l.{node.measure} in ({', '.join(['%s'] * len(node.values))})"
        arguments: list[Any] = [*node.values]
    else:
        column = "points" if node.measure == "points" else f"{node.measure}_points"
        text, arguments = _range(f"l.{column}", node.low, node.high, _MICRO)
    return f"exists (select 1 from people_lead l where {_OPEN_LEAD} and {text})", arguments


def _listed(node: c.Listed, asked: Asked) -> Text:
    listing = asked.catalogue.lists.get(node.list)
    if listing is None:
        return ("(1=0)" if node.on else "(1=1)"), []
    # The list is read once a statement: it is short beside the people, and has no index of addresses.
    folded = "lower(p.email)" if asked.sqlite else 'lower(p.email collate "C")'
    marks = ", ".join(["%s"] * len(node.reasons))
    narrowed = f" and x.reason in ({marks})" if node.reasons else ""
    text = f"({folded} in (select x.address from ({listing.rows}) x where x.address <> ''{narrowed}))"
    return (text if node.on else f"(not {text})"), [*node.reasons]


def _bucket(node: c.Bucket, asked: Asked) -> Text:
    digest = "md5(%s || ':' || p.id)"
    if asked.sqlite:
        digits = "+".join(
            f"(instr('0123456789abcdef', substr(h.x, {place}, 1)) - 1) * {16 ** (6 - place)}"
            for place in range(1, 7)
        )
        number = f"(select ({digits}) from (select {digest} as x) h)"
    else:
        number = (
            "(select cast(('x' || substr(h.x, 1, 6)) as bit(24))::int"
            " from (select md5(cast(%s as text) || ':' || p.id) as x) h)"
        )
    return f"({number} - {number} / 100 * 100 between %s and %s)", [node.draw, node.draw, node.low, node.high]


# ------------------------------------------------------------------------------------------- events


def events(event: str, where: Sequence[c.Where], asked: Asked) -> Text:
    """Which rows `t` of the timeline count, whosever they are."""
    parts, arguments = ["t.name = %s"], [event]
    if EVENTS[event].machines:
        parts.append(f"{_json('t.body', ('machine',), asked)} is null")
    for one in where:
        keys = (
            ("properties", one.field.removeprefix(FREE_FIELDS))
            if one.field.startswith(FREE_FIELDS)
            else (one.field,)
        )
        value = _json("t.body", keys, asked)
        if one.test in ("known", "unknown"):
            parts.append(f"{value} is {'not ' if one.test == 'known' else ''}null")
            continue
        if one.test == "between":
            text, more = _number(_as_number(value, asked), one)
        else:
            text, more = _text(value, one.test, one.values, asked)
        parts.append(text)
        arguments += more
    return " and ".join(parts), arguments


def _of_person(event: str, where: Sequence[c.Where], days: int | None, asked: Asked) -> Text:
    """Those of `p` in the last days."""
    since, arguments = "", []
    if days is not None:
        since, arguments = " and t.occurred_at > %s", [asked.moment(asked.at - days * c.DAY_MS)]
    text, more = events(event, where, asked)
    return f"from identity_timeline t where t.person_id = p.id{since} and {text}", [*arguments, *more]


def _performed(node: c.Performed, asked: Asked) -> Text:
    text, arguments = _of_person(node.event, node.where, node.days, asked)
    if node.amount == "at_least" and node.times == 1:
        return f"exists (select 1 {text})", arguments
    if node.amount != "at_least" and node.times == 0:
        return f"(not exists (select 1 {text}))", arguments
    # No more are counted than decide it.
    most = node.times if node.amount == "at_least" else node.times + 1
    sign = {"at_least": ">=", "exactly": "=", "at_most": "<="}[node.amount]
    return f"((select count(*) from (select 1 {text} limit {most}) few) {sign} {node.times})", arguments


def _last_performed(node: c.LastPerformed, asked: Asked) -> Text:
    lately, arguments = _of_person(node.event, node.where, node.days, asked)
    if node.ago == "less":
        return f"exists (select 1 {lately})", arguments
    ever, more = _of_person(node.event, node.where, None, asked)
    return f"(exists (select 1 {ever}) and not exists (select 1 {lately}))", [*more, *arguments]


def newest(node: c.Performed | c.LastPerformed, leaving: Leaving, asked: Asked) -> list[Text]:
    """When the events of `p` that `leaving` numbers occurred, NULL where there is none: an expression for each.

    Of `LastPerformed` it is the newest ever, of others the newest in their window; the index has them in this
    order.
    """
    days = None if isinstance(node, c.LastPerformed) else node.days
    text, arguments = _of_person(node.event, node.where, days, asked)
    # Not the column itself: of one SQLite makes a datetime for each row, which costs more than finding it.
    moment = "+t.occurred_at" if asked.sqlite else "t.occurred_at"
    return [
        (f"(select {moment} {text} order by t.occurred_at desc limit 1 offset {number - 1})", arguments)
        for number in leaving.numbers
    ]


def attribute_moments(node: c.Attribute, who: Text, asked: Asked) -> Text:
    """(person, the day or moment that is known) for each person `p` of `who` whom time may change by it."""
    known = asked.catalogue.attributes[node.key]
    table = {"person": "p", "company": "k", "lead": "l"}[known.source]
    value = _value(known, table, asked)
    join = {
        "person": "",
        "company": " join people_company k on k.id = p.company_id",
        "lead": " join people_lead l on l.person_id = p.id and l.closed_at is null",
    }[known.source]
    since = asked.at - (node.days or 0) * c.DAY_MS
    bound = asked.moment(since) if known.kind == "moment" else _day(since)
    return f"select p.id, {value} from people_person p{join} where {who[0]} and {value} > %s", [
        *who[1],
        bound,
    ]


def midnight(day: str) -> int:
    """The moment at which a day begins."""
    return _midnight(day)
