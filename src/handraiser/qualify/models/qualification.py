"""What sales knows of a lead by BANT and MEDDIC, and how the organisation asks."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models

from handraiser.core.people.models import Lead
from handraiser.kit import ids
from handraiser.qualify.rules.frameworks import PLACES


class Noted(models.Model):
    """What somebody noted about one element of a lead: never changed, only followed by a newer row, or taken back.

    The newest row of an element that was not taken back is what is known. Without a `value` it says that the
    element was asked about and is still unknown.
    """

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "noted"))
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="noted")
    framework = models.CharField(max_length=8, help_text="A key of `rules.frameworks.FRAMEWORKS`.")
    element = models.CharField(max_length=20)
    value = models.SmallIntegerField(null=True, help_text="BANT 0 to 3, MEDDIC 1 to 5; None: unknown.")
    text = models.TextField(blank=True, help_text="The evidence, in words.")
    came_from = models.CharField(max_length=10, choices=list(PLACES.items()))
    submission = models.CharField(max_length=40, blank=True, help_text="The form's answer that told it.")
    said_by = models.CharField(max_length=120, blank=True, help_text="Who said it.")
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    noted_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "qualify_noted"
        indexes = [models.Index(fields=["lead", "-noted_at", "-id"], name="noted_newest")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.element}"


class Asking(models.Model):
    """How this organisation asks: which frameworks, in which words, and which fields tell an element. Row 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    uses = models.CharField(max_length=8, default="bant", help_text="A key of `rules.frameworks.USES`.")
    questions = models.JSONField(default=dict, help_text="Our own words, by `<framework>.<element>`.")
    fields = models.JSONField(default=dict, help_text="Names of fields, by `<framework>.<element>`.")
    changed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "qualify_asking"

    def __str__(self) -> str:
        return self.uses

    @classmethod
    def get(cls) -> Asking:
        """The row; the defaults while nobody saved any."""
        return cls.objects.filter(id=1).first() or cls()
