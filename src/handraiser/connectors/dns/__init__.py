"""The domain name system: does a domain take mail?

A domain's MX records say who takes its mail; without any, a host of that name does (RFC 5321, section 5.1); a
single MX of "." says that nobody does (RFC 7505). Whoever does not answer in time says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import dns.exception
import dns.name
import dns.resolver

from handraiser.qualify.models import Source
from handraiser.qualify.providers import Found, Outcome, Unknown


class Dns:
    """Asks this machine's resolver, or those that are named (tests do)."""

    def __init__(self, nameservers: Sequence[str] = (), port: int = 53) -> None:
        self._nameservers, self._port = nameservers, port

    def look_up(self, subject: str, *, budget_seconds: float) -> Outcome:
        """Whether a domain takes mail."""
        end = monotonic() + budget_seconds
        try:
            resolver = dns.resolver.Resolver(configure=not self._nameservers)
            if self._nameservers:
                resolver.nameservers, resolver.port = list(self._nameservers), self._port
            name = dns.name.from_text(subject)
            for kind in ("MX", "A", "AAAA"):
                left = end - monotonic()
                if left <= 0:
                    return Unknown("Nobody answered in time.", trouble=True)
                try:
                    answer = resolver.resolve(name, kind, lifetime=left, search=False)
                except dns.resolver.NoAnswer:
                    continue
                if kind != "MX":
                    return Found({"takes_mail": True}, "It has no mail record, but a host of its name.")
                if all(record.exchange == dns.name.root for record in answer):
                    return Found({"takes_mail": False}, "It says that it takes no mail.")
                return Found({"takes_mail": True}, "It has a mail server.")
        except dns.resolver.NXDOMAIN:
            return Found({"takes_mail": False}, "There is no such domain.")
        except (dns.exception.Timeout, dns.resolver.NoNameservers, dns.resolver.NoResolverConfiguration):
            return Unknown("Nobody answered in time.", trouble=True)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Unknown(f"It could not be asked: {type(error).__name__}.", trouble=True)
        return Found({"takes_mail": False}, "It has no mail server, and no host of its name.")


def provider(source: Source) -> Dns:
    """For `config.wiring.PROVIDERS`."""
    return Dns()
