"""The written table: which role may open which address. An address that is not here is closed to everybody.

Keys are names of addresses, with `*` for "and all below". `PUBLIC` addresses guard themselves: public pages,
signed links, the login, the API by its keys. Row rights (a sales rep's own leads) are in
`core.people.models.LeadQuerySet.visible_to`. `tests/architecture/test_permissions.py` walks the whole table.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

from handraiser.core.staff.roles import ALL, EDITORS, Role

PUBLIC = ("public",)
OWNER = (Role.OWNER,)
READERS = (Role.OWNER, Role.MARKETER, Role.ANALYST)

TABLE: dict[str, tuple[str, ...]] = {
    # --- doors for everybody
    "healthz": PUBLIC,
    "readyz": PUBLIC,
    "favicon": PUBLIC,
    "wagtail_serve": PUBLIC,
    "wagtaildocs_serve": EDITORS,
    "wagtaildocs_authenticate_with_password": PUBLIC,
    "wagtailcore_authenticate_with_password": PUBLIC,
    "media": PUBLIC,
    "account_*": PUBLIC,
    "mfa_*": ALL,
    "api:*": PUBLIC,
    "*_public:*": PUBLIC,
    # --- the shell
    "console:find": ALL,
    # --- content, in Wagtail
    "wagtailadmin_login": PUBLIC,
    "wagtailadmin_logout": ALL,
    "wagtailadmin_home": EDITORS,
    "wagtailadmin_*": EDITORS,
    "wagtailimages*": EDITORS,
    "wagtaildocs*": EDITORS,
    "wagtailsnippets*": EDITORS,
    "wagtailredirects*": EDITORS,
    "wagtailforms*": EDITORS,
    "wagtailembeds*": EDITORS,
    "wagtailstyleguide*": EDITORS,
    "wagtailsettings*": EDITORS,
    "wagtailsites*": OWNER,
    "wagtailusers*": OWNER,
    "wagtaillocales*": OWNER,
    "wagtailcore*": EDITORS,
}


@lru_cache(maxsize=1024)
def roles_for(view_name: str) -> tuple[str, ...]:
    """The roles that may open an address; the longest matching line decides; nobody if none matches."""
    matches = [pattern for pattern in TABLE if fnmatchcase(view_name, pattern)]
    return TABLE[max(matches, key=len)] if matches else ()
