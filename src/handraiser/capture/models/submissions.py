"""What somebody sent."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.capture.models.forms import Form, FormVersion
from handraiser.core.people.models import Lead, Person
from handraiser.kit import ids


class Submission(models.Model):
    """The answers of one person to one version of a form. Kept whatever becomes of page, form or magnet.

    `answers` is personal and stands nowhere else. `client_token` makes a form that is posted twice one
    submission. `page`, `referrer`, `visitor` and the touches are as the browser told them.
    """

    class State(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        QUARANTINED = "quarantined", "In quarantine"
        REJECTED = "rejected", "Deleted as spam"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "sub"))
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    version = models.ForeignKey(
        FormVersion, on_delete=models.PROTECT, related_name="submissions", db_index=False
    )
    state = models.CharField(max_length=12, choices=State.choices)
    reason = models.CharField(
        max_length=24, blank=True, help_text="Why it was not accepted: rules.spam.Reason"
    )
    answers = models.JSONField(default=dict, help_text="What was asked, by key of the field.")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="submissions")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="submissions")
    page = models.CharField(max_length=600, blank=True)
    page_path = models.CharField(max_length=300, blank=True)
    referrer = models.CharField(max_length=600, blank=True)
    visitor = models.CharField(max_length=64, blank=True)
    first_touch = models.JSONField(default=dict)
    last_touch = models.JSONField(default=dict)
    sender = models.CharField(max_length=40, blank=True, help_text="Keyed hash of the address, for limits.")
    sender_network = models.CharField(max_length=50, blank=True, help_text="The address, truncated.")
    user_agent = models.CharField(max_length=300, blank=True)
    client_token = models.CharField(max_length=64, unique=True)
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, help_text="When staff released or deleted it.")
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "capture_submission"
        indexes = [
            models.Index(fields=["state", "-submitted_at"], name="submission_newest"),
            models.Index(fields=["form", "state", "submitted_at"], name="submission_of_form"),
            models.Index(fields=["sender", "submitted_at"], name="submission_of_sender"),
        ]

    def __str__(self) -> str:
        return self.id
