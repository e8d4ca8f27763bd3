"""Who gets the next lead."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q

from handraiser.kit import ids


class Route(models.Model):
    """A way that leads go; its members take turns. The catch-all takes every lead: none lies unseen."""

    id = models.CharField(max_length=40, primary_key=True, default=partial(ids.new, "route"))
    name = models.CharField(max_length=120)
    is_catch_all = models.BooleanField(default=False)
    answer_minutes = models.PositiveIntegerField(default=15, help_text="How long a rep has to answer.")
    last_served = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose turn it was last; the turn goes on after them.",
    )

    class Meta:
        db_table = "convert_route"
        constraints = [
            models.UniqueConstraint(
                fields=["is_catch_all"], condition=Q(is_catch_all=True), name="one_catch_all_route"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def catch_all(cls) -> Route:
        """The route of every lead that no other one takes, made on first use."""
        return cls.objects.get_or_create(is_catch_all=True, defaults={"name": "Everybody in turn"})[0]


class RouteMember(models.Model):
    """Somebody's place in the turn."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    on = models.BooleanField(default=True, help_text="Off: passed over, the place is kept.")

    class Meta:
        db_table = "convert_route_member"
        constraints = [models.UniqueConstraint(fields=["route", "user"], name="one_place_in_a_turn")]

    def __str__(self) -> str:
        return f"{self.user} in {self.route}"
