"""Any service that answers GET with JSON: its address, a header with the key, and where our fields are.

Made for the APIs that most enrichment services have. An answer of 200 with at least one of the fields is a finding;
404, 204 and an answer without any of them mean that the service knows nothing; 401, 402, 403 and 429 that it will
not say, so it is left alone for as long as its Retry-After asks. Everything else is trouble, and is tried
again later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from handraiser.kit import outgoing, sealing
from handraiser.kit.errors import DomainError, Misconfigured
from handraiser.qualify.models import Source
from handraiser.qualify.providers import Found, Outcome, Refused, Unknown
from handraiser.qualify.rules import findings

LIMIT_BYTES = 256 * 1024
_KNOWS_NOTHING = {204, 404}
_WILL_NOT_SAY = {
    401: "It refused the key (401).",
    402: "It wants to be paid (402).",
    403: "It refused the key (403).",
    429: "It was asked too often (429).",
}
_LONGEST_WAIT = 86_400


class HttpJson:
    """`url` holds {domain} or {email}; `fields` gives a JSON pointer (RFC 6901) for each of our fields."""

    def __init__(self, *, url: str, headers: Mapping[str, str], fields: Mapping[str, str]) -> None:
        self._url, self._headers, self._fields = url, headers, fields

    def look_up(self, subject: str, *, budget_seconds: float) -> Outcome:
        """Ask about a domain or an address."""
        written = quote(subject, safe="")
        url = self._url.replace("{domain}", written).replace("{email}", written)
        try:
            reply = outgoing.get(
                url,
                headers={"Accept": "application/json", "User-Agent": "Handraiser", **self._headers},
                budget_seconds=budget_seconds,
                limit_bytes=LIMIT_BYTES,
            )
        except outgoing.NoReply as error:
            return Unknown(str(error), trouble=True)
        except DomainError as error:
            return Unknown(error.message, trouble=True)
        if reply.status in _WILL_NOT_SAY:
            return Refused(_WILL_NOT_SAY[reply.status], _wait(reply.headers.get("retry-after", "")))
        if reply.status in _KNOWS_NOTHING:
            return Unknown("It knows nothing of this.")
        if reply.status != 200:
            return Unknown(f"It answered with {reply.status}.", trouble=True)
        return self._read(reply.body)

    def _read(self, body: bytes) -> Outcome:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return Unknown("Its answer is not JSON.", trouble=True)
        told = {field: findings.at_pointer(document, pointer) for field, pointer in self._fields.items()}
        values = findings.cleaned(told)
        return Found(values) if values else Unknown("It knows nothing of this.")


def _wait(text: str) -> int:
    """Seconds of a Retry-After; an hour when it says none or a date."""
    return min(max(int(text), 60), _LONGEST_WAIT) if text.isdecimal() and len(text) < 9 else 3_600


class _Unreadable:
    """A source whose key cannot be read any more."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def look_up(self, subject: str, *, budget_seconds: float) -> Outcome:
        return Refused(self._reason)


def provider(source: Source) -> HttpJson | _Unreadable:
    """For `config.wiring.PROVIDERS`."""
    try:
        secret = sealing.unseal(source.secret_sealed)
    except Misconfigured as error:
        return _Unreadable(str(error))
    headers = {source.header: secret} if source.header and secret else {}
    return HttpJson(url=source.url, headers=headers, fields=source.fields)
