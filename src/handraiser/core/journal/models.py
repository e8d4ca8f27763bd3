"""The spine's own rows in the records database: what waits for the relay, where readers are, what is parked."""

from __future__ import annotations

from django.db import models


class OutboxEvent(models.Model):
    """A fact of a records transaction, waiting to be copied into the journal."""

    id = models.BigAutoField(primary_key=True)
    message_id = models.CharField(max_length=64)
    payload = models.TextField(help_text="The envelope as JSON.")

    class Meta:
        db_table = "journal_outbox"


class Cursor(models.Model):
    """How far a reader has come, in which journal."""

    reader = models.CharField(max_length=64, primary_key=True)
    epoch = models.CharField(max_length=40)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "journal_cursor"


class ParkedEvent(models.Model):
    """An event that a reader could not take, or a later one of the same subject that waits behind it."""

    id = models.BigAutoField(primary_key=True)
    reader = models.CharField(max_length=64)
    message_id = models.CharField(max_length=64)
    position = models.BigIntegerField()
    subject = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=80)
    payload = models.TextField(help_text="The envelope as JSON; the journal may be sealed by then.")
    attempts = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    parked_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    set_aside_at = models.DateTimeField(null=True, help_text="A person decided that it is not needed.")

    class Meta:
        db_table = "journal_parked"
        constraints = [
            models.UniqueConstraint(fields=["reader", "message_id"], name="parked_once_a_reader"),
        ]
        indexes = [
            # Retry walks a reader's parked events in the journal's order.
            models.Index(fields=["reader", "position"], name="parked_in_order"),
        ]


class IdempotentReply(models.Model):
    """A write of the API that was answered: the same key gets the same answer, and nothing happens again."""

    scope = models.CharField(max_length=200, help_text="Key of the program, method and path.")
    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64)
    status = models.IntegerField()
    reply = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "journal_idempotent_reply"
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="answered_once")]
        indexes = [models.Index(fields=["at"], name="reply_oldest_first")]
