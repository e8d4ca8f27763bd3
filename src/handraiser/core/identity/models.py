"""Which visitor is which person, and everything that an identified person did."""

from __future__ import annotations

from django.db import models

from handraiser.core.people.models import Person


class VisitorLink(models.Model):
    """A visitor id that belongs to a person. The first link stays: a shared browser is not re-labelled."""

    visitor = models.CharField(max_length=64, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="visitor_links")
    how = models.CharField(max_length=20, help_text="form, identify or email_click")
    certainty = models.CharField(max_length=10, default="certain", help_text="certain or likely")
    linked_at = models.DateTimeField()

    class Meta:
        db_table = "identity_visitor_link"


class TimelineItem(models.Model):
    """An event of an identified person, copied from the journal; bots are left out."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    lead_id = models.CharField(max_length=40, blank=True)
    visitor = models.CharField(max_length=64, blank=True)
    message_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()
    body = models.JSONField(default=dict)

    class Meta:
        db_table = "identity_timeline"
        indexes = [
            # A person's newest events; scoring reads a window of the same order.
            models.Index(fields=["person", "-occurred_at", "-id"], name="timeline_newest"),
        ]
