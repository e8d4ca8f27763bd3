"""Rule sets with their versions, what is known of scores, and the history of stages."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.core.people.models import Lead, Person, Stage
from handraiser.kit import ids
from handraiser.qualify.rules import rule_set
from handraiser.qualify.rules.rule_set import Rules


class RuleSet(models.Model):
    """One version of the rules that give points. A published version never changes; a change is a new one."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "rules"))
    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    content = models.JSONField(help_text="`rules.rule_set.Rules` as data.")
    note = models.CharField(max_length=200, blank=True, help_text="Why it was changed.")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        db_table = "qualify_rule_set"
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="live"), name="one_live_rule_set"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="draft"), name="one_draft_rule_set"),
        ]

    def __str__(self) -> str:
        return f"Rule set {self.number}"

    @property
    def rules(self) -> Rules:
        """The typed content. Raises DomainError("rule_set_unreadable")."""
        return rule_set.from_data(self.content)


class ScoreState(models.Model):
    """What is kept of the score of a person with open leads: when it was last worked out, from which counts, and
    when time alone will change it.

    A cache: it can be thrown away, and the next event makes it again from the timeline.
    """

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="+")
    rule_set_number = models.PositiveIntegerField()
    scored_at = models.DateTimeField()
    next_change_at = models.DateTimeField(null=True, help_text="None: only an event changes it.")
    kept = models.TextField(default="", help_text="`actions.scores.Kept` as JSON; empty: to be made anew.")

    class Meta:
        db_table = "qualify_score_state"
        indexes = [
            models.Index(fields=["next_change_at"], name="score_due"),
            # Who was scored by an older rule set.
            models.Index(fields=["rule_set_number"], name="score_by_rule_set"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} by set {self.rule_set_number}"


class Profile(models.Model):
    """What scoring knew of a person from a moment on: the attributes that rules may look at.

    Kept so that the score of a past moment uses the job title of that moment. The journal cannot tell:
    personal values never enter it.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    attributes = models.JSONField(default=dict)

    class Meta:
        db_table = "qualify_profile"
        indexes = [models.Index(fields=["person", "-at", "-id"], name="profile_newest")]

    def __str__(self) -> str:
        return f"{self.person_id} from {self.at:%Y-%m-%d}"


class StageChange(models.Model):
    """A lead moved from one stage to another: when, by whom, why, and under which rule set."""

    id = models.BigAutoField(primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="stage_changes")
    number = models.PositiveIntegerField(help_text="Counts the changes of one lead, from 1.")
    previous = models.CharField(max_length=16, choices=Stage.choices)
    stage = models.CharField(max_length=16, choices=Stage.choices)
    at = models.DateTimeField()
    by = models.CharField(max_length=120, blank=True, help_text="Empty: the rules.")
    reason = models.CharField(max_length=300, blank=True)
    rule_set_number = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "qualify_stage_change"
        constraints = [
            models.UniqueConstraint(fields=["lead", "number"], name="stage_change_numbered"),
        ]
        indexes = [
            # KPIs count arrivals in a stage over a period.
            models.Index(fields=["stage", "at"], name="stage_change_by_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.previous} to {self.stage}"
