"""The axes of a report's pictures: round numbers, whatever the model says."""

from __future__ import annotations

import pytest

from handraiser.qualify import charts

FIGURES = {"auc": 0.78, "auc_low": 0.7, "auc_high": 0.86, "lift_10": 2.4, "ece": 0.117}


def drawn(*, calls=269, highest=0.93):
    return charts.of(
        {
            "roc": [[0, 0], [0.5, 0.9], [1, 1]],
            "lift": [[0.1, 2.4], [1, 1]],
            "calibration": [[0.1, 0.12, 0.05, 0.2, 30], [0.4, 0.5, 0.3, highest, 30]],
            "capacity": [[calls // 2, 60, 0.6], [calls, 95, 1.0]],
        },
        FIGURES,
    )


@pytest.mark.parametrize(("calls", "last"), [(269, "200"), (4, "4"), (100, "100"), (1_234, "1,000")])
def test_calls_are_counted_in_round_steps(calls, last):
    ticks = [words for _, words in drawn(calls=calls)[3].x_ticks]
    assert ticks[0] == "0" and ticks[-1] == last and len(ticks) <= 6


@pytest.mark.parametrize(
    ("highest", "words"),
    [(0.93, ["0 %", "25 %", "50 %", "75 %", "100 %"]), (0.5, ["0 %", "20 %", "40 %", "60 %", "80 %"])],
)
def test_promises_are_read_off_round_shares(highest, words):
    assert [said for _, said in drawn(highest=highest)[2].y_ticks] == words
