"""How scores and stages read on a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handraiser.core.people.sentences import Sentence
from handraiser.qualify.rules import wording
from handraiser.qualify.rules.stages import LABELS


def _stage(body: dict[str, Any]) -> Sentence:
    stage = LABELS.get(body["stage"], body["stage"])
    reason = f", {body['reason']}" if body.get("reason") else ""
    verb = "Became" if body["stage"] in ("mql", "customer", "opportunity", "sql") else "Moved to"
    return Sentence("qualify", f"{verb} **{stage}**{reason}", "sales")


def _score(body: dict[str, Any]) -> Sentence:
    change = wording.points(body["total"] - body["previous"])
    return Sentence("qualify", f"Score is now **{wording.plain(body['total'])}** ({change})", "system")


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence]] = {
    "qualify.stage_changed": _stage,
    "qualify.score_changed": _score,
}
