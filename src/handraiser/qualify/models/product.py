"""Leads whose product use speaks for them."""

from __future__ import annotations

from django.db import models

from handraiser.core.people.models import Lead


class ProductLead(models.Model):
    """A lead is a PQL: since when, and by which product event. It stands beside the stage and stays."""

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="product_lead")
    at = models.DateTimeField()
    signal = models.CharField(max_length=200, help_text="The product event as the rule set names it.")
    event = models.CharField(max_length=64, help_text="The id of the event that completed it.")
    rule_set_number = models.PositiveIntegerField()

    class Meta:
        db_table = "qualify_product_lead"

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.signal}"
