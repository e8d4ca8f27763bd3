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
from handraiser.qualify.rules.verdicts import Answer


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
