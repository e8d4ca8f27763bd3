"""Rule sets tried on history: one run for each content, and the leads that change sides."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.core.people.models import Lead
from handraiser.kit import ids
from handraiser.qualify.models.rule_sets import RuleSet


class BackTest(models.Model):
    """What a rule set would have done beside the live one, for leads of the past. `result` is empty until then."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "test"))
    rule_set = models.ForeignKey(RuleSet, on_delete=models.CASCADE, related_name="back_tests")
    live = models.ForeignKey(RuleSet, on_delete=models.CASCADE, related_name="+")
    content_hash = models.CharField(
        max_length=64, help_text="Of the rules that were tried, and of the live ones."
    )
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Percent.")
    result = models.JSONField(default=dict, help_text="`actions.back_tests.Result` as data: counts only.")
    trouble = models.CharField(max_length=200, blank=True, help_text="Why it ended without a result.")

    class Meta:
        db_table = "qualify_back_test"
        constraints = [
            models.UniqueConstraint(fields=["rule_set", "content_hash"], name="back_test_once"),
        ]
        indexes = [models.Index(fields=["rule_set", "-asked_at"], name="back_test_newest")]

    def __str__(self) -> str:
        return f"{self.rule_set} on history"


class ChangedSide(models.Model):
    """A lead that would have become MQL under one of two rule sets only, with its most points while watched."""

    id = models.BigAutoField(primary_key=True)
    back_test = models.ForeignKey(BackTest, on_delete=models.CASCADE, related_name="sides")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    points_before = models.BigIntegerField(help_text="Micro-points by the live set.")
    points_after = models.BigIntegerField()
    becomes_mql = models.BooleanField(help_text="By the set that was tried; else by the live one only.")
    outcome = models.CharField(
        max_length=16, help_text="What became of it in the end, a stage; empty: no more."
    )

    class Meta:
        db_table = "qualify_changed_side"

    def __str__(self) -> str:
        return f"{self.lead_id} {'becomes' if self.becomes_mql else 'is no longer'} MQL"
