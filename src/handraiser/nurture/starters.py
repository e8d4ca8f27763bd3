"""Sequences to start from, with real words to be changed; each is a file in `plans/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from handraiser.core.staff.models import User
from handraiser.nurture.actions import sequences
from handraiser.nurture.models import Sequence
from handraiser.nurture.rules import flow


@dataclass(frozen=True)
class Starter:
    """A plan that can be published as it is."""

    name: str
    about: str
    plan: dict[str, Any]


def _read(path: Path) -> Starter:
    content = tomllib.loads(path.read_text())
    for step in flow.walk(content["steps"]):
        if step["kind"] == "email":
            step["body"] = step["body"].strip()
        if step["kind"] == "condition":
            step.setdefault("yes", [])
            step.setdefault("no", [])
    plan = {name: content[name] for name in ("trigger", "exits", "steps")}
    return Starter(name=content["name"], about=content["about"], plan=plan)


STARTERS = {
    path.stem: _read(path) for path in sorted((Path(__file__).parent / "plans").glob("*.toml"), reverse=True)
}


def install(*, name: str = "welcome", at: datetime, by: User | None = None) -> Sequence:
    """Make a starter and publish it: for the demo and for blueprints. Doing it twice changes nothing."""
    starter = STARTERS[name]
    existing = Sequence.objects.filter(name=starter.name).first()
    if existing is not None:
        return existing
    sequence = sequences.create(name=starter.name, at=at, plan=starter.plan)
    sequences.publish(sequence, at=at, by=by)
    return sequence
