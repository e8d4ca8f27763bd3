"""Who works here: invited, let in, given a role, let go."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from handraiser.core.staff.actions import audit
from handraiser.core.staff.models import Organisation, User
from handraiser.core.staff.roles import LABELS, Role
from handraiser.kit import clock
from handraiser.kit.errors import DomainError

LINK_LASTS = timedelta(days=7)
_SALT = "handraiser.staff.join"


def invite(*, email: str, role: str, by: User, at: datetime) -> User:
    """Make a member who cannot sign in yet and mail the link; inviting again renews the link.

    Raises DomainError("already_here") if this address belongs to somebody who came in.
    """
    address = User.objects.normalize_email(email).lower()
    with transaction.atomic():
        member = User.objects.filter(email=address).first()
        if member is None:
            member = User(email=address)
            member.set_unusable_password()
        elif member.invited_at is None:
            raise DomainError(
                "already_here", f"{address} has an account here.", kind="conflict", field="email"
            )
        member.role, member.invited_at, member.is_active = Role(role), at, False
        member.takes_leads = member.role == Role.REP
        member.save()
        audit.record(actor=by, action="staff.invited", object=address, at=at, detail={"role": role})
    _mail(member, by)
    return member


def _mail(member: User, by: User) -> None:
    organisation = Organisation.get()
    text = render_to_string(
        "staff/mail/invitation.txt",
        {
            "by": by,
            "organisation": organisation,
            "role": LABELS[Role(member.role)],
            "link": join_link(member),
            "days": LINK_LASTS.days,
        },
    )
    send_mail(f"{by} invites you to {organisation.name} on Handraiser", text, None, [member.email])


def join_link(member: User) -> str:
    """The address at which an invited member chooses a name and a password."""
    if member.invited_at is None:
        raise DomainError("not_invited", "This person is here already.", kind="conflict")
    token = signing.dumps([member.pk, clock.ms(member.invited_at)], salt=_SALT)
    return f"{settings.BASE_URL}/join/{token}/"


def invited(token: str) -> User:
    """The member behind a link. Raises DomainError("link_over") when it expired, was used or replaced."""
    try:
        pk, invited_ms = signing.loads(token, salt=_SALT, max_age=LINK_LASTS)
        member = User.objects.get(pk=pk, invited_at__isnull=False)
    except (signing.BadSignature, ValueError, TypeError, User.DoesNotExist):
        raise _over() from None
    if member.invited_at is None or clock.ms(member.invited_at) != invited_ms:
        raise _over()
    return member


def _over() -> DomainError:
    return DomainError(
        "link_over",
        "This invitation has been used or is too old. Ask whoever invited you for a new one.",
        kind="refused",
    )


@transaction.atomic
def join(*, member: User, name: str, password: str, at: datetime) -> User:
    """Let an invited member in."""
    member.name, member.invited_at, member.is_active = name, None, True
    member.set_password(password)
    member.save()
    audit.record(actor=member, action="staff.joined", object=member.email, at=at)
    return member


@transaction.atomic
def introduce(*, member: User, name: str, email: str, at: datetime) -> None:
    """Give the first owner, who was made by the command line, a name and an address of their own."""
    member.name, member.email = name, email
    member.save()
    # allauth remembers the addresses that somebody signed in with; the made-up one must not open the door.
    EmailAddress.objects.filter(user=member).exclude(email=email).delete()
    audit.record(actor=member, action="staff.introduced", object=email, at=at)


@transaction.atomic
def change(*, member: User, role: str, takes_leads: bool, by: User, at: datetime) -> None:
    """Give another role. Raises DomainError("last_owner")."""
    if role != Role.OWNER:
        _keep_an_owner(member)
    before = {"role": member.role, "takes_leads": member.takes_leads}
    member.role, member.takes_leads = Role(role), takes_leads
    member.save()
    after = {"role": role, "takes_leads": takes_leads}
    if before != after:
        audit.record(
            actor=by, action="staff.changed", object=member.email, at=at, detail={"from": before, "to": after}
        )


@transaction.atomic
def deactivate(*, member: User, by: User, at: datetime) -> None:
    """Close an account, or withdraw an invitation. Leads keep their owner until they are assigned anew.

    Raises DomainError("last_owner").
    """
    _keep_an_owner(member)
    if member.invited_at is not None:
        audit.record(actor=by, action="staff.invitation_withdrawn", object=member.email, at=at)
        member.delete()
        return
    member.is_active = False
    member.save()
    audit.record(actor=by, action="staff.deactivated", object=member.email, at=at)


@transaction.atomic
def reactivate(*, member: User, by: User, at: datetime) -> None:
    """Open a closed account again; its password still works."""
    member.is_active = True
    member.save()
    audit.record(actor=by, action="staff.reactivated", object=member.email, at=at)


def _keep_an_owner(member: User) -> None:
    if member.role != Role.OWNER or not member.is_active:
        return
    # The rows are locked, so that two owners cannot let each other go at the same moment.
    owners = User.objects.select_for_update().filter(role=Role.OWNER, is_active=True)
    if not [owner for owner in owners if owner.pk != member.pk]:
        raise DomainError(
            "last_owner", "This is the only owner. Make somebody else an owner first.", kind="conflict"
        )
