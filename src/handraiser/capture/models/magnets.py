"""What people get for raising a hand, and the personal links to it."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import models

from handraiser.core.people.models import Lead, Person
from handraiser.kit import ids


class PrivateFiles(FileSystemStorage):
    """Files outside of everything that is served by path."""

    def url(self, name: str | None) -> str:
        raise ValueError("A private file has no URL; it is handed over through a personal link.")


def private_files() -> PrivateFiles:
    """Where magnets lie; a function, so that migrations name no folder."""
    return PrivateFiles(location=settings.PRIVATE_ROOT)


class LeadMagnet(models.Model):
    """An ebook, a checklist, a code: a file in the private folder, or a text that is shown."""

    class Kind(models.TextChoices):
        EBOOK = "ebook", "Ebook"
        CHECKLIST = "checklist", "Checklist"
        TEMPLATE = "template", "Template"
        WHITEPAPER = "whitepaper", "White paper"
        REPLAY = "replay", "Webinar replay"
        DISCOUNT = "discount", "Discount code"
        TRIAL = "trial", "Trial code"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "magnet"))
    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.EBOOK)
    file = models.FileField(storage=private_files, blank=True, max_length=200)
    file_name = models.CharField(max_length=160, blank=True, help_text="The name that the download gets.")
    media_type = models.CharField(max_length=100, blank=True)
    size = models.BigIntegerField(default=0, help_text="Bytes.")
    text = models.TextField(blank=True, help_text="A code or a text, if it is not a file.")
    expires_hours = models.PositiveIntegerField(default=72, help_text="How long a link works.")
    max_downloads = models.PositiveIntegerField(default=10, help_text="How often one link works.")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "capture_magnet"

    def __str__(self) -> str:
        return self.name


class MagnetGrant(models.Model):
    """One person's link to one magnet. The link itself is not stored, only its hash."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "get"))
    magnet = models.ForeignKey(LeadMagnet, on_delete=models.CASCADE, related_name="grants", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="magnet_grants", db_index=False)
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="+")
    submission_id = models.CharField(max_length=40, blank=True)
    token_hash = models.CharField(max_length=64, unique=True)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    downloads = models.PositiveIntegerField(default=0)
    first_download_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "capture_magnet_grant"
        indexes = [models.Index(fields=["person", "magnet", "-granted_at"], name="magnet_grant_newest")]

    def __str__(self) -> str:
        return self.id
