"""Whether a machine sent it, and why we think so. A mark on the event: nothing is thrown away for it.

Five signs: the name it gives itself, a browser without a screen, an address in a data centre, more pages a minute
than anybody reads, and a link that people cannot see. What is marked moves no score and no rate.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from is_bot import Bots

from handraiser.collector.shapes import Hit
from handraiser.kit.visitors import TRAP_PATH, is_browser_id

log = logging.getLogger(__name__)

NO_AGENT = "no user agent"
HEADLESS = "headless browser"
AGENT = "user agent"
DATA_CENTRE = "data centre"
TOO_QUICK = "too quick"
HONEYPOT = "honeypot link"

# Page views in a minute. Without an id of its own a visitor may be a classroom behind one address.
MOST_OF_ONE = 40
MOST_OF_AN_ADDRESS = 120
_MINUTE_MS = 60_000
_REMEMBERED_FOR_MS = 24 * 60 * _MINUTE_MS
_MOST_REMEMBERED = 20_000
_LOOK_AGAIN_S = 60.0


class Networks:
    """Address ranges out of a file: one CIDR a line, `#` begins a comment. Without the file there are none.

    The file may be replaced while the collector runs. A question is one bisection, whatever the file's length.
    """

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._look_at = float("-inf")
        self._stamp: tuple[int, int] | None = None
        self._ranges: dict[int, tuple[list[int], list[int]]] = {}

    def __contains__(self, address: str) -> bool:
        if self._clock() >= self._look_at:
            self._refresh()
        if not self._ranges:
            return False
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        starts, ends = self._ranges.get(ip.version, ([], []))
        at = bisect_right(starts, int(ip)) - 1
        return at >= 0 and int(ip) <= ends[at]

    def _refresh(self) -> None:
        self._look_at = self._clock() + _LOOK_AGAIN_S
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._ranges = _merged(_networks(self._file.read_text("utf-8", "replace").splitlines()))
                self._stamp = stamp
        except FileNotFoundError:
            self._stamp, self._ranges = None, {}
        except OSError:
            # What was read before is better than nothing.
            log.exception("the ranges of data centres could not be read")


def _networks(lines: Iterable[str]) -> Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            yield ipaddress.ip_network(text, strict=False)
        except ValueError:
            log.warning("data centres, line %d: not a network: %.60s", number, text)


def _merged(
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> dict[int, tuple[list[int], list[int]]]:
    """Starts and ends by version of the protocol, in order, none touching another."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for network in networks:
        span = (int(network.network_address), int(network.broadcast_address))
        spans.setdefault(network.version, []).append(span)
    merged: dict[int, tuple[list[int], list[int]]] = {}
    for version, many in spans.items():
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted(many):
            if ends and start <= ends[-1] + 1:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        merged[version] = (starts, ends)
    return merged


class Judge:
    """Marks hits in two steps: by what the request says, and, once the visitor is known, by what it does.

    What a visitor did is remembered in this process only, of the 20,000 visitors seen last.
    """

    def __init__(
        self, networks: Networks | None = None, *, is_bot: Callable[[str], bool] | None = None
    ) -> None:
        self._names_a_bot = is_bot or Bots().is_bot
        # The verdict costs 0.3 ms, and the same browsers come again and again.
        self._of_agent = lru_cache(maxsize=8192)(self._verdict)
        self._networks = networks
        self._pages: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._caught: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def by_request(self, hit: Hit) -> Hit:
        """Mark by user agent and network. A server may leave the agent out; its own network says nothing."""
        by_server = _speaks_for_another(hit)
        if hit.user_agent or not by_server:
            _mark(hit, self._of_agent(hit.user_agent))
        if self._networks is not None and not by_server and hit.sender.address in self._networks:
            _mark(hit, DATA_CENTRE)
        return hit

    def by_conduct(self, hit: Hit) -> Hit:
        """Mark by the visitor's pace, and whoever followed the hidden link, from then on for a day."""
        if not hit.visitor or _speaks_for_another(hit):
            return hit
        if hit.kind == "page":
            self._watch(hit)
        if self._caught:
            caught = self._caught.get(hit.visitor)
            if caught is not None and hit.received_at - caught[0] <= _REMEMBERED_FOR_MS:
                _mark(hit, caught[1])
        return hit

    def _verdict(self, agent: str) -> str:
        if not agent:
            return NO_AGENT
        if "headless" in agent.lower():
            return HEADLESS
        return AGENT if self._names_a_bot(agent) else ""

    def _watch(self, hit: Hit) -> None:
        if _trapped(hit.url):
            _remember(self._caught, hit.visitor, (hit.received_at, HONEYPOT))
            return
        # By the time of the event: pages read offline and sent at once are no haste.
        minute = hit.occurred_at // _MINUTE_MS
        began, pages = self._pages.get(hit.visitor, (minute, 0))
        pages = pages + 1 if began == minute else 1
        _remember(self._pages, hit.visitor, (minute, pages))
        most = MOST_OF_ONE if is_browser_id(hit.visitor) else MOST_OF_AN_ADDRESS
        if pages > most and self._caught.get(hit.visitor, (0, TOO_QUICK))[1] == TOO_QUICK:
            _remember(self._caught, hit.visitor, (hit.received_at, TOO_QUICK))


def _remember(memory: OrderedDict[str, Any], visitor: str, value: object) -> None:
    memory[visitor] = value
    memory.move_to_end(visitor)
    if len(memory) > _MOST_REMEMBERED:
        memory.popitem(last=False)


def _speaks_for_another(hit: Hit) -> bool:
    key = hit.sender.key
    return key is not None and not key.public


def _trapped(url: str) -> bool:
    # The steps before have cut query and fragment off.
    return url.endswith(TRAP_PATH)


def _mark(hit: Hit, reason: str) -> None:
    if reason and reason not in hit.bot:
        hit.bot = f"{hit.bot}, {reason}" if hit.bot else reason
