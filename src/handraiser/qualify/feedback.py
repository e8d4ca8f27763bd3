"""Reads of what sales said of qualified leads: for the report, for its rows, and as labels to learn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from handraiser.core.people.models import Lead
from handraiser.kit.statistics import Rate, rate
from handraiser.qualify.models import RuleSet, SalesAnswer
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.feedback import LESSONS, REASONS, Outcome, band, label
from handraiser.qualify.rules.grid import GRADES


@dataclass(frozen=True)
class Label:
    """One lesson for a learned score: the lead, whether sales found it worth it, and the moment it was judged.

    What is learned from must be known before `at`.
    """

    lead: str
    positive: bool
    at: datetime


def outcomes(*, since: datetime | None = None, until: datetime | None = None) -> Iterator[Label]:
    """What sales said, as labels, oldest first; of several answers about one lead the last that is a label.

    Accepted is a yes; rejected for wrong fit or no need is a no. Not now, duplicate, no contact and other are no
    label (why: `rules.feedback`), so that a lead that was only rejected like that does not appear.
    """
    last: dict[str, Label] = {}
    rows = answers(since=since, until=until).values_list("lead_id", "outcome", "reason", "at")
    for lead, outcome, reason, at in rows.order_by("at", "key").iterator(chunk_size=5_000):
        positive = label(outcome, reason)
        if positive is not None:
            last[lead] = Label(lead, positive, at)
    yield from sorted(last.values(), key=lambda found: (found.at, found.lead))


def answers(
    *, since: datetime | None = None, until: datetime | None = None, leads: QuerySet[Lead] | None = None
) -> QuerySet[SalesAnswer]:
    """The answers of a span, its end left out; `leads` narrows to a query of them."""
    found = SalesAnswer.objects.all()
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    return found if leads is None else found.filter(lead__in=leads)


@dataclass(frozen=True)
class Row:
    """One line of the report: `key` and `by` find its answers again."""

    by: str
    key: str
    name: str
    accepted: Rate
    reasons: tuple[tuple[str, int], ...]

    @property
    def named(self) -> list[tuple[str, int]]:
        """The reasons in words, the commonest first."""
        return [(REASONS[key], n) for key, n in self.reasons]


@dataclass(frozen=True)
class Report:
    """What sales said over a span: on the whole, by reason, and by source, band and rule."""

    n: int
    accepted: Rate
    reasons: tuple[tuple[str, str, Rate, str], ...]
    by_source: tuple[Row, ...]
    by_band: tuple[Row, ...]
    by_rule: tuple[Row, ...]
    labels: tuple[int, int]


class _Count:
    def __init__(self) -> None:
        self.n = self.taken = 0
        self.reasons: Counter[str] = Counter()

    def add(self, outcome: str, reason: str) -> None:
        self.n += 1
        if outcome == Outcome.ACCEPTED:
            self.taken += 1
        else:
            self.reasons[reason] += 1


def report(rows: QuerySet[SalesAnswer]) -> Report:
    """Count these answers, in one pass over few columns."""
    whole = _Count()
    sources: dict[str, _Count] = defaultdict(_Count)
    bands: dict[str, _Count] = defaultdict(_Count)
    by_rule: dict[str, _Count] = defaultdict(_Count)
    names: dict[str, str] = {}
    positive = negative = 0
    columns = rows.order_by().values_list("outcome", "reason", "source", "channel", "points", "rules")
    for outcome, reason, source, channel, points, rules in columns.iterator(chunk_size=5_000):
        whole.add(outcome, reason)
        sources[source or channel].add(outcome, reason)
        number, name = band(points)
        names[str(number)] = name
        bands[str(number)].add(outcome, reason)
        for key in set(rules):
            by_rule[key].add(outcome, reason)
        worth = label(outcome, reason)
        positive += worth is True
        negative += worth is False
    rejected = whole.reasons
    titles = rule_titles(by_rule)
    return Report(
        n=whole.n,
        accepted=rate(whole.taken, whole.n),
        reasons=tuple(
            (key, name, rate(rejected[key], whole.n), LESSONS[key])
            for key, name in sorted(REASONS.items(), key=lambda item: -rejected[item[0]])
            if rejected[key]
        ),
        by_source=_rows("source", sources, {}),
        by_band=tuple(sorted(_rows("band", bands, names), key=lambda row: row.key, reverse=True)),
        by_rule=_rows("rule", by_rule, titles),
        labels=(positive, negative),
    )


def _rows(by: str, counts: Mapping[str, _Count], names: Mapping[str, str]) -> tuple[Row, ...]:
    found = [
        Row(by, key, names.get(key, key), rate(one.taken, one.n), tuple(one.reasons.most_common()))
        for key, one in counts.items()
    ]
    return tuple(sorted(found, key=lambda row: (-row.accepted.n, row.name)))


def rule_titles(keys: Iterable[str]) -> dict[str, str]:
    """What rules say, by key: in the words of the newest rule set that has them."""
    wanted, found = set(keys), dict[str, str]()
    for row in RuleSet.objects.exclude(published_at=None).order_by("-number"):
        if wanted <= found.keys():
            break
        for rule in row.rules.rules:
            if rule.key in wanted and rule.key not in found:
                found[rule.key] = wording.title(rule).replace("**", "")
    return found


def narrowed(rows: QuerySet[SalesAnswer], *, by: str, key: str) -> list[SalesAnswer]:
    """The answers behind one line of the report, newest first, with their leads.

    `by` and `key` are as a `Row` has them; `by` may also be `reason` or `outcome`.
    """
    if by in ("reason", "outcome"):
        rows = rows.filter(**{by: key})
    found = rows.select_related("lead__person__company").order_by("-at", "key")
    tests: dict[str, Any] = {
        "source": lambda row: (row.source or row.channel) == key,
        "band": lambda row: str(band(row.points)[0]) == key,
        "rule": lambda row: key in row.rules,
    }
    return [row for row in found if tests[by](row)] if by in tests else list(found)


def by_grade(rows: QuerySet[SalesAnswer]) -> dict[str, Rate]:
    """How many of each grade sales accepted; unknown for a grade nobody answered about."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for grade, outcome, n in rows.order_by().values_list("grade", "outcome").annotate(n=Count("key")):
        counted[grade][outcome] += n
    return {grade: rate(counted[grade][Outcome.ACCEPTED], counted[grade].total()) for grade in GRADES}
