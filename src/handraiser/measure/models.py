"""What was spent. Everything else that is measured is asked of the other folders' tables."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from handraiser.kit import ids


class Spend(models.Model):
    """Money spent on a channel, perhaps on one campaign, from a day to a day, both included. Minor units."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "spend"))
    channel = models.CharField(max_length=40)
    source = models.CharField(max_length=120, blank=True)
    campaign = models.CharField(max_length=200, blank=True)
    from_date = models.DateField()
    to_date = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "measure_spend"
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__gte=F("from_date")), name="spend_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="spend_is_not_negative"),
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="spend_external_id_once"
            ),
        ]
        indexes = [
            models.Index(fields=["external_id"], name="spend_by_external_id"),
            models.Index(fields=["from_date", "to_date"], name="spend_by_period"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.from_date}"
