"""How staff sign in: no sign-up by oneself; an owner invites."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class StaffAccounts(DefaultAccountAdapter):
    """Sign-up is closed: this is a workplace, not a community."""

    def is_open_for_signup(self, request) -> bool:
        return False
