"""Keeping lead magnets, giving people their links, and handing the thing over."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from handraiser.capture.models import LeadMagnet, MagnetGrant, Submission
from handraiser.capture.rules import files
from handraiser.core.delivery.actions import messages
from handraiser.core.journal import outbox
from handraiser.core.journal.events.capture import MagnetDownloaded, MagnetSent
from handraiser.core.people.models import Lead, Person
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock, ids, rows
from handraiser.kit.errors import DomainError

NEW_LINKS_A_DAY = 3  # that anybody who holds an old link may ask for


def save(
    *,
    magnet: LeadMagnet | None,
    values: Mapping[str, Any],
    at: datetime,
    upload: BinaryIO | None = None,
    upload_name: str = "",
) -> LeadMagnet:
    """Make or change a magnet. `values`: name, kind, text, expires_hours, max_downloads.

    A file is told by its content, not by its name, and kept in the private folder under a random name. Raises
    DomainError("empty_magnet"), ("name_taken") or ("bad_file").
    """
    magnet = magnet or LeadMagnet(id=ids.new("magnet", at_ms=clock.ms(at)), created_at=at)
    for key in ("name", "kind", "text", "expires_hours", "max_downloads"):
        if key in values:
            setattr(magnet, key, values[key])
    if not upload and not magnet.file and not magnet.text.strip():
        raise DomainError(
            "empty_magnet", "Add a file, or write the code or text that people get.", field="file"
        )
    if LeadMagnet.objects.filter(name=magnet.name).exclude(id=magnet.id).exists():
        raise DomainError("name_taken", f"There is a magnet called {magnet.name} already.", field="name")
    before = magnet.file.name if magnet.file else ""
    if upload is not None:
        media_type = files.sniff(upload.read(4096), upload_name)
        if media_type is None:
            raise DomainError("bad_file", files.REFUSAL, field="file")
        upload.seek(0, 2)
        magnet.size = upload.tell()
        upload.seek(0)
        magnet.media_type = media_type
        magnet.file_name = PurePath(upload_name.replace("\\", "/")).name[:160]
        magnet.file.save(f"magnets/{ids.new('file')}", File(upload), save=False)
    magnet.save()
    if upload is not None and before:
        old = before
        transaction.on_commit(lambda: magnet.file.storage.delete(old))
    return magnet


def token_of(grant: MagnetGrant) -> str:
    """The secret part of a link. Derived, not stored: the page and the mail name the same one."""
    digest = hmac.new(settings.SECRET_KEY.encode(), f"capture.get:{grant.id}".encode(), hashlib.sha256)
    return urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str) -> MagnetGrant:
    """The grant behind a link. Raises DomainError("bad_link")."""
    grant = (
        MagnetGrant.objects.select_related("magnet", "person").filter(token_hash=_hash(token)).first()
        if len(token) < 100
        else None
    )
    if grant is None:
        raise DomainError(
            "bad_link", "This link is not complete. Open it again from the mail.", kind="missing"
        )
    return grant


def give(*, submission: Submission, at: datetime, fresh: bool = False) -> MagnetGrant:
    """The link that belongs to an accepted submission, by mail too; a new one if it has run out.

    Call it inside the transaction of the submission; `fresh` says that it was accepted in this one.
    """
    magnet = submission.form.magnet
    person = submission.person
    if magnet is None or person is None:
        raise DomainError("no_magnet", "This form gives nothing to download.", kind="missing")
    if not fresh:
        given = MagnetGrant.objects.select_related("magnet", "person")
        given = given.filter(submission_id=submission.id, magnet=magnet)
        grant = given.order_by("-granted_at", "-id").first()
        if grant is not None and not spent(grant, at=at):
            return grant
    return _grant(magnet=magnet, person=person, lead=submission.lead, submission_id=submission.id, at=at)


def spent(grant: MagnetGrant, *, at: datetime) -> bool:
    """True if the link no longer works."""
    return at >= grant.expires_at or grant.downloads >= grant.magnet.max_downloads


@transaction.atomic
def send_again(*, grant: MagnetGrant, at: datetime) -> MagnetGrant:
    """Mail a new link to the person of an old one; nowhere else, so an old link tells its finder nothing.

    Raises DomainError("too_many") after three in a day, ("erased") when nobody is left to write to.
    """
    # The person's row is the lock: two clicks must not count as none.
    person = Person.objects.select_for_update().get(id=grant.person_id)
    if person.erased_at or not person.email:
        raise DomainError("erased", "There is no address any more that we could write to.", kind="refused")
    recent = MagnetGrant.objects.filter(
        person=person, magnet=grant.magnet, granted_at__gt=at - timedelta(days=1)
    ).count()
    if recent >= NEW_LINKS_A_DAY + 1:
        raise DomainError(
            "too_many",
            "Three new links were sent today. Look into your inbox and the spam folder, or ask tomorrow.",
            kind="refused",
        )
    return _grant(
        magnet=grant.magnet, person=person, lead=grant.lead, submission_id=grant.submission_id, at=at
    )


def _grant(
    *, magnet: LeadMagnet, person: Person, lead: Lead | None, submission_id: str, at: datetime
) -> MagnetGrant:
    grant = MagnetGrant(
        id=ids.new("get", at_ms=clock.ms(at)),
        magnet=magnet,
        person=person,
        lead=lead,
        submission_id=submission_id,
        granted_at=at,
        expires_at=at + timedelta(hours=magnet.expires_hours),
    )
    grant.token_hash = _hash(token_of(grant))
    rows.insert([grant])
    outbox.publish(
        MagnetSent(magnet=magnet.id, magnet_name=magnet.name, grant=grant.id),
        at=at,
        person=person.id,
        lead=lead.id if lead else None,
    )
    return grant


def mail(*, grant: MagnetGrant, at: datetime) -> None:
    """Queue the mail with a link; a repeat queues nothing. Somebody without an address has it on the page."""
    if not grant.person.email:
        return
    magnet = grant.magnet
    until = grant.expires_at.astimezone(ZoneInfo(Organisation.get().time_zone))
    verb = "Download" if magnet.file else "Open"
    messages.queue(
        key=f"magnet:{grant.id}",
        person=grant.person,
        lead=grant.lead,
        purpose="transactional",
        template=f"magnet:{magnet.id}",
        subject=f"{magnet.name}, as you asked",
        text=(
            "Hi {{ first_name|there }},\n\nhere is {{ magnet }}.\n\n"
            f"[{verb} {{{{ magnet }}}}]({settings.BASE_URL}/get/{token_of(grant)})\n\n"
            f"The link is yours alone and works until {until:%-d %B, %H:%M}. When it has run out, open it all"
            " the same: you can ask for a new one there."
        ),
        values={"first_name": grant.person.first_name, "magnet": magnet.name},
        at=at,
    )


@transaction.atomic
def fetch(*, grant: MagnetGrant, at: datetime, counted: bool) -> LeadMagnet:
    """Hand the magnet over: count the download and announce it. `counted` is False for machines.

    Raises DomainError("link_spent") when the link has expired or was used up.
    """
    if spent(grant, at=at):
        raise DomainError("link_spent", "This link has run out.", kind="refused")
    if not counted:
        return grant.magnet
    taken = MagnetGrant.objects.filter(id=grant.id, downloads__lt=grant.magnet.max_downloads).update(
        downloads=F("downloads") + 1, first_download_at=Coalesce("first_download_at", at)
    )
    if not taken:
        raise DomainError("link_spent", "This link has run out.", kind="refused")
    outbox.publish(
        MagnetDownloaded(magnet=grant.magnet_id, magnet_name=grant.magnet.name, kind=grant.magnet.kind),
        at=at,
        person=grant.person_id,
        lead=grant.lead_id,
    )
    return grant.magnet
