"""What is kept of the score of a company."""

from __future__ import annotations

from django.db import models

from handraiser.core.people.models import Company
from handraiser.qualify.rules.titles import LABELS, Role


class Account(models.Model):
    """The score of a company's buying committee as last worked out (`rules.accounts`): for lists and sorting.

    A cache: it can be thrown away, and is worked out again when something of its people changes, and by the hour.
    """

    company = models.OneToOneField(
        Company, primary_key=True, on_delete=models.CASCADE, related_name="qualify_account"
    )
    hundredths = models.IntegerField(default=0, help_text="Of a point; 0 to 10,000.")
    engaged = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0, help_text="With an open lead.")
    missing = models.CharField(max_length=60, default="", help_text="Roles, parted by commas.")
    counted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When it is to be worked out again.")

    class Meta:
        db_table = "qualify_account"
        indexes = [
            models.Index(fields=["due_at"], name="account_due"),
            models.Index(fields=["-hundredths", "company"], name="account_best"),
        ]

    def __str__(self) -> str:
        return f"{self.company_id}: {self.hundredths / 100:.0f}"

    @property
    def missing_in_words(self) -> str:
        """The roles that nobody engaged has: "economic buyer, user"; empty when all are there."""
        return ", ".join(LABELS[Role(role)].lower() for role in self.missing.split(",") if role)

    @property
    def points(self) -> int:
        """From 0 to 100, as people read it."""
        return self.hundredths // 100
