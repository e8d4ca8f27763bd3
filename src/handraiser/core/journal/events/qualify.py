"""Facts of scores and stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class RuleSetPublished(Fact):
    """A rule set went live; from here on it gives the points."""

    name: ClassVar[str] = "qualify.rule_set_published"

    rule_set: str
    number: int


@dataclass(frozen=True, kw_only=True)
class ScoreChanged(Fact):
    """The grade or the temperature of a lead became another one. Points are micro-points."""

    name: ClassVar[str] = "qualify.score_changed"

    total: int
    fit: int
    engagement: int
    previous: int
    rule_set: str
    grade: str = ""
    temperature: str = ""


@dataclass(frozen=True, kw_only=True)
class StageChanged(Fact):
    """A lead moved to another stage."""

    name: ClassVar[str] = "qualify.stage_changed"

    stage: str
    previous: str
    reason: str = ""
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class PersonEnriched(Fact):
    """Something was found out about a person's address, number or company. Verdicts are yes, no or unknown.

    `by`: checks (what they tell by themselves), or the kind of the source that was asked. `fields`: what it told.
    """

    name: ClassVar[str] = "qualify.person_enriched"

    by: str
    email_disposable: str
    email_role: str
    email_deliverable: str
    phone_type: str = ""
    phone_region: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProductQualified(Fact):
    """A lead became a PQL: its person did in the product what the rule set waits for.

    `signal`: the product event as the rule set names it; `event`: the id of the event that completed it.
    """

    name: ClassVar[str] = "qualify.product_qualified"

    signal: str
    event: str
    rule_set: str


@dataclass(frozen=True, kw_only=True)
class ElementNoted(Fact):
    """Somebody noted what is known of one element of BANT or MEDDIC; the words stay in the records.

    `value`: 0 to 3 for BANT, 1 to 5 for MEDDIC, None for asked and still unknown. `came_from`: call, form, chat, …
    """

    name: ClassVar[str] = "qualify.element_noted"

    framework: str
    element: str
    value: int | None
    came_from: str
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class ElementUndone(Fact):
    """Somebody took back what was noted of an element; what was known before holds again."""

    name: ClassVar[str] = "qualify.element_undone"

    framework: str
    element: str
    by: str = ""
