"""Which visitor is which person, what they did, and who turned out to be one person."""

from __future__ import annotations

from functools import partial

from django.db import models

from handraiser.core.people.models import Lead, Person
from handraiser.kit import ids


class VisitorLink(models.Model):
    """A visitor id that belongs to a person. The first link stays: a shared browser is not re-labelled."""

    visitor = models.CharField(max_length=64, primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="visitor_links")
    how = models.CharField(max_length=20, help_text="form, identify or email_click")
    certainty = models.CharField(max_length=10, default="certain", help_text="certain or likely")
    linked_at = models.DateTimeField()

    class Meta:
        db_table = "identity_visitor_link"


class TimelineItem(models.Model):
    """An event of an identified person, copied from the journal; bots are left out."""

    id = models.BigAutoField(primary_key=True)
    # The index below begins with the person: another would serve nobody.
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    lead_id = models.CharField(max_length=40, blank=True)
    visitor = models.CharField(max_length=64, blank=True)
    message_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()
    body = models.JSONField(default=dict)
    told_person = models.CharField(
        max_length=40,
        blank=True,
        default="",
        help_text="Whom the event itself names; empty: known by the visitor.",
    )
    told_lead = models.CharField(max_length=40, blank=True, default="", help_text="The lead that it names.")

    class Meta:
        db_table = "identity_timeline"
        indexes = [
            # A person's newest events; scoring reads a window of the same order. The name and the lead are at
            # its end so that a filter passes over a long history, and months are counted, within the index.
            models.Index(fields=["person", "-occurred_at", "-id", "name", "lead_id"], name="timeline_newest"),
        ]


class Merge(models.Model):
    """Two people who turned out to be one. The one who went is in the rows of this merge, to the last value."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "merge"))
    kept = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="merges")
    gone_id = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.CharField(max_length=120, blank=True, help_text="Id of a member of staff, or an API key's.")
    timeline_upto = models.BigIntegerField(help_text="The newest row of the timeline then.")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "identity_merge"
        indexes = [models.Index(fields=["kept", "-at"], name="merge_newest")]

    def __str__(self) -> str:
        return f"{self.gone_id} into {self.kept_id}"


class MergedRow(models.Model):
    """What a merge did to one row: enough to take it back. Deleted when it was.

    `moved`: the column `field` went from `was` to `became`. `changed`: likewise, with any values, as JSON.
    `removed`: the whole row is in `was`. `added`: the merge made it.
    """

    id = models.BigAutoField(primary_key=True)
    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=8)
    model = models.CharField(max_length=80)
    row = models.CharField(max_length=64)
    field = models.CharField(max_length=60, blank=True)
    was = models.TextField(blank=True)
    became = models.TextField(blank=True)

    class Meta:
        db_table = "identity_merged_row"

    def __str__(self) -> str:
        return f"{self.model} {self.row} {self.kind}"


class Alias(models.Model):
    """An id that once named a person or a lead, and whom it means since a merge."""

    old_id = models.CharField(max_length=40, primary_key=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="aliases")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.CASCADE, related_name="aliases")

    class Meta:
        db_table = "identity_alias"

    def __str__(self) -> str:
        return self.old_id


class Search(models.Model):
    """A run of the duplicate finder over everybody."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "search"))
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=120, blank=True)
    finished_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "identity_search"

    def __str__(self) -> str:
        return self.id


class LikelyPair(models.Model):
    """Two people who are probably one, or of whom somebody said that they are not. The smaller id is `one`."""

    class State(models.TextChoices):
        OPEN = "open", "To decide"
        NOT_THE_SAME = "not_same", "Not the same"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "pair"))
    one = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    probability = models.FloatField()
    reasons = models.JSONField(default=list, help_text="Field, how it agrees, bits; no values.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "identity_likely_pair"
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="pair_once")]
        indexes = [models.Index(fields=["state", "-probability", "id"], name="pair_likeliest")]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}"
