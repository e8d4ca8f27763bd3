"""Preparing the stores of a data folder, and the first login."""

from __future__ import annotations

import secrets

from django.core.management import call_command
from django.db import connections

from handraiser.core.journal.live import journal
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role


def prepare() -> None:
    """Bring records, cache and journal to this version. Doing it twice changes nothing."""
    call_command("migrate", verbosity=0, interactive=False)
    if "cache_entry" not in connections["cache"].introspection.table_names():
        call_command("createcachetable", database="cache", verbosity=0)
    journal()
    Organisation.get()


def first_login(*, demo: bool) -> tuple[str, str] | None:
    """Make the first owner with a generated password, or give the demo owner a new one.

    Returns (email, password) to print, or None when an owner exists outside demo mode.
    """
    owner = User.objects.filter(role=Role.OWNER, is_active=True).order_by("id").first()
    if owner is not None and not demo:
        return None
    password = secrets.token_urlsafe(12)
    if owner is None:
        owner = User.objects.create_superuser("owner@example.com", name="Mira Voss", takes_leads=False)
    owner.set_password(password)
    owner.save(update_fields=["password"])
    return owner.email, password
