"""What the collector says of itself to Prometheus, and who may ask without a key: programs on this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client.exposition import generate_latest

from handraiser.collector.app import Figures

__all__ = ["CONTENT_TYPE", "families", "is_asked_here", "is_local", "text"]

# A proxy on this machine asks from this machine for the whole world; these it adds, or any in front of it.
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


class _Page:
    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterable[Metric]:
        return self.families


def text(families: Iterable[Metric]) -> bytes:
    """The figures as Prometheus reads them."""
    return bytes(generate_latest(_Page(families)))  # type: ignore[arg-type]  # it only collects


def families(figures: Figures) -> list[Metric]:
    """What this process took since it started. Drops are counted in the journal, for good."""
    journal = figures.journal
    events = CounterMetricFamily(
        "handraiser_collector_events",
        "Events this process was sent: stored; known from before; refused for want of room (503);"
        " failed, because the journal did not take them (503).",
        labels=["outcome"],
    )
    for outcome in ("stored", "known", "refused", "failed"):
        events.add_metric([outcome], getattr(journal, outcome))
    return [
        events,
        GaugeMetricFamily(
            "handraiser_collector_waiting", "Events that wait for their commit.", value=figures.waiting
        ),
        SummaryMetricFamily(
            "handraiser_collector_commit_seconds",
            "Commits of events, and the seconds they took.",
            count_value=journal.commits,
            sum_value=journal.seconds,
        ),
        GaugeMetricFamily(
            "handraiser_collector_commit_longest_seconds",
            "The longest commit since the process started.",
            value=journal.longest,
        ),
    ]


def is_local(*, address: str, host: str, headers: Iterable[str]) -> bool:
    """True for a request that began on this machine: from loopback, to a loopback name, through no proxy."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        from_here = ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
    named = name in ("localhost", "127.0.0.1", "[::1]")
    return from_here and named and not any(header.lower() in _OF_PROXIES for header in headers)


def is_asked_here(scope: Mapping[str, Any]) -> bool:
    """`is_local` of an ASGI request."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    address = (scope.get("client") or ("", 0))[0]
    return is_local(address=address, host=headers.get("host", ""), headers=headers)
