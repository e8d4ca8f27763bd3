"""What `handraiser doctor` looks at."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from handraiser.core.journal import history
from handraiser.core.journal.live import journal
from handraiser.core.journal.models import Cursor, ParkedEvent
from handraiser.core.staff.models import Organisation, User


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is fine, and what to do when it is not."""

    what: str
    ok: bool
    mend: str = ""


def run() -> list[Finding]:
    """Look at everything that an operator can get wrong."""
    mode = settings.HOME.stat().st_mode & 0o777
    free = shutil.disk_usage(settings.HOME).free
    findings = [
        Finding("data folder is private", mode == 0o700, f"chmod 700 {settings.HOME} (it is {mode:o})"),
        Finding("disk has room", free > 1 << 30, f"only {free >> 20} MiB are free at {settings.HOME}"),
        Finding("debug is off", not settings.DEBUG, "unset HANDRAISER_DEBUG on a public machine"),
    ]
    plan = MigrationExecutor(connection).migration_plan(
        MigrationExecutor(connection).loader.graph.leaf_nodes()
    )
    findings.append(Finding("records are up to date", not plan, "run: handraiser migrate"))
    if plan:
        return findings
    store = journal()
    strangers = [
        cursor.reader
        for cursor in Cursor.objects.all()
        if cursor.epoch != store.epoch() or cursor.position > store.head()
    ]
    parked = ParkedEvent.objects.filter(set_aside_at=None).count()
    organisation = Organisation.get()
    smtp = settings.DEMO or bool(organisation.smtp_host)
    findings += [
        Finding(
            "readers match the journal",
            not strangers,
            f"{', '.join(strangers)} read another journal: restore records and journal from one backup",
        ),
        Finding(
            "every sealed day is there",
            not (gone := history.missing()),
            f"restore {', '.join(gone[:3])} in {settings.LAKE_ROOT} from a backup",
        ),
        Finding("no event is parked", not parked, f"{parked} wait at /admin/settings/journal/"),
        Finding(
            "somebody can sign in",
            User.objects.filter(role="owner", is_active=True).exists(),
            "run: handraiser up, which makes the first owner",
        ),
        Finding("mail can be sent", smtp, "set the mail server at /admin/settings/mail/"),
        Finding(
            "marketing mail names its sender",
            settings.DEMO or bool(organisation.postal_address and organisation.sender_email),
            "set sender and postal address at /admin/settings/organisation/",
        ),
    ]
    return findings
