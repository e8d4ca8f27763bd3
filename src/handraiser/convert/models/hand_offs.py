"""A qualified lead, offered to a rep."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.convert.models.routes import Route
from handraiser.convert.reasons import Reject
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role
from handraiser.kit import ids


class HandOffState(models.TextChoices):
    """What became of an offer."""

    WAITING = "waiting", "Waiting"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"


class HandOffQuerySet(models.QuerySet):
    """Row rights: a rep sees what was offered to them, or to everybody."""

    def visible_to(self, user: User) -> HandOffQuerySet:
        if user.role == Role.REP:
            return self.filter(Q(owner=user) | Q(open_to_all=True))
        return self.all()

    def waiting(self) -> HandOffQuerySet:
        return self.filter(state=HandOffState.WAITING)

    def with_leads(self) -> HandOffQuerySet:
        """Everything that a row of a list shows, in one query."""
        return self.select_related("lead", "lead__person", "lead__person__company", "lead__owner", "owner")


class HandOff(models.Model):
    """One offer of one lead to one rep, or, when nobody is free, to whoever comes first.

    `cause` is the message id of the event that made it, so that no event makes two.
    """

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "handoff"))
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="hand_offs")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    open_to_all = models.BooleanField(default=False, help_text="Nobody was free: the first to accept has it.")
    route = models.ForeignKey(Route, null=True, on_delete=models.SET_NULL, related_name="+")
    why = models.CharField(max_length=200, help_text="Why this rep, in words.")
    cause = models.CharField(max_length=80, unique=True)
    offered_at = models.DateTimeField()
    answer_by = models.DateTimeField(null=True, help_text="None: no clock runs.")
    state = models.CharField(max_length=10, choices=HandOffState.choices, default=HandOffState.WAITING)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.CharField(max_length=16, choices=Reject.choices, blank=True)
    reason_note = models.TextField(blank=True)
    recycle_on = models.DateField(null=True)

    objects = HandOffQuerySet.as_manager()

    class Meta:
        db_table = "convert_hand_off"
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(state=HandOffState.WAITING), name="one_waiting_hand_off_a_lead"
            )
        ]
        indexes = [
            models.Index(fields=["owner", "state", "answer_by"], name="hand_off_by_clock"),
            models.Index(fields=["-offered_at"], name="hand_off_newest"),
            models.Index(fields=["state", "offered_at"], name="hand_off_by_state"),
        ]

    def __str__(self) -> str:
        return self.id

    def get_absolute_url(self) -> str:
        # Written out: the loop tells reps this address, and should not load every view for it.
        return f"/admin/hand-offs/{self.id}/"
