"""Rights inside Wagtail follow from the role, so that nobody keeps two tables of permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission

from handraiser.core.staff.roles import Role

if TYPE_CHECKING:
    from handraiser.core.staff.models import User

EDITORS_GROUP = "Moderators"
"""Made by Wagtail's own first migration: it edits and publishes all pages, pictures and documents."""


def follow_role(user: User) -> None:
    """Put a marketer into the group that edits the site, and everybody else out of it."""
    if user.role == Role.MARKETER:
        group, _ = Group.objects.get_or_create(name=EDITORS_GROUP)
        if not group.permissions.filter(content_type__app_label="wagtailredirects").exists():
            group.permissions.add(*Permission.objects.filter(content_type__app_label="wagtailredirects"))
        user.groups.add(group)
    elif user.pk and user.groups.exists():
        user.groups.clear()
