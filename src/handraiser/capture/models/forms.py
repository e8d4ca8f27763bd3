"""A form, and its versions, which never change once they are published."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.db import models

from handraiser.capture.models.magnets import LeadMagnet
from handraiser.kit import ids
from handraiser.kit.errors import DomainError


class Intent(models.TextChoices):
    """What somebody asks for by sending the form. Scores and routes tell forms apart by it."""

    NEWSLETTER = "newsletter", "Newsletter"
    MAGNET = "magnet", "Lead magnet"
    CONTACT = "contact", "Contact"
    DEMO = "demo", "Demo"


class Form(models.Model):
    """A set of questions that can be put on pages. What it asks is in its versions."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "form"))
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    intent = models.CharField(max_length=12, choices=Intent.choices)
    magnet = models.ForeignKey(LeadMagnet, null=True, on_delete=models.PROTECT, related_name="forms")
    live = models.ForeignKey("FormVersion", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "capture_form"

    def __str__(self) -> str:
        return self.name

    @property
    def draft(self) -> FormVersion | None:
        """The version that is being written, if there is one."""
        return self.versions.filter(published_at=None).order_by("-number").first()


def _frozen() -> DomainError:
    return DomainError(
        "version_is_published",
        "A published version never changes: old answers keep their questions. Start a new draft.",
        kind="conflict",
    )


class FormVersionQuerySet(models.QuerySet):
    """Bulk changes obey the same law as `save`."""

    def update(self, **values: Any) -> int:
        if self.exclude(published_at=None).exists():
            raise _frozen()
        return super().update(**values)

    def delete(self):
        if self.exclude(published_at=None).exists():
            raise _frozen()
        return super().delete()


class FormVersion(models.Model):
    """What a form asks, exactly (see `rules.schema`). A draft until `published_at`; then never changed."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    schema = models.JSONField()
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = FormVersionQuerySet.as_manager()

    class Meta:
        db_table = "capture_form_version"
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="form_version_once"),
            models.UniqueConstraint(
                fields=["form"], condition=models.Q(published_at=None), name="one_draft_a_form"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and FormVersion.objects.filter(pk=self.pk).exclude(published_at=None).exists():
            raise _frozen()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.published_at is not None:
            raise _frozen()
        return super().delete(*args, **kwargs)


class FormPlace(models.Model):
    """A page on which a form stands. The visits of that page are the n behind the form's rate."""

    form = models.ForeignKey(Form, on_delete=models.CASCADE, related_name="places")
    path = models.CharField(max_length=300)
    since = models.DateTimeField(help_text="First time it was shown there.")

    class Meta:
        db_table = "capture_form_place"
        constraints = [models.UniqueConstraint(fields=["form", "path"], name="form_place_once")]

    def __str__(self) -> str:
        return self.path
