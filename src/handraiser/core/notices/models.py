"""What we tell the people who work here."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.kit import ids

ICONS = {"hand_off": "lead", "task": "task", "import": "upload", "alert": "alert", "deal": "deal"}


class Notice(models.Model):
    """One thing told to one person. `key` makes it unique for them: told once, however often it is asked."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "notice"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(max_length=160)
    kind = models.CharField(max_length=40, help_text="hand_off, task, import, alert, …")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=400, blank=True, help_text="A path of ours.")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "notices_notice"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_told_once")]
        indexes = [
            models.Index(fields=["user", "-at"], name="notice_newest"),
            # The count in the side, asked every few seconds.
            models.Index(fields=["user", "-id"], condition=Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def icon(self) -> str:
        """The picture beside it."""
        return ICONS.get(self.kind, "bell")
