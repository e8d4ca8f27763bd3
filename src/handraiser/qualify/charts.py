"""The pictures of a model report: drawn here as SVG, each with its message in words and its numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT = 320, 200
LEFT, TOP, RIGHT, BOTTOM = 40, 10, 10, 28
_WHOLE = (0.04, 0.08, 0.2, 0.4, 0.8, 1.0)  # ends of an axis whose quarters are round


@dataclass(frozen=True)
class Mark:
    """A point with its range, in the picture's units."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Chart:
    """A picture. `line` and `base` are points of an SVG polyline; ticks are (place, words)."""

    key: str
    title: str
    message: str
    x_label: str
    y_label: str
    line: str
    base: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    marks: list[Mark] = field(default_factory=list)
    view: str = f"0 0 {WIDTH} {HEIGHT}"
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Frame:
    """From numbers to places: both axes begin at 0."""

    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        return round(LEFT + value / self.most_x * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - min(value, self.most_y) / self.most_y * (HEIGHT - TOP - BOTTOM), 1)

    def points(self, pairs: Sequence[Sequence[float]]) -> str:
        return " ".join(f"{self.x(pair[0])},{self.y(pair[1])}" for pair in pairs)


def of(pictures: dict[str, Any], figures: dict[str, Any]) -> list[Chart]:
    """The four pictures of a report."""
    return [
        _roc(pictures["roc"], figures),
        _lift(pictures["lift"], figures),
        _calibration(pictures["calibration"], figures),
        _capacity(pictures["capacity"]),
    ]


def _step(most: float) -> int:
    """A round number that goes into this at most five times."""
    return next(
        round_ * 10**zeros for zeros in range(12) for round_ in (1, 2, 5) if most <= 5 * round_ * 10**zeros
    )


def _percent(value: float) -> str:
    return f"{value * 100:.0f} %" if value >= 0.1 or not value else f"{value * 100:.1f} %"


def _roc(points: list[list[float]], figures: dict[str, Any]) -> Chart:
    frame = _Frame(1, 1)
    shares = [(share / 4, _percent(share / 4)) for share in range(5)]
    return Chart(
        "roc",
        "Does it tell them apart?",
        f"A lead that says yes is ranked above one that says no {figures['auc'] * 100:.0f} times of 100"
        f" (likely {figures['auc_low'] * 100:.0f} to {figures['auc_high'] * 100:.0f}). Chance is 50.",
        "of the no, called in vain",
        "of the yes, found",
        frame.points(points),
        frame.points([(0, 0), (1, 1)]),
        [(frame.x(at), words) for at, words in shares],
        [(frame.y(at), words) for at, words in shares],
        ("No called in vain", "Yes found"),
        [(_percent(x), _percent(y)) for x, y in points[:: max(1, len(points) // 12)]],
    )


def _lift(points: list[list[float]], figures: dict[str, Any]) -> Chart:
    most = max(2.0, *(y for _, y in points))
    frame = _Frame(1, most)
    return Chart(
        "lift",
        "How much better than picking blindly?",
        f"The best tenth says yes {figures['lift_10']:.1f} times as often as all.",
        "of all leads, the best first",
        "times the usual",
        frame.points(points),
        frame.points([(0, 1), (1, 1)]),
        [(frame.x(share / 4), _percent(share / 4)) for share in range(5)],
        [(frame.y(step), f"{step}") for step in range(int(most) + 1)],
        ("Best share", "Times the usual"),
        [(_percent(x), f"{y:.2f}") for x, y in points],
    )


def _calibration(bins: list[list[float]], figures: dict[str, Any]) -> Chart:
    highest = max(max(line[0], line[3]) for line in bins)
    most = next((step for step in _WHOLE if step >= highest), 1.0)
    frame = _Frame(most, most)
    ticks = [(most * step / 4, _percent(most * step / 4)) for step in range(5)]
    return Chart(
        "calibration",
        "Does it keep its promises?",
        f"What it promises and what happens lie {figures['ece'] * 100:.1f} points apart on average. Bars: 95 %.",
        "promised",
        "happened",
        frame.points([line[:2] for line in bins]),
        frame.points([(0, 0), (most, most)]),
        [(frame.x(at), words) for at, words in ticks],
        [(frame.y(at), words) for at, words in ticks],
        ("Promised", "Happened", "Likely", "Looks"),
        [
            (_percent(p), _percent(h), f"{_percent(low)} to {_percent(high)}", f"{n:,.0f}")
            for p, h, low, high, n in bins
        ],
        [Mark(frame.x(p), frame.y(h), frame.y(low), frame.y(high)) for p, h, low, high, _ in bins],
    )


def _capacity(points: list[list[float]]) -> Chart:
    most = max(1, points[-1][0])
    frame = _Frame(most, 1)
    fifth = next(point for point in points if point[0] >= most * 0.2)
    return Chart(
        "capacity",
        "If you call the top N",
        f"Calling the best {fifth[0]:,} of {most:,} reaches {fifth[1]:,} of the {points[-1][1]:,} who say yes"
        f" ({_percent(fifth[2])}).",
        "calls, the best first",
        "of the yes, reached",
        frame.points([(0, 0)] + [(n, share) for n, _, share in points]),
        frame.points([(0, 0), (most, 1)]),
        [(frame.x(calls), f"{calls:,}") for calls in range(0, int(most) + 1, _step(most))],
        [(frame.y(step / 4), _percent(step / 4)) for step in range(5)],
        ("Calls", "Say yes", "Of all yes"),
        [(f"{n:,}", f"{hits:,}", _percent(share)) for n, hits, share in points],
    )
