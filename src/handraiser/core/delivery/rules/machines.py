"""Was it a person? Proxies, scanners and previews fetch pictures and follow links before anybody reads."""

from __future__ import annotations

import re

from is_bot import Bots

_BOTS = Bots()
# Security gateways that show their name. Those that pose as a browser are caught by their haste.
_SCANNERS = re.compile(
    r"barracuda|proofpoint|mimecast|symantec|trend ?micro|fireeye|sophos|forcepoint|cisco|ironport|zscaler"
    r"|microsoft office existence|ms-office|outlook-(ios|android).*prefetch|linkpreview|urldefense|avanan"
    r"|mailscanner|cloudmark|messagelabs|fortimail|checkpoint|wepawet",
    re.IGNORECASE,
)
HASTE_SECONDS = 5.0  # after the hand-over: mail is not read that fast
BURST_SECONDS = 2.0  # between two different links of one mail


def machine(
    *,
    kind: str,
    method: str,
    user_agent: str,
    since_sent: float | None,
    since_other_link: float | None = None,
    prefetch: bool = False,
) -> str:
    """Name the machine behind an open or a click, or "" for a person.

    `kind` is opened or clicked; `since_sent` the seconds since the mail server took the message (None:
    unknown); `since_other_link` those since another link of the same mail was followed.
    """
    agent = user_agent.strip()
    if method == "HEAD" or prefetch:
        return "prefetch"
    if not agent:
        return "nameless program"
    if kind == "opened" and agent == "Mozilla/5.0":
        # Apple's privacy proxy fetches every picture, read or not, under this bare name.
        return "Apple Mail Privacy"
    if _SCANNERS.search(agent):
        return "scanner"
    hasty = since_sent is not None and since_sent < HASTE_SECONDS
    if "GoogleImageProxy" in agent or "YahooMailProxy" in agent:
        # These fetch when a person opens, except right after delivery.
        return "mail proxy" if hasty else ""
    if _BOTS.is_bot(agent):
        return "bot"
    if hasty:
        return "too fast"
    if kind == "clicked" and since_other_link is not None and since_other_link < BURST_SECONDS:
        return "all links at once"
    return ""
