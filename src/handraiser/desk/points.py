"""The points that an event gave, for showing them beside it."""

from __future__ import annotations

from collections import defaultdict

from handraiser.qualify.explanations import Why
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.rule_set import FrequencyRule


def by_event(why: Why | None) -> dict[str, str]:
    """Points by message id, as people read them: "+10". They add up to the points of the event rules.

    A rule for a number of events gives its points with the event that completed the number.
    """
    if why is None:
        return {}
    rules = {line.rule.key: line.rule for line in why.lines}
    found: dict[str, int] = defaultdict(int)
    for line in why.score.lines:
        if not line.because or not line.points:
            continue
        if isinstance(rules.get(line.rule), FrequencyRule):
            found[line.because[-1]] += line.points
            continue
        parts = line.left or (1,) * len(line.because)  # of points that fade, what is left of each
        shares = [line.points * part // sum(parts) for part in parts]
        shares[0] += line.points - sum(shares)
        for event, share in zip(line.because, shares, strict=True):
            found[event] += share
    return {event: wording.given(points) for event, points in found.items() if points}
