"""What the Measure screens show: tiles, bars and dots, worked out from cohorts. No requests, no templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handraiser.attract.rules import channels
from handraiser.console.templatetags.console import money, percent
from handraiser.kit.statistics import Rate
from handraiser.measure.definitions import DEFINITIONS, Definition
from handraiser.measure.queries import STEP_LABELS, STEPS, Cohort, shown
from handraiser.measure.rules import comparisons
from handraiser.measure.rules.comparisons import Change, Verdict
from handraiser.measure.rules.counts import Range, poisson_range
from handraiser.measure.rules.periods import Bucket, Period

_BAR = 84.0  # per cent of the width: the count stands behind the longest bar
_CHART_HEIGHT = 132.0


@dataclass(frozen=True)
class Dot:
    """A point on a line with its range, in per cent of the line's length."""

    point: float
    start: float
    width: float


@dataclass(frozen=True)
class Tile:
    """One KPI: number, range, n and interval in words, change in words. `mood`: up, dn or eq."""

    definition: Definition
    number: str
    unit: str
    words: str
    change: str
    mood: str
    dot: Dot | None


def dot(value: float | None, low: float | None, high: float | None, *, top: float) -> Dot | None:
    """Where a value and its range lie on a line from 0 to `top`."""
    if value is None or low is None or top <= 0:
        return None
    start = 100 * max(0.0, low) / top
    end = 100 * min(1.0, (value if high is None else high) / top)
    return Dot(point=min(100.0, 100 * max(0.0, value) / top), start=start, width=max(0.0, end - start))


def _top(high: float | None, value: float | None) -> float:
    return 1.4 * (high if high is not None else (value or 0) * 2)


def tiles(
    now: Cohort, before: Cohort | None, landing: tuple[Rate, Rate | None], period: Period, currency: str
) -> list[Tile]:
    """The KPIs of the overview, in the order in which people ask for them."""

    def share(key: str, step: str, of: str = "lead") -> Tile:
        earlier = before.share(step, of=of) if before else None
        return _share(key, now.share(step, of=of), earlier, young=now.young)

    return [
        _leads(now, before, period),
        share("mql_rate", "mql"),
        _cost("cost_per_lead", now, before, now.cost_per_lead, "lead", currency),
        share("mql_to_sql_rate", "sql", of="mql"),
        share("lead_to_customer_rate", "customer"),
        _cost("cac", now, before, now.cac, "customer", currency),
        _share("landing_page_conversion", *landing),
        share("sql_rate", "sql"),
        share("accepted_rate", "accepted", of="mql"),
        _return("roi", now.roi),
        _return("roas", now.roas),
        _revenue(now, currency),
    ]


def _leads(now: Cohort, before: Cohort | None, period: Period) -> Tile:
    a_week = now.leads / period.days * 7
    change = (
        comparisons.of_counts(now.leads, period.days, before.leads, period.days)
        if before
        else Change(Verdict.UNKNOWN)
    )
    low, high = poisson_range(now.leads)
    said, mood = _change(change, f"{(change.difference or 0) * 100:+.0f} %", more_is_good=True)
    return Tile(
        DEFINITIONS["leads"],
        f"{now.leads:,}",
        "",
        f"{a_week:,.0f} a week" if a_week >= 10 else f"{a_week:.1f} a week",
        said,
        mood,
        dot(now.leads, low, high, top=_top(high, now.leads)) if now.leads else None,
    )


def _percent(share: float, of: Rate) -> str:
    """A bound or value of a rate: a decimal only where the range is narrow enough to mean it."""
    narrow = of.low is not None and of.high is not None and of.high - of.low < 0.1
    return f"{share * 100:.1f}" if narrow and 0 < share < 1 else percent(share)


def _likely(share: Rate) -> str:
    """Where a rate is likely to lie, "14.7–18.8"; of none it is only known what it is under."""
    if share.low is None or share.high is None:
        return ""
    if share.hits == 0:
        return f"likely under {_percent(share.high, share)} %"
    return f"{_percent(share.low, share)}–{_percent(share.high, share)}"


def _share(key: str, now: Rate, before: Rate | None, *, young: int = 0) -> Tile:
    definition = DEFINITIONS[key]
    if now.value is None or now.low is None or now.high is None:
        return Tile(definition, "—", "", "nothing counted yet", "", "eq", None)
    change = (
        comparisons.of_shares(now.hits, now.n, before.hits, before.n, young=young)
        if before is not None
        else Change(Verdict.UNKNOWN)
    )
    said, mood = _change(change, f"{(change.difference or 0) * 100:+.1f}", more_is_good=True)
    if change.verdict == Verdict.EARLY:
        said = f"too early for {young:,} leads"
    return Tile(
        definition,
        _percent(now.value, now),
        " %",
        f"{now.hits:,} of {now.n:,}, {_likely(now)}",
        said,
        mood,
        dot(now.value, now.low, now.high, top=min(1.0, _top(now.high, now.value))),
    )


