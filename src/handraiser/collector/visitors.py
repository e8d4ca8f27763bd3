"""Who sent it, without writing to their device: a hash that nobody can follow past midnight (UTC)."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from handraiser.kit.visitors import keyed, user_subject

_DAY_MS = 86_400_000
# Given by other SDKs.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{8,60}")


def _network(address: str) -> str:
    """The address, for IPv6 its /64: devices change the rest of it at will."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


class Visitors:
    """Makes visitor ids. The day's salt lies in the data folder and is deleted two days later."""

    def __init__(self, folder: Path, secret: str) -> None:
        self._folder = folder
        self._secret = secret
        self._key = secret.encode()[:64]
        self._day = -1
        self._salt = b""

    def cookieless(self, *, address: str, user_agent: str, host: str, at_ms: int) -> str:
        """`v_…`: equal for one address, browser and host on one day, meaningless on the next."""
        day = at_ms // _DAY_MS
        if day != self._day:
            name = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
            self._day, self._salt = day, self._salt_of(name)
        text = "\n".join((_network(address), user_agent, host))
        return "v_" + keyed(text, self._salt)

    def foreign(self, anonymous_id: str) -> str:
        """The id that another SDK gave, kept if it is harmless, else hashed."""
        if _PLAIN.fullmatch(anonymous_id) and not anonymous_id.startswith(("v_", "b_", "u_")):
            return anonymous_id
        return "a_" + keyed(anonymous_id, self._key)

    def user(self, user_id: str) -> str:
        """Stands for the user id of another system."""
        return user_subject(user_id, secret=self._secret)

    def _salt_of(self, day: str) -> bytes:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / day
        if not path.exists():
            temporary = self._folder / f".{os.getpid()}"
            temporary.touch(mode=0o600)
            temporary.write_text(secrets.token_hex(32))
            # Whoever links first decides; several processes share one salt.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            temporary.unlink()
        for old in sorted(p for p in self._folder.iterdir() if p.name < day and not p.name.startswith("."))[
            :-1
        ]:
            old.unlink(missing_ok=True)
        return bytes.fromhex(path.read_text().strip())
