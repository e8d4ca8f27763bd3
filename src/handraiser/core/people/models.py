"""Person, Company and Lead: who raised a hand, for what. And what staff write about them."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.kit import ids, rows


class Stage(models.TextChoices):
    """How far a lead has come. Moved by `qualify.actions.stages` alone."""

    LEAD = "lead", "Lead"
    MQL = "mql", "MQL"
    ACCEPTED = "accepted", "Accepted"
    SQL = "sql", "SQL"
    OPPORTUNITY = "opportunity", "Opportunity"
    CUSTOMER = "customer", "Customer"
    RECYCLED = "recycled", "Recycled"
    DISQUALIFIED = "disqualified", "Disqualified"


CLOSED_STAGES = (Stage.CUSTOMER, Stage.RECYCLED, Stage.DISQUALIFIED)


class Company(models.Model):
    """An organisation that people belong to; found by its domain."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "company"))
    name = models.CharField(max_length=200)
    name_key = models.CharField(
        max_length=200, editable=False, help_text="`key_of(name)`: how names are compared."
    )
    domain = models.CharField(max_length=200, blank=True)
    industry = models.CharField(max_length=120, blank=True)
    employees = models.IntegerField(null=True, help_text="None: unknown.")
    country = models.CharField(max_length=2, blank=True)
    attributes = models.JSONField(default=dict, help_text="Custom fields by key.")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_company"
        constraints = [
            models.UniqueConstraint(fields=["domain"], condition=~Q(domain=""), name="company_domain_once")
        ]
        indexes = [
            # No database looks up an equal domain in the index of a condition that says "not empty".
            models.Index(fields=["domain"], name="company_by_domain"),
            models.Index(fields=["name"], name="company_by_name"),
            # "ACME Ltd" of a form is "Acme Ltd" of an import.
            models.Index(fields=["name_key"], name="company_by_name_key"),
        ]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def key_of(name: str) -> str:
        """Equal for names that differ in case or outer spaces only."""
        return name.strip().casefold()[:200]


class Person(models.Model):
    """Somebody who gave their details. People without an email are legal: known by another identifier."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "person"))
    first_name = models.CharField(max_length=120, blank=True)
    last_name = models.CharField(max_length=120, blank=True)
    email = models.CharField(max_length=254, blank=True, help_text="As written; identity is `Identifier`.")
    phone = models.CharField(max_length=40, blank=True, help_text="E.164 if it could be read.")
    job_title = models.CharField(max_length=200, blank=True)
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="people")
    country = models.CharField(max_length=2, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    attributes = models.JSONField(default=dict, help_text="Custom fields by key.")
    proposed = models.JSONField(
        default=dict, help_text="Values that an unproven form gave for filled fields."
    )
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_person"
        indexes = [
            models.Index(fields=["email"], name="person_by_email"),
            models.Index(fields=["last_name", "first_name"], name="person_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Full name, else the address, else what is known."""
        if self.erased_at:
            return "Erased person"
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.email or self.phone or "Unknown person"

    @property
    def initials(self) -> str:
        letters = [part[0] for part in (self.first_name, self.last_name) if part] or [self.name[0]]
        return "".join(letters).upper()[:2]


class Identifier(models.Model):
    """A value that finds a person: a normalised email, an E.164 number, an id of another system."""

    kind = models.CharField(max_length=40, help_text="email, phone, or external:<system>")
    value = models.CharField(max_length=254)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identifiers")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_identifier"
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="identifier_once")]


