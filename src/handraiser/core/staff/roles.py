"""The four roles. A written table in `config/permissions.py` says what each may open."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody does here."""

    OWNER = "owner"  # everything
    MARKETER = "marketer"  # everything but staff and money of the exchange
    REP = "rep"  # own leads and those without an owner
    ANALYST = "analyst"  # reads everything, changes nothing


LABELS = {Role.OWNER: "Owner", Role.MARKETER: "Marketer", Role.REP: "Sales rep", Role.ANALYST: "Analyst"}
ALL = tuple(Role)
EDITORS = (Role.OWNER, Role.MARKETER)
SELLERS = (Role.OWNER, Role.MARKETER, Role.REP)
