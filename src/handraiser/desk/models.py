"""What the daily screens keep for themselves: saved views of the lead list, and changes of many leads."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.kit import ids


class SavedViewQuerySet(models.QuerySet):
    """Who sees which view."""

    def visible_to(self, user) -> SavedViewQuerySet:
        """One's own, and those that are shared with everybody."""
        return self.filter(Q(owner=user) | Q(shared=True))


class SavedView(models.Model):
    """A state of the lead list under a name: a tab. Read by `rules.listing`."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "view"))
    name = models.CharField(max_length=60)
    filters = models.JSONField(default=list, help_text="[{key, values, negated}]")
    sort = models.CharField(max_length=24)
    columns = models.JSONField(default=list)
    shared = models.BooleanField(default=False, help_text="Everybody sees it; rows stay those each may see.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        db_table = "desk_saved_view"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


class BulkChange(models.Model):
    """One change of many leads, done in chunks. It remembers what was before, so that it can be undone."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "bulk"))
    kind = models.CharField(max_length=12, help_text="assign, stage or task")
    values = models.JSONField(default=dict, help_text="owner; or stage and reason; or title, kind and due_at")
    lead_ids = models.JSONField(default=list, help_text="In this order; emptied when all were gone through.")
    handled = models.PositiveIntegerField(default=0, help_text="How many of lead_ids were gone through.")
    changed = models.PositiveIntegerField(default=0)
    before = models.JSONField(default=dict, help_text="Lead id: what it had, for those that changed.")
    declined = models.JSONField(default=dict, help_text="Sentence: how many leads it kept from changing.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "desk_bulk_change"

    def __str__(self) -> str:
        return f"{self.kind}, {self.changed} changed"
