"""Sequences: what is sent to whom, when; and where each person stands in them."""

from __future__ import annotations

from collections import Counter
from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.core.people.models import Lead, Person
from handraiser.kit import ids
from handraiser.nurture.rules import flow, words


class Sequence(models.Model):
    """A series of steps that a person goes through. What it does stands in its versions."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "seq"))
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, help_text="Nobody enters and nobody moves.")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "nurture_sequence"

    def __str__(self) -> str:
        return self.name


class SequenceVersion(models.Model):
    """What a sequence does: trigger, steps, exits. Once published it is never changed."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    flow = models.JSONField(help_text="trigger, steps, exits: see rules.flow.")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "nurture_version"
        constraints = [
            models.UniqueConstraint(fields=["sequence", "number"], name="sequence_version_once"),
            models.UniqueConstraint(fields=["sequence"], condition=Q(state="live"), name="one_live_version"),
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(state="draft"), name="one_draft_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.number}"

    @property
    def kinds(self) -> Counter[str]:
        """How many steps of each kind it has."""
        return Counter(step["kind"] for step in flow.walk(self.flow["steps"]))


class Enrolment(models.Model):
    """A person inside a sequence, pinned to the version of the day they entered.

    `step` is the key of the step that comes next, at `due_at`.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Inside"
        PAUSED = "paused", "Paused"
        FINISHED = "finished", "Finished"
        EXITED = "exited", "Left"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "enr"))
    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="enrolments")
    version = models.ForeignKey(SequenceVersion, on_delete=models.PROTECT, related_name="enrolments")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolments")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    step = models.CharField(max_length=40, blank=True)
    due_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True, help_text="Why it ended or stands still.")
    error = models.TextField(blank=True)
    entered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "nurture_enrolment"
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "person"],
                condition=Q(state__in=["active", "paused"]),
                name="inside_a_sequence_once",
            ),
        ]
        indexes = [
            # The sweep takes what is due.
            models.Index(fields=["due_at", "id"], condition=Q(state="active"), name="enrolment_due"),
            models.Index(fields=["sequence", "state", "-entered_at"], name="enrolment_of_sequence"),
            models.Index(fields=["person", "state"], name="enrolment_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.sequence}"

    @property
    def next_words(self) -> str:
        """The step that comes next, as people read it; "" when none does."""
        step = flow.find(self.version.flow["steps"], self.step) if self.step else None
        return f"{step['kind'].capitalize()}: {words.title(step)}" if step else ""

    @property
    def why(self) -> str:
        """Why it ended or stands still, in words."""
        return words.REASONS.get(self.reason, self.reason)


class StepRun(models.Model):
    """A step that was carried out for a person: never twice."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="runs")
    step = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    outcome = models.CharField(max_length=20, blank=True, help_text="yes or no of a condition, …")
    at = models.DateTimeField()

    class Meta:
        db_table = "nurture_step_run"
        constraints = [models.UniqueConstraint(fields=["enrolment", "step"], name="step_once_a_person")]

    def __str__(self) -> str:
        return f"{self.kind} {self.outcome}".strip()
