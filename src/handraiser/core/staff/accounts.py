"""How staff sign in: no sign-up by oneself; an owner invites."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccounts(DefaultAccountAdapter):
    """Sign-up is closed: this is a workplace, not a community."""

    def is_open_for_signup(self, request) -> bool:
        return False


def typed_address(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address that the lockout counts tries for, however it was spelled."""
    typed = (credentials or {}).get("email") or (request.POST.get("login") if request else "")
    return (typed or "").strip().lower()