class OfferLine(models.Model):
    """What people raise a hand for. One by default."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "offer"))
    name = models.CharField(max_length=120, unique=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        db_table = "people_offer_line"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def default(cls) -> OfferLine:
        """The default line, made on first use."""
        found = rows.find(cls, {"is_default": True})
        return (
            found[0] if found else cls.objects.get_or_create(name="General", defaults={"is_default": True})[0]
        )


class LeadQuerySet(models.QuerySet):
    """Row rights live here: every screen and API route that shows leads starts from `visible_to`."""

    def visible_to(self, user) -> LeadQuerySet:
        """All leads; for a sales rep only their own and those nobody owns."""
        if user.role == "rep":
            return self.filter(Q(owner=user) | Q(owner=None))
        return self.all()

    def open(self) -> LeadQuerySet:
        return self.filter(closed_at=None)

    def with_people(self) -> LeadQuerySet:
        """Everything that a row of a list shows, in one query."""
        return self.select_related("person", "person__company", "owner")


class Lead(models.Model):
    """One person's interest in one offer line.

    Columns under "cache" repeat what a stage derived, for sorting and filtering; each is written by one action
    of one stage: stage by `qualify.actions.stages`, points by `qualify.actions.scores`, owner by
    `core.people.actions.leads.assign`.
    """

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "lead"))
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="leads")
    offer_line = models.ForeignKey(OfferLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(max_length=40, help_text="form, import, api, hand, …")
    raised_with = models.CharField(max_length=200, blank=True, help_text="What they raised a hand with.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    recycled_from = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    external_id = models.CharField(max_length=120, blank=True)
    attributes = models.JSONField(default=dict, help_text="Custom fields by key.")
    # first touch, as it was when the lead was opened
    channel = models.CharField(max_length=40, blank=True, help_text="Empty: unknown.")
    source = models.CharField(max_length=120, blank=True)
    medium = models.CharField(max_length=120, blank=True)
    campaign = models.CharField(max_length=200, blank=True)
    landing_page = models.CharField(max_length=400, blank=True)
    last_touch = models.JSONField(default=dict, help_text="channel, source, medium, campaign, referrer, at")
    # cache
    stage = models.CharField(max_length=16, choices=Stage.choices, default=Stage.LEAD)
    stage_at = models.DateTimeField()
    points = models.BigIntegerField(default=0, help_text="Micro-points: fit + engagement.")
    fit_points = models.BigIntegerField(default=0)
    engagement_points = models.BigIntegerField(default=0)
    grade = models.CharField(max_length=2, blank=True, help_text="A1..C3; empty: not scored yet.")
    temperature = models.CharField(max_length=4, default="cold", help_text="cold, warm or hot")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    last_activity = models.CharField(max_length=200, blank=True, help_text="A sentence in the past tense.")
    last_activity_at = models.DateTimeField(null=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        db_table = "people_lead"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "offer_line"],
                condition=Q(closed_at=None),
                name="one_open_lead_a_person_and_line",
            ),
        ]
        indexes = [
            # Each index is a page more to write for every form; few leads were recycled.
            models.Index(
                fields=["recycled_from"], condition=Q(recycled_from__isnull=False), name="lead_recycled"
            ),
            models.Index(fields=["-points", "-id"], name="lead_hottest"),
            models.Index(fields=["-opened_at", "-id"], name="lead_newest"),
            models.Index(fields=["-last_activity_at", "-id"], name="lead_liveliest"),
            models.Index(fields=["owner", "stage"], name="lead_of_owner"),
            models.Index(fields=["stage", "-stage_at"], name="lead_by_stage"),
            # KPIs by source over a period.
            models.Index(fields=["opened_at", "source"], name="lead_by_source"),
        ]

    def __str__(self) -> str:
        return self.person.name

    @property
    def score(self) -> int:
        """Points as people read them."""
        return self.points // 1_000_000 if self.points >= 0 else -(-self.points // 1_000_000)


class FieldDefinition(models.Model):
    """A custom field of a person, company, lead or deal."""

    entity = models.CharField(max_length=10, help_text="person, company, lead, deal")
    key = models.SlugField(max_length=60)
    label = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, default="text", help_text="text, number, date, choice, boolean")
    choices = models.JSONField(default=list)
    personal = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_field"
        constraints = [models.UniqueConstraint(fields=["entity", "key"], name="field_key_once")]

    def __str__(self) -> str:
        return self.label


class Note(models.Model):
    """What somebody wrote about a lead."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "note"))
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notes")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.SET_NULL, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        db_table = "people_note"
        indexes = [models.Index(fields=["person", "-written_at"], name="note_newest")]


class Task(models.Model):
    """Something to be done by somebody, by a time."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "task"))
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, default="other", help_text="call, email, meeting, other")
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="tasks")
    lead = models.ForeignKey(Lead, null=True, on_delete=models.CASCADE, related_name="tasks")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "people_task"
        indexes = [models.Index(fields=["assignee", "done_at", "due_at"], name="task_due")]
