"""What a host is known as: a search engine, a network, an assistant, a mailbox, a video site, a shop, spam.

Every question is a handful of look-ups by the host and its suffixes, whatever the length of the lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, unquote_plus, urlsplit

from handraiser.attract.rules import known_hosts, spam_hosts


@dataclass(frozen=True)
class Known:
    """A host's name, and its kind: search, social, assistant, email, video, shop, ads.

    `term`: where an address of it carries the search term; see `search_term`.
    """

    name: str
    kind: str
    term: tuple[str, ...] = ()


def _parse(text: str, kind: str) -> dict[str, Known]:
    """Entries, "host" or "host/path", of one compiled list; of two with the same entry the first counts."""
    entries: dict[str, Known] = {}
    name, hosts = "", list[str]()
    terms: list[str] = []

    def close() -> None:
        for host in hosts:
            entries.setdefault(host.rstrip("/"), Known(name, kind, tuple(terms)))

    for line in text.strip().splitlines():
        if not line.startswith(" "):
            close()
            name, hosts, terms = line, [], []
        elif line.startswith("  ? "):
            terms += line[4:].split()
        else:
            hosts += line.split()
    close()
    return entries


_ASSISTANTS = _parse(known_hosts.ASSISTANTS, "assistant") | {
    "poe.com": Known("Poe", "assistant"),
    "character.ai": Known("Character.AI", "assistant"),
    "com.openai.chatgpt": Known("ChatGPT", "assistant"),
}
# One network, one name: t.co is no other source than x.com.
_RENAMED = {"Twitter": "X"}
_SOCIAL = {
    entry: Known(_RENAMED.get(one.name, one.name), one.kind)
    for entry, one in _parse(known_hosts.SOCIAL, "social").items()
} | {
    "t.co": Known("X", "social"),
    "lnk.bio": Known("Lnk.Bio", "social"),
    "workplace.com": Known("Workplace", "social"),
    "threads.com": Known("Threads", "social"),
    "threads.net": Known("Threads", "social"),
}
# The list of engines names the search boxes of some networks; who comes from such a host comes from the network.
_ENGINES = {
    entry: one for entry, one in _parse(known_hosts.SEARCH, "search").items() if entry not in _SOCIAL
} | {
    "aolsearch.com": Known("AOL", "search", ("q", "query")),
    "babylon.com": Known("Babylon", "search", ("q",)),
    "ixquick.com": Known("IxQuick", "search", ("query",)),
    "dalesearch.com": Known("Dalesearch", "search", ("q",)),
}
_VIDEO = {
    host: Known("YouTube" if host.startswith("you") and host != "youku.com" else host, "video")
    for host in (
        "youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "twitch.tv", "wistia.com", "disneyplus.com",
        "netflix.com", "iq.com", "youku.com",
    )
}  # fmt: skip
_SHOPS = {
    "amazon.{}", "amazon.com", "ebay.{}", "ebay.com", "etsy.com", "walmart.com", "aliexpress.com", "alibaba.com",
    "shopping.google.com", "idealo.{}", "pricerunner.{}", "pricerunner.com", "shop.app",
}  # fmt: skip
_ADS = {
    "doubleclick.net": Known("Google", "ads"),
    "googlesyndication.com": Known("Google", "ads"),
    "googleadservices.com": Known("Google", "ads"),
    "adsensecustomsearchads.com": Known("Google", "ads"),
    "syndicatedsearch.goog": Known("Google", "ads"),
    "taboola.com": Known("Taboola", "ads"),
    "outbrain.com": Known("Outbrain", "ads"),
    "criteo.com": Known("Criteo", "ads"),
}
_MAIL = {
    "outlook.live.com": Known("Outlook", "email"),
    "outlook.office.com": Known("Outlook", "email"),
    "outlook.office365.com": Known("Outlook", "email"),
    "outlook.com": Known("Outlook", "email"),
    "com.google.android.gm": Known("Gmail", "email"),
    "mail.google.com": Known("Gmail", "email"),
    "mail.live.com": Known("Outlook", "email"),
    "mail.com": Known("Mail.com", "email"),
    "3c.web.de": Known("Web.de", "email"),
}
# Of a mailbox whose host only looks like one: who runs it, by the part of the host that stays.
_POST_OFFICES = {
    "gmx": "GMX", "web": "Web.de", "1und1": "1und1", "ionos": "IONOS", "orange": "Orange", "proton": "Proton",
    "bluewin": "Bluewin", "vodafone": "Vodafone", "t-online": "T-Online", "tim": "TIM", "hispeed": "UPC",
    "infomaniak": "Infomaniak", "yahoo": "Yahoo", "mail": "Mail.com",
}  # fmt: skip
_MAILISH = re.compile(r"mail|^messagerie|^3c-|^email$")
_REDIRECTS = re.compile(r"^(?:deref|rich)-(\w+)")
_SEARCHISH = {"search", "suche", "isearch", "searchassist", "aolsearch"}

# In the order in which they are asked. Assistants first: x.com/i/grok is one, x.com is not.
_EVERYWHERE = (_ASSISTANTS, _MAIL)  # for a host and those below it
_BELOW = (_VIDEO, _SOCIAL, _ADS)
_SECOND_LEVELS = {"co", "com", "net", "org", "gov", "edu", "ne", "or"}
# The entries that name a path, by host, the longest path first.
_PATHS: dict[str, list[tuple[str, Known]]] = {}
for _list in (_ASSISTANTS, _SOCIAL, _ENGINES):
    for _entry, _known in _list.items():
        _at, _slash, _rest = _entry.partition("/")
        if _slash:
            _PATHS.setdefault(_at, []).append((f"/{_rest}", _known))
for _many in _PATHS.values():
    _many.sort(key=lambda one: -len(one[0]))


def tails(host: str) -> list[str]:
    """A host and the hosts above it: a.b.com, b.com."""
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)] or [host]


def _forms(host: str) -> list[str]:
    """A host as it may stand in a list: itself, or with a country replaced by `{}`."""
    labels = host.split(".")
    forms = [host]
    for at, word in enumerate(labels[:-1]):
        if len(word) == 2 and word.isalpha():
            forms.append(".".join([*labels[:at], "{}", *labels[at + 1 :]]))
    if len(labels) > 1 and (len(labels[-1]) == 2 or labels[-1] == "cat"):
        forms.append(".".join([*labels[:-1], "{}"]))
        if len(labels) > 2 and labels[-2] in _SECOND_LEVELS:
            forms.append(".".join([*labels[:-2], "{}"]))
    return forms


def normal(host: str) -> str:
    """A host as the lists spell it."""
    return host.lower().rstrip(".").removeprefix("www.")


@lru_cache(maxsize=8192)
def _looked_up(host: str) -> tuple[tuple[tuple[str, Known], ...], Known | None]:
    paths = [entry for form in _forms(host) for entry in _PATHS.get(form, ())]
    return tuple(paths), _whole(host)


def _whole(host: str) -> Known | None:
    above = tails(host)
    for tail in above:
        for hosts in _EVERYWHERE:
            if found := hosts.get(tail):
                return found
    for form in _forms(host):
        if found := _ENGINES.get(form):
            return found
    for tail in above:
        for hosts in _BELOW:
            if found := hosts.get(tail):
                return found
        if any(form in _SHOPS for form in _forms(tail)):
            return Known(tail, "shop")
    return _by_its_words(host)


def _by_its_words(host: str) -> Known | None:
    """Mailboxes and search boxes of providers have too many hosts for a list, but tell by their names."""
    labels = host.split(".")
    inner = labels[:-2] or labels[:1]
    behind = _REDIRECTS.match(labels[0])
    if behind or (len(labels) > 2 and any(_MAILISH.search(label) for label in inner)):
        keys = [behind[1]] if behind else []
        keys += reversed(labels[:-1])
        return Known(next((_POST_OFFICES[key] for key in keys if key in _POST_OFFICES), host), "email")
    # A portal's own search box: the engine above it, if that one is known, else the host itself.
    if any(label in _SEARCHISH for label in inner):
        return next(
            (_ENGINES[tail] for tail in tails(host) if tail in _ENGINES), Known(host, "search", ("q",))
        )
    # Mirrors and servers of an engine: s3-us3.ixquick.com
    if re.match(r"^(?:s\d+|www\d+|m|lite|mobile)(?:-|$)", labels[0]):
        for form in _forms(".".join(labels[1:])):
            if found := _ENGINES.get(form):
                return found
    return None


def known(host: str, path: str = "") -> Known | None:
    """What a host, or a path of it, is known as; None for an ordinary site."""
    host = normal(host)
    if not host:
        return None
    paths, whole = _looked_up(host)
    for prefix, found in paths:
        if path == prefix or path.startswith(f"{prefix}/"):
            return found
    return whole


@lru_cache(maxsize=8192)
def is_spam(host: str) -> bool:
    """True of hosts that name themselves as a referrer only to be looked up."""
    return any(tail in spam_hosts.HOSTS for tail in tails(normal(host)))


def search_term(referrer: str) -> str:
    """What was searched for, if the address of a search engine still says so; else "". At most 200 characters."""
    try:
        parts = urlsplit(referrer)
        found = known(parts.hostname or "", parts.path)
        if found is None or found.kind != "search":
            return ""
        query = parse_qs(f"{parts.query}&{parts.fragment.lstrip('?/')}", max_num_fields=200)
    except ValueError:
        return ""
    address = f"{parts.path}?{parts.query}#{parts.fragment}"
    for where in found.term:
        if where.startswith("/"):
            match = _compiled(where).search(address)
            value = unquote_plus(match[1]) if match and match.re.groups else ""
        else:
            value = query.get(where, [""])[0]
        value = value.replace("\0", "").strip()
        if value:
            return value[:200]
    return ""


@lru_cache(maxsize=256)
def _compiled(where: str) -> re.Pattern[str]:
    return re.compile(where[1:-1].replace("\\/", "/"))


# What people write into utm_source: names, short names and, by `named`, hosts.
_BY_NAME = {one.name.lower(): one for hosts in (_ENGINES, _SOCIAL, _ASSISTANTS) for one in hosts.values()}
_BY_NAME |= {"youtube": _VIDEO["youtube.com"], "vimeo": Known("Vimeo", "video")}
_ALIASES = {
    "fb": "facebook", "ig": "instagram", "insta": "instagram", "twitter": "x", "li": "linkedin",
    "yt": "youtube", "ddg": "duckduckgo", "openai": "chatgpt",
}  # fmt: skip
_BY_NAME |= {alias: _BY_NAME[name] for alias, name in _ALIASES.items() if name in _BY_NAME}


def named(source: str) -> Known | None:
    """What a campaign's source is known as: a name or a host."""
    text = source.lower().strip()
    return _BY_NAME.get(text) or (known(text) if "." in text else None)