def _cost(key: str, now: Cohort, before: Cohort | None, cost: Range, what: str, currency: str) -> Tile:
    definition = DEFINITIONS[key]
    if now.spend is None:
        return Tile(definition, "—", "", "unknown: no spend entered", "", "eq", None)
    spent = whole_money(now.spend, currency)
    if cost.value is None:
        return Tile(definition, "—", "", f"{spent} spent, no {what} yet", "", "eq", None)
    step = "lead" if what == "lead" else "customer"
    change = (
        comparisons.of_costs(now.spend, now.reached.get(step, 0), before.spend, before.reached.get(step, 0))
        if before
        else Change(Verdict.UNKNOWN)
    )
    difference = round(change.difference or 0)
    said, mood = _change(
        change, ("+" if difference >= 0 else "−") + whole_money(abs(difference), currency), more_is_good=False
    )
    if what == "customer" and now.leads and now.young > now.leads * comparisons.TOO_MANY_YOUNG:
        said, mood = f"too early for {now.young:,} leads", "eq"
    low, high = whole_money(cost.low, currency), whole_money(cost.high, currency)
    return Tile(
        definition,
        whole_money(cost.value, currency),
        "",
        f"{spent} spent, {low}–{high}",
        said,
        mood,
        dot(cost.value, cost.low, cost.high, top=_top(cost.high, cost.value)),
    )


def _return(key: str, value: Range) -> Tile:
    definition = DEFINITIONS[key]
    if value.value is None:
        return Tile(definition, "—", "", "unknown without spend and amounts", "", "eq", None)
    upper = "?" if value.high is None else f"{value.high:.1f}"
    words = f"n = {value.n:,} wins, {value.low:.1f}–{upper}".replace("-", "−")
    return Tile(definition, f"{value.value:.1f}".replace("-", "−"), "", words, "", "eq", None)


def _revenue(now: Cohort, currency: str) -> Tile:
    definition = Definition(
        "revenue",
        "Revenue won",
        "Amounts of the deals that were won from the leads of the period, in the organisation's currency.",
        "customer",
    )
    if now.revenue is None:
        return Tile(definition, "—", "", "unknown: the deals have no amount", "", "eq", None)
    return Tile(definition, whole_money(now.revenue, currency), "", f"{now.won:,} won deals", "", "eq", None)


def whole_money(minor: float | None, currency: str) -> str:
    """An amount for a tile: without pence from ten pounds on."""
    if minor is None:
        return "?"
    rounded = round(minor / 100) * 100 if abs(minor) >= 1_000 else round(minor)
    return str(money(rounded, currency))


def _change(change: Change, difference: str, *, more_is_good: bool) -> tuple[str, str]:
    """A change in words and its mood. No green, and no red, for a change that is not real."""
    if change.verdict in (Verdict.UNKNOWN, Verdict.EARLY):
        return "", "eq"
    difference = difference.replace("-", "−")
    if change.verdict == Verdict.NONE:
        return f"{difference}, no clear change", "eq"
    rise = change.verdict == Verdict.RISE
    return f"{difference}, a real {'rise' if rise else 'fall'}", "up" if rise == more_is_good else "dn"


def answer(now: Cohort, before: Cohort | None, period: Period) -> tuple[str, str]:
    """The first sentence, of tested facts only, and what it rests on."""
    if before is None:
        return f"{now.leads:,} leads in {period.words}.", "Compare with the time before to see what changed."
    volume = comparisons.of_counts(now.leads, period.days, before.leads, period.days)
    cost = comparisons.of_costs(now.spend, now.leads, before.spend, before.leads)
    quality = comparisons.of_shares(
        now.reached.get("mql", 0), now.leads, before.reached.get("mql", 0), before.leads, young=now.young
    )
    weekly = [_a_week(cohort.leads, period) for cohort in (now, before)]
    return (
        f"{comparisons.answer(volume, cost, quality, period=period.words)}.",
        f"{weekly[0]} leads a week against {weekly[1] if before.leads else 'none'} before.",
    )


def _a_week(leads: int, period: Period) -> str:
    value = leads / period.days * 7
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


@dataclass(frozen=True)
class Bar:
    """One step of the funnel. `width` in per cent; `hatched`: not to scale."""

    step: str
    label: str
    count: int
    width: float
    rate: Rate | None
    dropped: int | None
    wait: str
    hatched: bool = False

    @property
    def counted(self) -> str:
        return f"{self.count:,}"

    @property
    def said(self) -> str:
        """The share of the step before, "16.7 %"."""
        return (
            f"{_percent(self.rate.value, self.rate)} %" if self.rate and self.rate.value is not None else ""
        )

    @property
    def range(self) -> str:
        """Where that share is likely to lie, "15–19"."""
        return _likely(self.rate) if self.rate else ""


