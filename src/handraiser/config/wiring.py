"""Who reads what, what falls due by time, and what stands in the navigation: one table each."""

from __future__ import annotations

from handraiser.console.finding import Finder
from handraiser.console.navigation import Entry
from handraiser.core.identity import readers as identity
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader
from handraiser.core.staff.roles import ALL, EDITORS, Role

READERS_OF_CONFIGURATION = (Role.OWNER, Role.MARKETER, Role.ANALYST)

# Order matters only for speed: a reader that uses another's tables says so with `after`.
READERS: list[Reader] = [
    identity.timeline(),
]

SWEEPS: list[Sweep] = []

FINDERS: list[Finder] = []

NAVIGATION: list[list[Entry]] = [
    [
        Entry("Today", "today", "/admin/", ALL, key="t"),
        Entry("Leads", "lead", "/admin/leads/", ALL, key="l"),
        Entry("Companies", "company", "/admin/companies/", ALL),
        Entry("Pipeline", "pipe", "/admin/pipeline/", ALL, key="p"),
        Entry("Inbox", "inbox", "/admin/inbox/", ALL, key="i"),
    ],
    [
        Entry("Attract", "attract", "/admin/attract/", READERS_OF_CONFIGURATION),
        Entry("Capture", "capture", "/admin/capture/", READERS_OF_CONFIGURATION),
        Entry("Qualify", "qualify", "/admin/qualify/", READERS_OF_CONFIGURATION),
        Entry("Nurture", "nurture", "/admin/nurture/", READERS_OF_CONFIGURATION),
        Entry("Convert", "convert", "/admin/convert/", READERS_OF_CONFIGURATION),
    ],
    [Entry("Measure", "measure", "/admin/measure/", ALL, key="m")],
    [Entry("Settings", "settings", "/admin/settings/", EDITORS)],
]
