"""A back-test as people read it: numbers with their ranges, a sentence of judgement, and the picture."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from handraiser.kit import statistics
from handraiser.kit.statistics import Rate
from handraiser.qualify.actions.back_tests import WATCHED_DAYS, Result, Side
from handraiser.qualify.models import BackTest
from handraiser.qualify.rules import wording

_BANDS = ("<25", "25–49", "50–74", "75–99", "100+")
# The picture: its plot lies between these, a band takes so much of its width.
_LEFT, _TOP, _BOTTOM, _STEP, _BAR = 40, 24, 132, 70, 18


@dataclass(frozen=True)
class Line:
    """A row of the comparison; `small` stands beside the figures."""

    label: str
    before: str
    before_small: str
    after: str
    after_small: str
    change: str


@dataclass(frozen=True)
class Bar:
    """A bar with its whisker, in the units of the picture."""

    x: int
    y: float
    height: float
    middle: int
    low: float
    high: float
    tried: bool


@dataclass(frozen=True)
class Band:
    """A band of points: its label, how many leads reached it, and where it stands."""

    label: str
    n: int
    x: int
    rates: tuple[Rate, Rate]


@dataclass(frozen=True)
class Picture:
    """Shares that became SQL by band; `grid` are heights with their labels."""

    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    grid: tuple[tuple[float, str], ...]
    threshold_x: int
    threshold: str


@dataclass(frozen=True)
class Shown:
    """Everything that the panel tells of a finished run."""

    result: Result
    lines: tuple[Line, ...]
    verdict: tuple[str, str]
    picture: Picture

    @property
    def short(self) -> bool:
        """There is less history than it takes."""
        return self.result.history_days < WATCHED_DAYS


def shown(test: BackTest) -> Shown | None:
    """The result in words; None while there is none."""
    if not test.result:
        return None
    result = msgspec.convert(test.result, Result)
    return Shown(
        result=result,
        lines=_lines(result),
        verdict=_verdict(result),
        picture=_picture(result, test.rule_set.rules.threshold),
    )


def _lines(result: Result) -> tuple[Line, ...]:
    live, tried = result.live, result.tried
    return (
        Line("Become MQL", f"{live.mql:,}", "", f"{tried.mql:,}", "", _signed(tried.mql - live.mql)),
        _shares("Of these, SQL", (live.became_sql, live.mql), (tried.became_sql, tried.mql)),
        _shares("SQLs caught", (live.became_sql, result.sqls), (tried.became_sql, result.sqls)),
        Line(
            "Customers caught",
            f"{live.customers:,}",
            f"of {result.customers:,}",
            f"{tried.customers:,}",
            f"of {result.customers:,}",
            _signed(tried.customers - live.customers),
        ),
        Line(
            "Known before sales",
            _days(live),
            "",
            _days(tried),
            "",
            "–"
            if live.lead_days is None or tried.lead_days is None
            else _signed(round(tried.lead_days) - round(live.lead_days)),
        ),
    )


def _shares(label: str, before: tuple[int, int], after: tuple[int, int]) -> Line:
    was, now = statistics.rate(*before), statistics.rate(*after)
    change = "–"
    if was.value is not None and now.value is not None:
        change = f"{_signed(round(100 * now.value) - round(100 * was.value))} points"
    return Line(label, _percent(was), _range(was), _percent(now), _range(now), change)


def _percent(rate: Rate) -> str:
    return "–" if rate.value is None else f"{100 * rate.value:.0f} %"


def _range(rate: Rate) -> str:
    return "" if rate.low is None or rate.high is None else f"{100 * rate.low:.0f}–{100 * rate.high:.0f}"


def _days(side: Side) -> str:
    if side.lead_days is None:
        return "–"
    return "1 day" if round(side.lead_days) == 1 else f"{side.lead_days:.0f} days"


def _signed(number: int) -> str:
    return f"+{number:,}" if number > 0 else f"−{-number:,}" if number < 0 else "0"


def _verdict(result: Result) -> tuple[str, str]:
    """A judgement, and how sure it is."""
    live, tried = result.live, result.tried
    if not live.mql and not tried.mql:
        return "Neither set would have made an MQL of these leads.", "A lower threshold would."
    if not result.changed_sides:
        return "Both sets would have chosen the same leads.", ""
    fewer = "fewer" if tried.mql < live.mql else "more" if tried.mql > live.mql else "as many"
    was, now = statistics.rate(live.became_sql, live.mql), statistics.rate(tried.became_sql, tried.mql)
    if was.value is None or now.value is None or not result.sqls:
        return f"The draft sends sales {fewer} leads.", "Whether better ones, these leads cannot tell."
    if abs(was.value - now.value) < 0.005:
        return f"The draft sends sales {fewer} leads, and about as good ones.", ""
    better = "better" if now.value > was.value else "worse"
    low, high = (was, now) if better == "better" else (now, was)
    if low.high is not None and high.low is not None and low.high < high.low:
        return f"The draft sends sales {fewer} leads, and {better} ones.", "The two ranges lie apart."
    return (
        f"The draft sends sales {fewer} leads, and probably {better} ones.",
        "The two ranges overlap, so this is likely, not certain.",
    )


def _picture(result: Result, threshold: int) -> Picture:
    pairs = [
        (statistics.rate(was[1], was[0]), statistics.rate(now[1], now[0]))
        for was, now in zip(result.live.bands, result.tried.bands, strict=True)
    ]
    tallest = max([rate.high or 0 for pair in pairs for rate in pair], default=0)
    top = next(step for step in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if step >= min(tallest, 1.0))

    def height(share: float) -> float:
        return round((_BOTTOM - _TOP) * share / top, 1)

    bars, bands = [], []
    for number, (label, pair) in enumerate(zip(_BANDS, pairs, strict=True)):
        x = _LEFT + 16 + number * _STEP
        bands.append(Band(label, pair[1].n, x + 20, pair))
        for tried, rate in enumerate(pair):
            if rate.value is None:
                continue
            left = x + tried * 22
            bars.append(
                Bar(
                    x=left,
                    y=round(_BOTTOM - height(rate.value), 1),
                    height=height(rate.value),
                    middle=left + _BAR // 2,
                    low=round(_BOTTOM - height(rate.low or 0), 1),
                    high=round(_BOTTOM - height(rate.high or 0), 1),
                    tried=bool(tried),
                )
            )
    grid = tuple(
        (round(_BOTTOM - height(top * part / 2), 1), f"{50 * part * top:.0f} %") for part in (0, 1, 2)
    )
    points = min(threshold / 25_000_000, 4.8)
    return Picture(
        bars=tuple(bars),
        bands=tuple(bands),
        grid=grid,
        threshold_x=round(_LEFT + 6 + points * _STEP),
        threshold=wording.plain(threshold),
    )
