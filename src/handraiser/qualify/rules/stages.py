"""How a lead may move through the stages, and what each means: one definition for marketing and sales."""

from __future__ import annotations

from dataclasses import dataclass

CLOSED = frozenset({"customer", "recycled", "disqualified"})


@dataclass(frozen=True)
class Meaning:
    """A stage in words: what is true of a lead in it, and who or what moves it there."""

    key: str
    label: str
    means: str
    moved_by: str


STAGES: tuple[Meaning, ...] = (
    Meaning("lead", "Lead", "Raised a hand and gave their details.", "Form, import, API or by hand"),
    Meaning(
        "mql",
        "MQL",
        "Reached the threshold of the live rule set. Leaves when the points fall below a second, lower line.",
        "Rule set",
    ),
    Meaning("accepted", "Accepted", "A rep took it and answers for it.", "Rep, at hand-off"),
    Meaning("sql", "SQL", "A rep spoke to them: the need is real.", "Rep"),
    Meaning("opportunity", "Opportunity", "A deal is open.", "Opening a deal"),
    Meaning("customer", "Customer", "A deal was won. Closes the lead.", "Winning a deal"),
    Meaning(
        "recycled",
        "Recycled",
        "Not now. Closes the lead; the next hand they raise opens a new one.",
        "Rep, with a reason",
    ),
    Meaning("disqualified", "Disqualified", "Not for us. Closes the lead.", "Rep, with a reason"),
)
LABELS = {stage.key: stage.label for stage in STAGES}
_PATH = [stage.key for stage in STAGES if stage.key not in ("recycled", "disqualified")]


def refusal(*, current: str, to: str, reason: str) -> tuple[str, str] | None:
    """Why this move is declined, as (code, sentence); None if it may be made.

    Forward needs no reason. Backward, out of the funnel and back into it do: somebody will ask.
    """
    if to not in LABELS:
        return "unknown_stage", f"There is no stage {to}."
    if current == "recycled":
        return "recycled_is_closed", "A recycled lead stays closed. The next hand they raise opens a new one."
    needs_reason = to in ("recycled", "disqualified") or current in CLOSED or _is_back(current, to)
    if needs_reason and not reason.strip():
        return "reason_missing", f"Say why it moves from {LABELS[current]} to {LABELS[to]}."
    return None


def _is_back(current: str, to: str) -> bool:
    return current in _PATH and to in _PATH and _PATH.index(to) < _PATH.index(current)
