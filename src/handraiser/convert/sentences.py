"""How the facts of sales read on a timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handraiser.console.templatetags.console import money
from handraiser.convert.models import DealStage
from handraiser.convert.reasons import Lost, Reject
from handraiser.convert.rules.clocks import span_in_words
from handraiser.core.people.sentences import Sentence
from handraiser.core.staff.models import User


def _name(user_id: int | None) -> str:
    user = User.objects.filter(id=user_id).first() if user_id else None
    return user.get_short_name() if user else "somebody"


def _label(choices: type[Reject] | type[Lost], reason: str) -> str:
    return str(choices(reason).label).lower() if reason in choices.values else reason


def _stage(stage_id: str) -> str:
    stage = DealStage.objects.filter(id=stage_id).first()
    return stage.name if stage else "another stage"


def _offered(body: dict[str, Any]) -> Sentence:
    to = f"**{_name(body['owner'])}**" if body["owner"] else "**everybody**"
    return Sentence("convert", f"Offered to {to}: {body['why']}", "sales")


def _accepted(body: dict[str, Any]) -> Sentence:
    after = span_in_words(body["seconds"])
    return Sentence("check", f"**{_name(body['owner'])}** accepted the hand-off after {after}", "sales")


def _rejected(body: dict[str, Any]) -> Sentence:
    reason = _label(Reject, body["reason"])
    return Sentence("x", f"**{_name(body['owner'])}** rejected the hand-off: {reason}", "sales")


def _opened(body: dict[str, Any]) -> Sentence:
    amount = money(body["amount"], body["currency"], "amount not known yet")
    return Sentence("pipe", f"A **deal** was opened, {amount}", "sales")


def _won(body: dict[str, Any]) -> Sentence:
    return Sentence(
        "check", f"**Deal won**, {money(body['amount'], body['currency'], 'amount unknown')}", "sales"
    )


SENTENCES: dict[str, Callable[[dict[str, Any]], Sentence]] = {
    "convert.hand_off_offered": _offered,
    "convert.hand_off_accepted": _accepted,
    "convert.hand_off_rejected": _rejected,
    "convert.deal_opened": _opened,
    "convert.deal_moved": lambda body: Sentence(
        "pipe", f"Deal moved to **{_stage(body['stage'])}**", "sales"
    ),
    "convert.deal_won": _won,
    "convert.deal_lost": lambda body: Sentence(
        "x", f"**Deal lost**: {_label(Lost, body['reason'])}", "sales"
    ),
}
