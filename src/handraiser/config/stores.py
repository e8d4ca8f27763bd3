"""Preparing the stores of a data folder, and the first login."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from handraiser.config import restore, template, wiring
from handraiser.core.journal import live
from handraiser.core.journal.live import journal
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role
from handraiser.kit import clock
from handraiser.kit.errors import Misconfigured
from handraiser.website import stamp


def prepare(*, from_template: bool = True) -> None:
    """Bring records, cache and journal to this version. Doing it twice changes nothing.

    A data folder that has no records yet begins with a copy of the template, unless told otherwise.
    """
    restore.refuse_unfinished()
    if from_template:
        template.lay()
    call_command("migrate", verbosity=0, interactive=False)
    if "cache_entry" not in connections["cache"].introspection.table_names():
        call_command("createcachetable", database="cache", verbosity=0)
    journal()
    Organisation.get()
    stamp.watch()


def close() -> None:
    """Let go of the stores; the next use opens them again."""
    live.close()
    connections.close_all()


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


def install_demo(told: Callable[[float], None]) -> bool:
    """Fill an empty instance with the demo firm; True if that was done now.

    A demo that was cut off is thrown away and made anew. Raises Misconfigured where real data is.
    """
    from handraiser.blueprints.northlight import install
    from handraiser.core.people.models import Person

    making = settings.HOME / "demo.unfinished"
    if making.exists():
        _start_over()
    if Organisation.get().demo:
        return False
    if Person.objects.exists():
        raise Misconfigured(
            f"{settings.HOME} holds real data. Start without --demo (make run DEMO=0), or give the demo"
            " a folder of its own: HANDRAISER_HOME=demo make run"
        )
    making.touch()
    install.run(now=clock.now(), readers=wiring.READERS, sweeps=wiring.SWEEPS, told=told)
    making.unlink()
    return True


def _start_over() -> None:
    if connections["default"].vendor != "sqlite":
        raise Misconfigured("The demo was cut off half-way. Give it an empty database.")
    close()
    for pattern in ("records.sqlite3*", "cache.sqlite3*", "journal.sqlite3*"):
        for path in settings.HOME.glob(pattern):
            path.unlink()
    shutil.rmtree(settings.LAKE_ROOT, ignore_errors=True)
    for name in ("files", "media"):
        shutil.rmtree(settings.HOME / name)
        (settings.HOME / name).mkdir(mode=0o700)
    prepare()
