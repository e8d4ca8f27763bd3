"""What sales answered when a lead was handed over."""

from __future__ import annotations

from django.db import models

from handraiser.core.people.models import Lead
from handraiser.qualify.rules.feedback import REASONS, Outcome


class SalesAnswer(models.Model):
    """A rep accepted or rejected a lead, and what the lead was like at that moment.

    Kept with its points and rules of then: later events and other rules do not change what was judged.
    `key` is the hand-off, or the stage change when somebody moved an MQL by hand.
    """

    key = models.CharField(max_length=80, primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="sales_answers", db_index=False)
    outcome = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Outcome])
    reason = models.CharField(max_length=16, choices=list(REASONS.items()), blank=True)
    by = models.CharField(max_length=120, blank=True, help_text="Id of a member of staff.")
    at = models.DateTimeField()
    source = models.CharField(max_length=120, blank=True, help_text="The lead's; empty: unknown.")
    channel = models.CharField(max_length=40, blank=True)
    points = models.BigIntegerField(default=0, help_text="Micro-points at that moment.")
    grade = models.CharField(max_length=2, blank=True)
    rule_set_number = models.PositiveIntegerField(null=True)
    rules = models.JSONField(default=list, help_text="Keys of the rules that gave points then.")

    class Meta:
        db_table = "qualify_sales_answer"
        indexes = [
            models.Index(fields=["at"], name="sales_answer_by_day"),
            models.Index(fields=["lead"], name="sales_answer_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.outcome}"
