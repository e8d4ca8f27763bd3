"""Mail that Django's own parts send (password reset): it goes through the ledger like all other mail."""

from __future__ import annotations

from django.core.mail.backends.smtp import EmailBackend as LedgerBackend

__all__ = ["LedgerBackend"]
