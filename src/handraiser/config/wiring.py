"""Who reads what, what falls due by time, and what stands in the navigation: one table each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from handraiser.attract import merging as attract_merging
from handraiser.attract import readers as attract
from handraiser.attract.actions import identifications
from handraiser.capture import merging as capture_merging
from handraiser.capture import readers as capture
from handraiser.capture.imports import leads as lead_imports
from handraiser.capture.imports import tasks as import_tasks
from handraiser.capture.imports.kinds import Kind
from handraiser.connectors import dns, http_json
from handraiser.console.finding import Finder
from handraiser.console.navigation import Entry, Onward
from handraiser.convert import imports as deal_imports
from handraiser.convert import merging as convert_merging
from handraiser.convert import readers as convert
from handraiser.core.audience import merging as audience_merging
from handraiser.core.audience import readers as audience
from handraiser.core.audience.rules.vocabulary import Listing
from handraiser.core.delivery import listing as delivery_listing
from handraiser.core.delivery import merging as delivery_merging
from handraiser.core.delivery.actions import sending
from handraiser.core.identity import merging as identity_merging
from handraiser.core.identity import readers as identity
from handraiser.core.identity import tasks as duplicates
from handraiser.core.identity.aliases import as_known_now
from handraiser.core.identity.on_merge import OnMerge
from handraiser.core.journal.lake import tasks as lake
from handraiser.core.journal.loop import Sweep
from handraiser.core.journal.readers import Reader
from handraiser.core.notices import queries as notices
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import ALL, EDITORS, Role
from handraiser.desk import finding, getting_ready
from handraiser.desk import merging as desk_merging
from handraiser.desk import navigation as desk
from handraiser.desk.actions import bulk
from handraiser.measure import imports as spend_imports
from handraiser.nurture import merging as nurture_merging
from handraiser.nurture import readers as nurture
from handraiser.qualify import merging as qualify_merging
from handraiser.qualify import readers as qualify
from handraiser.qualify import tasks as qualify_tasks
from handraiser.qualify.providers import Maker
from handraiser.website import starter

READERS_OF_CONFIGURATION = (Role.OWNER, Role.MARKETER, Role.ANALYST)

# Order matters only for speed: a reader that uses another's tables says so with `after`. Those that know people
# are told of them by the ids that they have now.
READERS: list[Reader] = [
    attract.visits(),
    attract.conversions(),
    identity.timeline(),
    as_known_now(capture.magnet_mail()),
    as_known_now(qualify.checks()),
    as_known_now(qualify.scores()),
    as_known_now(qualify.product_use()),
    as_known_now(qualify.committees()),
    as_known_now(qualify.answers()),
    as_known_now(audience.segments()),
    as_known_now(convert.hand_offs()),
    as_known_now(nurture.enrol()),
]

# What a merge of two people does to every table that points to them.
ON_MERGE: list[OnMerge] = [
    *identity_merging.ON_MERGE,
    *audience_merging.ON_MERGE,
    *delivery_merging.ON_MERGE,
    *attract_merging.ON_MERGE,
    *capture_merging.ON_MERGE,
    *qualify_merging.ON_MERGE,
    *nurture_merging.ON_MERGE,
    *convert_merging.ON_MERGE,
    *desk_merging.ON_MERGE,
]

SWEEPS: list[Sweep] = [
    Sweep("attract.identifications", identifications.apply_waiting),
    qualify.due(),
    qualify.due_committees(),
    *audience.sweeps(),
    qualify_tasks.publishing_sweep(),
    qualify_tasks.signals_sweep(),
    qualify_tasks.sweep(),
    qualify_tasks.prediction_sweep(),
    Sweep("imports.revive", import_tasks.revive, every=timedelta(seconds=30)),
    convert.lapses(),
    Sweep("desk.bulk", bulk.go_on),
    nurture.due(),
    sending.sweep(),
    lake.sweep(),
    duplicates.sweep(),
]

# Lists of email addresses that a condition may ask for; what is stored names them by these keys.
ADDRESS_LISTS: dict[str, Listing] = {"suppressed": delivery_listing.SUPPRESSED}

# Who can be asked about a domain or an address: what each kind of `qualify.models.Source` is made of.
PROVIDERS: dict[str, Maker] = {"dns": dns.provider, "http_json": http_json.provider}

FINDERS: list[Finder] = [finding.find]

IMPORT_KINDS: list[Kind] = [lead_imports.KIND, deal_imports.KIND, spend_imports.KIND]

# Called once with (organisation, at) when the set-up is finished.
AFTER_SETUP: list[Callable[..., object]] = [starter.build_site]

# Called with a member of the staff; None once the first lead is there.
ONWARD: Callable[[User], Onward | None] = getting_ready.onward

NAVIGATION: list[list[Entry]] = [
    [
        Entry("Today", "today", "/admin/", ALL, key="t", count=desk.due),
        Entry("Leads", "lead", "/admin/leads/", ALL, key="l", count=desk.open_leads),
        Entry("Companies", "company", "/admin/companies/", ALL),
        Entry("Pipeline", "pipe", "/admin/pipeline/", ALL, key="p"),
        Entry("Inbox", "inbox", "/admin/inbox/", ALL, key="i", count=notices.count_for),
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
