"""What people allowed, with the proof."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.core.people.models import Person
from handraiser.kit import ids


class Purpose(models.Model):
    """What we may do with somebody's details."""

    key = models.SlugField(max_length=40, primary_key=True)
    label = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "consent_purpose"

    def __str__(self) -> str:
        return self.label


class Wording(models.Model):
    """The exact words that were shown. Never edited: other words are another row."""

    hash = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of purpose, locale and text.")
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    locale = models.CharField(max_length=12, default="en-gb")
    first_used_at = models.DateTimeField()

    class Meta:
        db_table = "consent_wording"


class Grant(models.Model):
    """A permission of a person, and its withdrawal. Rows are only added and closed, never rewritten."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "grant"))
    # The index of permissions in force finds them by person; nobody asks by purpose or words.
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants", db_index=False)
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="+", db_index=False)
    wording = models.ForeignKey(Wording, on_delete=models.PROTECT, related_name="+", db_index=False)
    proof = models.JSONField(
        default=dict, help_text="Where, with what, from where: page, form, truncated IP."
    )
    granted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_how = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "consent_grant"
        indexes = [models.Index(fields=["person", "purpose", "withdrawn_at"], name="grant_in_force")]