def funnel(cohort: Cohort, visits: int | None, waits: dict[str, float], visit_rate: Rate | None) -> list[Bar]:
    """The steps of the people who entered in the period; lost people stay in."""
    bars = []
    if visits:
        bars.append(Bar("", "Visits", visits, _BAR, None, None, "not to scale", hatched=True))
    top = max(cohort.leads, 1)
    previous = ""
    for step in STEPS:
        count = cohort.reached.get(step, 0)
        share = cohort.share(step, of=previous) if previous else visit_rate
        dropped = cohort.reached.get(previous, 0) - count if previous else None
        wait = "bars start here" if not previous else _days(waits.get(step))
        bars.append(Bar(step, STEP_LABELS[step], count, _BAR * count / top, share, dropped, wait))
        previous = step
    return bars


def _days(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) < 1:
        hours = value * 24
        return f"median {hours:.0f} h" if abs(hours) >= 1 else "median under 1 h"
    return f"median {value:.0f} {'day' if round(value) == 1 else 'days'}"


@dataclass(frozen=True)
class Line:
    """A value of a dimension with its cohort, drawn. `mql` and `won` share one scale down the column."""

    key: str
    label: str
    cohort: Cohort
    mql: Dot | None
    won: Dot | None
    currency: str

    @property
    def leads(self) -> str:
        return f"{self.cohort.leads:,}"

    @property
    def mql_share(self) -> Rate:
        return self.cohort.share("mql")

    @property
    def won_share(self) -> Rate:
        return self.cohort.share("customer")

    @property
    def per_lead(self) -> str:
        """Cost per lead in words; unknown is not zero."""
        return self._cost(self.cohort.cost_per_lead, "no lead")

    @property
    def per_customer(self) -> str:
        return self._cost(self.cohort.cac, "no customer")

    @property
    def roi(self) -> str:
        value = self.cohort.roi.value
        return "Unknown" if value is None else f"{value:.1f}".replace("-", "−")

    def _cost(self, cost: Range, nobody: str) -> str:
        if self.cohort.spend is None:
            return "Unknown"
        return nobody if cost.value is None else whole_money(cost.value, self.currency)


def lines(cohorts: Sequence[Cohort], by: str, currency: str) -> list[Line]:
    """Channels, sources and the like as rows whose dots can be compared."""
    mql_top = _column_top([cohort.share("mql") for cohort in cohorts])
    won_top = _column_top([cohort.share("customer") for cohort in cohorts])

    def placed(share: Rate, top: float) -> Dot | None:
        return dot(share.value, share.low, share.high, top=top)

    return [
        Line(
            cohort.key,
            channels.label(cohort.key) if by == "channel" else shown(cohort.key),
            cohort,
            placed(cohort.share("mql"), mql_top),
            placed(cohort.share("customer"), won_top),
            currency,
        )
        for cohort in cohorts
    ]


def _column_top(shares: Sequence[Rate]) -> float:
    return max((share.high or 0 for share in shares if share.n >= 10), default=0) * 1.05 or 1.0


@dataclass(frozen=True)
class Column:
    """A day or week of the volume chart. `x` and `width` in per cent, `y` and `height` in pixels."""

    x: float
    width: float
    y: float
    height: float
    label: str
    middle: float
    count: int
    partial: bool
    says: str


def volume(buckets: Sequence[Bucket], period: Period) -> tuple[list[Column], list[tuple[float, int]]]:
    """The columns of the volume chart and its gridlines (y, value)."""
    weekly = len(buckets) > 1 and (buckets[1].start - buckets[0].start).days == 7
    peak = max((bucket.count for bucket in buckets), default=0)
    step = _round_step(peak)
    top = max(step * -(-peak // step), 1)
    width = 100 / max(len(buckets), 1)
    every = max(1, -(-len(buckets) // 7))
    columns = []
    for place, bucket in enumerate(buckets):
        height = _CHART_HEIGHT * bucket.count / top
        day = f"{bucket.start.day} {bucket.start:%b}"
        columns.append(
            Column(
                x=place * width + width * 0.14,
                width=width * 0.72,
                y=_CHART_HEIGHT - height,
                height=height,
                label=day if place % every == 0 else "",
                middle=place * width + width / 2,
                count=bucket.count,
                partial=bucket.partial,
                says=f"{'Week of ' if weekly else ''}{day}{', partly' if bucket.partial else ''}",
            )
        )
    grid = [(_CHART_HEIGHT * (1 - value / top), value) for value in range(0, top + 1, step)]
    return columns, grid


def _round_step(peak: int) -> int:
    """A round distance of gridlines: at most five of them."""
    for size in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000):
        if peak <= size * 4:
            return size
    return max(10_000, -(-peak // 40_000) * 10_000)
