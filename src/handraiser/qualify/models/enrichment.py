"""What was found out about addresses and numbers, and the sources that are asked."""

from __future__ import annotations

from functools import partial

from django.db import models
from django.db.models import Q

from handraiser.core.people.models import Person
from handraiser.kit import ids
from handraiser.qualify.rules.verdicts import Answer

_ANSWERS = [(answer.value, answer.value) for answer in Answer]


class Check(models.Model):
    """What was found out about somebody's address and number: each verdict, with its reason in `reasons`."""

    person = models.OneToOneField(
        Person, primary_key=True, on_delete=models.CASCADE, related_name="qualify_check"
    )
    email_domain = models.CharField(
        max_length=253, blank=True, help_text="As DNS knows it; empty: no address."
    )
    email_syntax = models.CharField(max_length=7, choices=_ANSWERS)
    email_disposable = models.CharField(max_length=7, choices=_ANSWERS)
    email_free = models.CharField(max_length=7, choices=_ANSWERS)
    email_role = models.CharField(max_length=7, choices=_ANSWERS)
    email_deliverable = models.CharField(max_length=7, choices=_ANSWERS)
    phone_real = models.CharField(max_length=7, choices=_ANSWERS)
    phone_type = models.CharField(
        max_length=16, blank=True, help_text="Of `verdicts.PHONE_KINDS`; empty: unknown."
    )
    phone_region = models.CharField(max_length=2, blank=True)
    country_by = models.CharField(
        max_length=8, blank=True, help_text="phone or domain: what the person's country was guessed from."
    )
    reasons = models.JSONField(default=dict, help_text="A sentence by verdict.")
    looked_at = models.DateTimeField()
    mail_looked_at = models.DateTimeField(
        null=True, help_text="When the domain was asked whether it takes mail."
    )

    class Meta:
        db_table = "qualify_check"
        indexes = [models.Index(fields=["email_domain", "person"], name="check_by_domain")]

    def __str__(self) -> str:
        return f"{self.person_id}, looked at {self.looked_at:%Y-%m-%d}"


class Source(models.Model):
    """Somebody who is asked about domains or addresses: a connector with its settings, its quota and its health."""

    class About(models.TextChoices):
        DOMAIN = "domain", "the domain"
        EMAIL = "email", "the whole address"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "source"))
    kind = models.CharField(max_length=20, help_text="A key of `config.wiring.PROVIDERS`.")
    name = models.CharField(max_length=80, unique=True)
    is_on = models.BooleanField(default=False)
    about = models.CharField(max_length=6, choices=About.choices, default=About.DOMAIN)
    url = models.CharField(max_length=500, blank=True)
    header = models.CharField(max_length=60, blank=True, help_text="The header that carries the key.")
    secret_sealed = models.TextField(blank=True)
    fields = models.JSONField(default=dict, help_text="A JSON pointer by field of `rules.findings`.")
    budget_ms = models.PositiveIntegerField(default=3_000, help_text="How long one question may take.")
    keep_days = models.PositiveIntegerField(default=90, help_text="How long an answer is good for.")
    quota = models.PositiveIntegerField(default=500, help_text="Questions a day (UTC).")
    used = models.PositiveIntegerField(default=0, help_text="Questions on `used_date`.")
    used_date = models.DateField(null=True)
    paused_until = models.DateTimeField(null=True, help_text="It refused, and is left alone until then.")
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "qualify_source"

    def __str__(self) -> str:
        return self.name


class LookUp(models.Model):
    """One question to one source: about a domain (shared by all who have it), or about one person's address.

    The row is the queue and the cache. `is_open`: it is still to be asked, or its answer is still to be handed on.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Not asked yet"
        FOUND = "found", "Found"
        UNKNOWN = "unknown", "Unknown"
        REFUSED = "refused", "Refused"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "look"))
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    domain = models.CharField(max_length=253, blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    found = models.JSONField(default=dict, help_text="What it told, by field.")
    reason = models.CharField(max_length=300, blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="In a row that met trouble.")
    is_open = models.BooleanField(default=True)
    due_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    told_upto = models.CharField(
        max_length=40, blank=True, help_text="The last person who has heard of the answer; they go by id."
    )

    class Meta:
        db_table = "qualify_look_up"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "domain"], condition=Q(person=None), name="look_up_once_a_domain"
            ),
            models.UniqueConstraint(
                fields=["source", "person"], condition=Q(person__isnull=False), name="look_up_once_a_person"
            ),
        ]
        indexes = [
            models.Index(fields=["is_open", "due_at"], name="look_up_due"),
            models.Index(fields=["domain"], name="look_up_by_domain"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.state}"
