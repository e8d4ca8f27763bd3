"""What is learned from the firm's own outcomes: settings, versions of the model, and what they say of leads."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.core.people.models import Lead
from handraiser.kit import ids


class PredictionSettings(models.Model):
    """What is foretold, and how often it is learned anew. One row."""

    class Target(models.TextChoices):
        CUSTOMER = "customer", "Becomes a customer"
        SQL = "sql", "Becomes an SQL"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.CUSTOMER)
    window_days = models.PositiveSmallIntegerField(
        default=90, help_text="Within how many days counts as yes."
    )
    retrain_days = models.PositiveSmallIntegerField(default=30, help_text="0: only when somebody asks.")
    left_out = models.JSONField(
        default=list, help_text="Columns that somebody does not want to be looked at."
    )

    class Meta:
        db_table = "qualify_prediction_settings"

    def __str__(self) -> str:
        return f"{self.get_target_display()} within {self.window_days} days"

    @classmethod
    def get(cls) -> PredictionSettings:
        """The row; as it comes until somebody changes it."""
        return cls.objects.filter(id=1).first() or cls()


class ModelVersion(models.Model):
    """One training and what came of it. What was learned never changes; only whether it is live does."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        TRAINING = "training", "Training"
        FAILED = "failed", "Failed"
        NO_MODEL = "no_model", "No model"
        LOST = "lost", "Did not win"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "model"))
    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    target = models.CharField(max_length=8, choices=PredictionSettings.Target.choices)
    window_days = models.PositiveSmallIntegerField()
    left_out = models.JSONField(default=list)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    seen_at = models.DateTimeField(help_text="When the training last said that it is alive.")
    finished_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=120, blank=True, help_text="What the training is doing.")
    done = models.PositiveIntegerField(default=0, help_text="Leads read.")
    total = models.PositiveIntegerField(default=0, help_text="Leads to read.")
    verdict = models.CharField(max_length=16, blank=True, help_text="usable, no_signal, too_little_data")
    why = models.CharField(max_length=600, blank=True, help_text="The verdict, or what went wrong.")
    decision = models.CharField(max_length=400, blank=True, help_text="Why it went live, or did not.")
    report = models.JSONField(default=dict)
    content = models.TextField(blank=True, help_text="The model as `prediction.model_file` writes it.")
    signature = models.CharField(max_length=64, blank=True, help_text="That this instance wrote the content.")
    learned_from = models.DateTimeField(
        null=True, help_text="When the first lead it learned from was opened."
    )
    learned_until = models.DateTimeField(null=True, help_text="When the last one was.")
    live_since = models.DateTimeField(null=True)
    watch = models.JSONField(default=dict, help_text="The last look for drift.")
    watched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "qualify_model_version"
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="live"), name="one_live_model"),
        ]

    def __str__(self) -> str:
        return f"Model {self.number}"


class Prediction(models.Model):
    """What the live model says of an open lead. A cache: it can be thrown away and is worked out again."""

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="prediction")
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    probability = models.FloatField()
    low = models.FloatField(help_text="Of leads rated alike, at least this share said yes; 95 %.")
    high = models.FloatField()
    reasons = models.JSONField(default=list, help_text="[column, value, log-odds], the strongest first.")

    class Meta:
        db_table = "qualify_prediction"
        indexes = [
            models.Index(fields=["-probability", "lead"], name="prediction_likeliest"),
            models.Index(fields=["at"], name="prediction_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.probability:.2f}"


class FirstPrediction(models.Model):
    """The first thing that a model said of a lead: when its window is over, it is compared with what happened."""

    id = models.BigAutoField(primary_key=True)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    probability = models.FloatField()

    class Meta:
        db_table = "qualify_first_prediction"
        constraints = [models.UniqueConstraint(fields=["model", "lead"], name="first_prediction_once")]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.probability:.2f} at first"
