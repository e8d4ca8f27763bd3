"""The ideal customer."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class IdealCustomer(models.Model):
    """One version of the criteria; the newest is in force, and taking a change back makes another one."""

    number = models.PositiveIntegerField(primary_key=True)
    content = models.JSONField(help_text="`rules.ideal.Ideal` as data.")
    change = models.CharField(max_length=300, help_text="What was changed, in words.")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        db_table = "qualify_ideal_customer"

    def __str__(self) -> str:
        return f"Ideal customer {self.number}"
