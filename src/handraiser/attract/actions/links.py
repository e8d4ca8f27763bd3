"""Keeping campaign addresses."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from handraiser.attract.models import Link
from handraiser.kit.errors import DomainError

_WORD = re.compile(r"[^a-z0-9]+")


def tidy(text: str) -> str:
    """One spelling for everybody: lower case, words joined by "_"."""
    return _WORD.sub("_", text.strip().lower()).strip("_")


def address(*, url: str, source: str, medium: str, campaign: str, term: str = "", content: str = "") -> str:
    """The address with campaign fields; older ones in it are replaced.

    Raises DomainError for an address that a browser could not open.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DomainError(
            "bad_address", "This is not a full address. Example: https://example.com/playbook", field="url"
        )
    kept = [(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("utm_")]
    fields = {"source": source, "medium": medium, "campaign": campaign, "term": term, "content": content}
    query = urlencode(
        [*kept, *((f"utm_{name}", tidy(value)) for name, value in fields.items() if tidy(value))]
    )
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, parts.fragment))


def keep(
    *,
    url: str,
    source: str,
    medium: str,
    campaign: str,
    at: datetime,
    name: str = "",
    term: str = "",
    content: str = "",
    by: str = "",
) -> Link:
    """Build an address and keep it. Raises DomainError naming the field at fault."""
    for field, value in (("source", source), ("medium", medium), ("campaign", campaign)):
        if not tidy(value):
            raise DomainError("missing_field", "Needed to tell this link from others.", field=field)
    full = address(url=url, source=source, medium=medium, campaign=campaign, term=term, content=content)
    if len(full) > 1000:
        raise DomainError("too_long", "Longer than 1,000 characters; many apps cut such links.", field="url")
    return Link.objects.create(
        name=name.strip()[:120] or campaign.strip()[:120],
        url=full,
        source=tidy(source)[:120],
        medium=tidy(medium)[:120],
        campaign=tidy(campaign)[:200],
        made_by=by,
        created_at=at,
    )


def forget(*, link_id: str) -> None:
    """Delete a kept address; visits that came through it stay counted."""
    Link.objects.filter(id=link_id).delete()
