"""What other folders ask about the organisation and its staff."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.conf import settings

from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import Role


@dataclass(frozen=True)
class Step:
    """One thing to do before the product is ready: what, where, whether it is done, why, and the button's words."""

    label: str
    url: str
    done: bool
    why: str = ""
    verb: str = ""


def getting_ready() -> list[Step]:
    """The steps of the first evening, for "Getting ready 3 of 5"."""
    organisation = Organisation.get()
    mail = settings.DEMO or organisation.mail_tested_at is not None
    owners = User.objects.filter(role=Role.OWNER, is_active=True)
    return [
        Step("Name your organisation", "/admin/settings/organisation/", organisation.set_up_at is not None),
        Step(
            "Send a test mail", "/admin/settings/mail/", mail, "Downloads, notices and sequences go by mail."
        ),
        Step(
            "Add your postal address",
            "/admin/settings/organisation/",
            bool(organisation.postal_address.strip()),
            "Marketing mail must show it; without it none is sent.",
        ),
        Step(
            "Invite a colleague",
            "/admin/settings/staff/",
            User.objects.count() > 1,
            "Leads are routed to whoever sells.",
        ),
        Step(
            "Protect your sign-in with a second step",
            "/accounts/2fa/",
            Authenticator.objects.filter(user__in=owners).exists(),
            "Other people's addresses are in here.",
        ),
    ]
