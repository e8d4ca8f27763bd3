"""The guard before every address that a person can set: it must not lead into our own network."""

from __future__ import annotations

import ipaddress
import socket

from django.conf import settings

from handraiser.kit.errors import DomainError


def _allowed(host: str, address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_global and not ip.is_multicast:
        return True
    for entry in settings.OUTGOING_ALLOW:
        if entry.lower() == host.lower():
            return True
        try:
            if ip in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue  # a host name
    return False


def resolve(host: str, port: int) -> str:
    """The address to connect to, checked: connect to it and not to the name, which may answer anew tomorrow.

    Private, loopback and link-local addresses need HANDRAISER_OUTGOING_ALLOW. Raises
    DomainError("unknown_host") or ("private_target").
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DomainError("unknown_host", f"The name {host} cannot be found.", field="host") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_allowed(host, address) for address in addresses):
        raise DomainError(
            "private_target",
            f"{host} points into a private network. The operator can allow it: HANDRAISER_OUTGOING_ALLOW.",
            kind="refused",
            field="host",
        )
    return addresses[0]
