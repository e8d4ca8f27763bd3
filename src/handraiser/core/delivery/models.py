"""The ledger of everything that is mailed: messages, attempts, what came back, and who wants no more."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q

from handraiser.core.delivery.rules import suppress
from handraiser.core.people.models import Lead, Person
from handraiser.kit import ids


class State(models.TextChoices):
    """Where a message stands. `unknown`: we were cut off while the mail server had it."""

    WAITING = "waiting", "Waiting"
    HELD = "held", "On hold"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    SUPPRESSED = "suppressed", "Not sent"


class Purpose(models.TextChoices):
    """Why we write. Only marketing needs a permission, and only system mail ignores suppressions."""

    TRANSACTIONAL = "transactional", "Asked for"
    MARKETING = "marketing", "Marketing"
    NOTICE = "notice", "Notice to staff"
    SYSTEM = "system", "System"


class Message(models.Model):
    """One mail to one address, exactly as it goes out. `key` is unique: asking twice sends once."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "msg"))
    key = models.CharField(max_length=200, unique=True, help_text="What made it, e.g. seq:enr_…:step")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="+")
    to = models.CharField(max_length=254)
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    template = models.CharField(max_length=120, blank=True, help_text="What it was made from, for counting.")
    subject = models.CharField(max_length=400)
    html = models.TextField(blank=True)
    text = models.TextField()
    links = models.JSONField(default=list, help_text="Targets of the tracked links, by their number.")
    headers = models.JSONField(default=dict, help_text="Beside From, To, Subject, Date and Message-ID.")
    sender_name = models.CharField(max_length=120, blank=True, help_text="Empty: the organisation's.")
    reply_to = models.CharField(max_length=254, blank=True)
    message_id = models.CharField(max_length=200, help_text="RFC 5322 Message-ID, the same at each attempt.")
    state = models.CharField(max_length=12, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True, help_text="Why it was not sent (rules.suppress).")
    error = models.TextField(blank=True, help_text="What the mail server or the network said last.")
    attempts_made = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=120, blank=True, help_text="The process that sends it now.")
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="When it reached a final state.")

    class Meta:
        db_table = "delivery_message"
        indexes = [
            # The sweep takes what is due.
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="message_due"),
            # Mail that somebody waits for overtakes a long queue of marketing.
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state="waiting") & ~Q(purpose="marketing"),
                name="message_due_urgent",
            ),
            # Recovery looks for what a dead process held.
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="message_in_flight"),
            # The outbox's tabs, newest first.
            models.Index(fields=["state", "-settled_at"], name="message_by_state"),
            models.Index(fields=["person", "-queued_at"], name="message_of_person"),
            models.Index(fields=["template", "state"], name="message_of_template"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def why(self) -> str:
        """Why it did not go out, as a sentence."""
        return suppress.SENTENCES.get(self.reason, self.error)


class Attempt(models.Model):
    """One try to hand a message over, stored before its first byte leaves."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    server = models.CharField(max_length=220)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, help_text="None: no answer came.")
    outcome = models.CharField(max_length=12, blank=True, help_text="sent, later, failed, unknown")
    reply = models.TextField(blank=True)

    class Meta:
        db_table = "delivery_attempt"
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="attempt_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome or 'no answer'}"


class DeliveryEvent(models.Model):
    """What came back about a message. `machine` names the proxy or scanner; "" is a person."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, help_text="opened, clicked, unsubscribed")
    at = models.DateTimeField()
    machine = models.CharField(max_length=40, blank=True)
    link = models.PositiveSmallIntegerField(null=True, help_text="Number of the link in `Message.links`.")

    class Meta:
        db_table = "delivery_event"
        indexes = [models.Index(fields=["message", "kind", "at"], name="delivery_event_of_message")]

    def __str__(self) -> str:
        return self.kind

    @property
    def target(self) -> str:
        """Where the link leads that was followed; "" for other events."""
        links = self.message.links
        return str(links[self.link]) if self.link is not None and self.link < len(links) else ""


class Suppression(models.Model):
    """An address that we do not write to. The hash stays when the address is erased."""

    email_hash = models.CharField(max_length=64)
    email = models.CharField(max_length=254, blank=True)
    scope = models.CharField(max_length=12, default="marketing", help_text="marketing, or all")
    reason = models.CharField(max_length=16, help_text="unsubscribed, bounced, complained, erased, manual")
    at = models.DateTimeField()
    by = models.CharField(max_length=120, blank=True, help_text="Who or what asked for it.")

    class Meta:
        db_table = "delivery_suppression"
        constraints = [
            models.UniqueConstraint(fields=["email_hash", "scope"], name="suppressed_once_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.reason}"


class Switch(models.Model):
    """The one row that can stop all sending: by a person, or while the mail server does not answer."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=120, blank=True)
    trouble = models.TextField(blank=True, help_text="What is wrong with the mail server; empty: nothing.")
    trouble_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "delivery_switch"

    def __str__(self) -> str:
        return "paused" if self.paused_at else self.trouble or "sending"

    @classmethod
    def get(cls) -> Switch:
        """The row, made on first use."""
        return cls.objects.get_or_create(id=1)[0]
