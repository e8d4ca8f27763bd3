"""The port through which others are asked. Connectors fill it, `config.wiring.PROVIDERS` lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from handraiser.kit.errors import DomainError

if TYPE_CHECKING:
    from handraiser.qualify.models import Source


@dataclass(frozen=True)
class Found:
    """The provider knows something: values by field of `rules.findings`, or `takes_mail`."""

    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Unknown:
    """Nothing is known. `trouble`: asking failed, so another try may tell; otherwise that is the answer."""

    reason: str
    trouble: bool = False


@dataclass(frozen=True)
class Refused:
    """The provider answers nobody for now: a wrong key, or too many questions. Nothing else is asked meanwhile."""

    reason: str
    wait_seconds: int = 3_600


Outcome = Found | Unknown | Refused


class Provider(Protocol):
    """Somebody who may know more about a domain, or about an address."""

    def look_up(self, subject: str, *, budget_seconds: float) -> Outcome:
        """Ask about a domain or an address. Answers within the budget and raises nothing."""


Maker = Callable[["Source"], Provider]


def of(source: Source) -> Provider:
    """The provider of a source. Raises DomainError("no_such_provider") if its connector is gone."""
    listed: Mapping[str, Maker] = settings.PROVIDERS()
    if source.kind not in listed:
        raise DomainError("no_such_provider", f"There is no connector {source.kind}.", kind="missing")
    return listed[source.kind](source)
