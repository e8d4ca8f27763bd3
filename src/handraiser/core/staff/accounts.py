"""How staff sign in: no sign-up by oneself; an owner invites."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from axes import utils as axes
from django.http import HttpRequest


class StaffAccounts(DefaultAccountAdapter):
    """Sign-up is closed: this is a workplace, not a community."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This address and password do not belong together.",
    }

    def is_open_for_signup(self, request) -> bool:
        return False

    def set_password(self, user, password) -> None:
        """A new password ends a lockout: its owner proved the address."""
        super().set_password(user, password)
        axes.reset(username=user.email)


def typed_address(request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The address that the lockout counts tries for, however it was spelled."""
    typed = (credentials or {}).get("email") or (request.POST.get("login") if request else "")
    return (typed or "").strip().lower()
