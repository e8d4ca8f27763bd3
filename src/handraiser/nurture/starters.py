"""Sequences to start from, with real words to be changed; each is a file in `plans/`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
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


def read(path: Path) -> Starter:
    """A starter from its file."""
    content = tomllib.loads(path.read_text())
    for step in flow.walk(content["steps"]):
        if step["kind"] == "email":
            step["body"] = step["body"].strip()
        if step["kind"] == "condition":
            step.setdefault("yes", [])
            step.setdefault("no", [])
    plan = {name: content[name] for name in ("trigger", "exits", "steps")}
    return Starter(name=content["name"], about=content["about"], plan=plan)


STARTERS = {path.stem: read(path) for path in sorted((Path(__file__).parent / "plans").glob("*.toml"))}


def fitting(intents: Collection[str]) -> dict[str, Starter]:
    """All starters; those that a form of such an intent sets off come first."""

    def later(item: tuple[str, Starter]) -> bool:
        return item[1].plan["trigger"].get("intent") not in intents

    return dict(sorted(STARTERS.items(), key=later))


def install(starter: Starter, *, at: datetime, by: User | None = None) -> Sequence:
    """Make a starter and publish it: for blueprints. Doing it twice changes nothing."""
    existing = Sequence.objects.filter(name=starter.name).first()
    if existing is not None:
        return existing
    sequence = sequences.create(name=starter.name, at=at, plan=starter.plan)
    sequences.publish(sequence, at=at, by=by)
    return sequence
