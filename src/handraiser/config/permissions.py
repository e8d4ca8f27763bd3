"""The written table: which role may open which address. An address that is not here is closed to everybody.

Keys are names of addresses, with `*` for "and all below". `PUBLIC` addresses guard themselves: public pages,
signed links, the login, the API by its keys. Row rights (a sales rep's own leads) are in
`core.people.models.LeadQuerySet.visible_to`. `tests/architecture/test_permissions.py` walks the whole table.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from handraiser.core.staff.roles import ALL, EDITORS, SELLERS, Role

PUBLIC = ("public",)
OWNER = (Role.OWNER,)
READERS = (Role.OWNER, Role.MARKETER, Role.ANALYST)

TABLE: dict[str, tuple[str, ...]] = {
    # --- doors for everybody
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "metrics": PUBLIC,  # this machine, or a key with the scope metrics:read
    "favicon": PUBLIC,
    "wagtail_serve": PUBLIC,
    "wagtaildocs_serve": EDITORS,
    "wagtaildocs_authenticate_with_password": PUBLIC,
    "wagtailcore_authenticate_with_password": PUBLIC,
    "media": PUBLIC,
    "account_*": PUBLIC,
    "mfa_*": ALL,
    "mfa_authenticate": PUBLIC,
    "api:*": PUBLIC,
    "*_public:*": PUBLIC,
    # --- the shell
    "console:find": ALL,
    # --- settings
    "staff:settings": EDITORS,
    "staff:you": ALL,
    "staff:*": OWNER,
    "people:fields": EDITORS,
    "people:field_*": EDITORS,
    "journal:health": EDITORS,
    "journal:parked": EDITORS,
    "journal:retry": OWNER,
    "journal:set_aside": OWNER,
    "console:mail*": OWNER,
    "console:setup*": OWNER,
    "console:components": ALL,
    # --- mail and notices
    "delivery:outbox": READERS,
    "delivery:message": READERS,
    "delivery:body": READERS,
    "delivery:pause": EDITORS,
    "delivery:resume": EDITORS,
    "delivery:change": EDITORS,
    "notices:*": ALL,
    # --- nurture
    "nurture:*": EDITORS,
    "nurture:sequences": READERS,
    "nurture:steps": READERS,
    "nurture:people": READERS,
    "nurture:versions": READERS,
    "nurture:review": READERS,
    "nurture:dry_run": READERS,
    # --- who is who; a rep meets only people of leads that they may see
    "identity:*": EDITORS,
    "identity:person": ALL,
    # --- sales; a rep's own rows by `visible_to`
    "convert:board": ALL,
    "convert:deal": ALL,
    "convert:open_deal": SELLERS,
    "convert:lead_options": SELLERS,
    "convert:change_deal": SELLERS,
    "convert:move_deal": SELLERS,
    "convert:undo_move": SELLERS,
    "convert:hand_off": ALL,
    "convert:accept": SELLERS,
    "convert:reject": SELLERS,
    "convert:qualify_as_sql": SELLERS,
    "convert:routing": READERS,
    "convert:change_routing": EDITORS,
    "convert:hand_offs": READERS,
    "convert:pipelines": READERS,
    "convert:change_pipeline": EDITORS,
    # --- attract
    "attract:*": READERS,
    "attract:keep_link": EDITORS,
    "attract:forget_link": EDITORS,
    "website:landing_*": EDITORS,
    # --- qualify
    "qualify:*": EDITORS,
    "qualify:home": READERS,
    "qualify:rule_sets": READERS,
    "qualify:rule_set": READERS,
    "qualify:effect": READERS,
    "qualify:try_on": READERS,
    "qualify:stages": READERS,
    "qualify:why": ALL,
    "qualify:prediction": READERS,
    "qualify:prediction_progress": READERS,
    "qualify:model": READERS,
    "qualify:enrichment": READERS,
    "qualify:source*": OWNER,
    "qualify:look_again": SELLERS,
    # --- the desk; rows by `visible_to`
    "desk:*": SELLERS,
    "desk:today": ALL,
    "desk:leads": ALL,
    "desk:leads_export": ALL,
    "desk:filter": ALL,
    "desk:columns": ALL,
    "desk:lead": ALL,
    "desk:timeline_export": ALL,
    "desk:why": ALL,
    "desk:companies": ALL,
    "desk:company": ALL,
    # --- numbers; a sales rep sees those of their own leads
    "measure:overview": ALL,
    "measure:funnel": ALL,
    "measure:channels": ALL,
    "measure:rows": ALL,
    "measure:export": ALL,
    "measure:spend": READERS,
    "measure:spend_enter": EDITORS,
    "measure:spend_remove": EDITORS,
    # --- imports
    "imports:*": READERS,
    "imports:upload": EDITORS,
    "imports:columns": EDITORS,
    "imports:start": EDITORS,
    "imports:stop": EDITORS,
    "imports:undo": EDITORS,
    "imports:forget": EDITORS,
    # --- capture
    "capture:forms": READERS,
    "capture:form": READERS,
    "capture:form_versions": READERS,
    "capture:form_preview": READERS,
    "capture:form_*": EDITORS,
    "capture:field_*": EDITORS,
    "capture:submissions": READERS,
    "capture:submissions_export": READERS,
    "capture:submission": READERS,
    "capture:magnets": READERS,
    "capture:magnet": READERS,
    "capture:magnet_file": READERS,
    "capture:magnet_*": EDITORS,
    "capture:quarantine": READERS,
    "capture:quarantine_*": EDITORS,
    # --- content, in Wagtail
    "wagtailadmin_login": PUBLIC,
    "wagtailadmin_logout": ALL,
    "wagtailadmin_home": EDITORS,
    "wagtailadmin_*": EDITORS,
    "wagtail_bulk_action": EDITORS,
    "wagtailimages*": EDITORS,
    "wagtaildocs*": EDITORS,
    "wagtailsnippets*": EDITORS,
    "wagtailredirects*": EDITORS,
    "wagtailembeds*": EDITORS,
    "wagtailsettings*": EDITORS,
    "wagtailsites*": OWNER,
    "wagtailusers*": OWNER,
    "wagtailcore*": EDITORS,
}


@lru_cache(maxsize=1024)
def roles_for(view_name: str) -> tuple[str, ...]:
    """The roles that may open an address; the longest matching line decides; nobody if none matches."""
    matches = [pattern for pattern in TABLE if fnmatchcase(view_name, pattern)]
    return TABLE[max(matches, key=len)] if matches else ()
