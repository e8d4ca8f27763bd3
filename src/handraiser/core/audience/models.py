"""Segments, who is in them, and when time alone will change that."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.core.audience.rules import conditions
from handraiser.core.people.models import Person
from handraiser.kit import ids


class Segment(models.Model):
    """A set of people by what is true of them. `definition` decides; `draft` is what somebody is changing.

    A segment is live while it has a definition and is not archived. After a change everybody is looked at anew:
    `rebuild_upto` is the last person of that so far, None when it is done.
    """

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "segment"))
    name = models.CharField(max_length=120)
    definition = models.JSONField(null=True)
    draft = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=0, help_text="Counts what was saved.")
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    rebuild_upto = models.CharField(max_length=40, null=True)
    rebuild_done = models.PositiveIntegerField(default=0)
    rebuild_total = models.PositiveIntegerField(default=0)
    rebuild_at = models.DateTimeField(null=True, help_text="When the last piece was done.")

    class Meta:
        db_table = "audience_segment"

    def __str__(self) -> str:
        return self.name

    @property
    def live(self) -> bool:
        return self.definition is not None and self.archived_at is None

    @property
    def saved(self) -> conditions.Definition | None:
        """What decides now; None before it was saved first."""
        return None if self.definition is None else conditions.from_data(self.definition)

    @property
    def drafted(self) -> conditions.Definition:
        """What is being changed, else what is saved, else nothing."""
        data = self.draft if self.draft is not None else self.definition
        return conditions.Definition() if data is None else conditions.from_data(data)

    @property
    def rebuilding(self) -> bool:
        return self.rebuild_upto is not None


class SegmentVersion(models.Model):
    """A definition as it was saved, so that it can be had back."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    definition = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=120, blank=True, help_text="Id of a member of staff.")

    class Meta:
        db_table = "audience_segment_version"
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Membership(models.Model):
    """Somebody is in a segment."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    since = models.DateTimeField()

    class Meta:
        db_table = "audience_membership"
        constraints = [models.UniqueConstraint(fields=["person", "segment"], name="membership_once")]
        indexes = [models.Index(fields=["segment", "-since", "-id"], name="membership_newest")]


class Exit(models.Model):
    """Somebody was in a segment, from and to."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="exits", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    left_at = models.DateTimeField()

    class Meta:
        db_table = "audience_exit"
        indexes = [models.Index(fields=["segment", "-left_at"], name="exit_newest")]


class DueLook(models.Model):
    """When somebody is to be looked at again though nothing happened: an event leaves a window then."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "audience_due_look"
        constraints = [models.UniqueConstraint(fields=["person", "segment"], name="due_look_once")]
        indexes = [models.Index(fields=["due_at"], name="due_look_next")]


class Touched(models.Model):
    """Somebody of whom something changed that no fact tells: points above all. Gone when they were looked at."""

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "audience_touched"
