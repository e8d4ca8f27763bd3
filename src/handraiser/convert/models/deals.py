"""Deals on their way through a pipeline."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from handraiser.convert.reasons import Lost
from handraiser.core.people.models import Company, Lead, Person
from handraiser.core.staff.models import User
from handraiser.core.staff.roles import Role
from handraiser.kit import ids

# A B2B sale in four steps; days after which a deal in that step is called stuck.
STARTING_STAGES = (
    ("Discovery", "open", 7),
    ("Demo booked", "open", 10),
    ("Proposal", "open", 14),
    ("Negotiation", "open", 14),
    ("Won", "won", None),
    ("Lost", "lost", None),
)


class Pipeline(models.Model):
    """The steps that a kind of deal goes through."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "pipeline"))
    name = models.CharField(max_length=120)
    is_default = models.BooleanField(default=False)
    month_goal = models.BigIntegerField(null=True, help_text="Won amount a month, in minor units.")

    class Meta:
        db_table = "convert_pipeline"
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_pipeline"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def default(cls) -> Pipeline:
        """The pipeline that deals enter unless told otherwise, made with its stages on first use."""
        found = cls.objects.filter(is_default=True).first()
        if found:
            return found
        with transaction.atomic():
            pipeline, created = cls.objects.get_or_create(is_default=True, defaults={"name": "New business"})
            if created:
                DealStage.objects.bulk_create(
                    DealStage(pipeline=pipeline, name=name, kind=kind, expected_days=days, position=position)
                    for position, (name, kind, days) in enumerate(STARTING_STAGES, 1)
                )
        return pipeline


class DealStage(models.Model):
    """One step of a pipeline. Each pipeline ends with one won and one lost stage."""

    class Kind(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "dealstage"))
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.OPEN)
    position = models.PositiveIntegerField()
    expected_days = models.PositiveIntegerField(
        null=True, help_text="Longer than this here: stuck. None: never."
    )

    class Meta:
        db_table = "convert_deal_stage"
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline", "kind"], condition=~Q(kind="open"), name="one_won_and_one_lost_stage"
            )
        ]

    def __str__(self) -> str:
        return self.name


class DealQuerySet(models.QuerySet):
    """Row rights: a rep sees their own deals and those nobody owns."""

    def visible_to(self, user: User) -> DealQuerySet:
        if user.role == Role.REP:
            return self.filter(Q(owner=user) | Q(owner=None))
        return self.all()

    def with_people(self) -> DealQuerySet:
        """Everything that a card shows, in one query."""
        return self.select_related("stage", "lead", "person", "company", "owner")


class Deal(models.Model):
    """A sale that may come of a lead. Amounts are minor units of `currency`.

    `version` counts the changes, so that nobody overwrites what they have not seen. `furthest` is the last
    open stage that the deal reached here; None for deals that were recorded after the fact, of unknown way.
    """

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "deal"))
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="deals")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="deals")
    company = models.ForeignKey(Company, null=True, on_delete=models.SET_NULL, related_name="deals")
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="deals")
    stage = models.ForeignKey(DealStage, on_delete=models.PROTECT, related_name="deals")
    furthest = models.ForeignKey(DealStage, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200, help_text="What they would buy.")
    amount = models.BigIntegerField(null=True, help_text="None: unknown, which is not zero.")
    currency = models.CharField(max_length=3)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    next_step = models.CharField(max_length=200, blank=True)
    next_step_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    stage_at = models.DateTimeField(help_text="Since when it is in its stage.")
    won_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(null=True)
    lost_reason = models.CharField(max_length=16, choices=Lost.choices, blank=True)
    lost_note = models.TextField(blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    attributes = models.JSONField(default=dict, help_text="Custom fields by key.")
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = DealQuerySet.as_manager()

    class Meta:
        db_table = "convert_deal"
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="deal_external_id_once"
            )
        ]
        indexes = [
            models.Index(fields=["external_id"], name="deal_by_external_id"),
            models.Index(fields=["stage", "next_step_at"], name="deal_on_board"),
            models.Index(fields=["pipeline", "won_at"], name="deal_won"),
            models.Index(fields=["owner", "stage"], name="deal_of_owner"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"/admin/pipeline/deals/{self.id}/"
