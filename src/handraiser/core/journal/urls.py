"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.journal import views

admin: list[URLPattern | URLResolver] = [
    path("settings/journal/", views.health, name="health"),
    path("settings/journal/parked/<int:parked_id>/", views.parked, name="parked"),
    path("settings/journal/parked/<int:parked_id>/set-aside/", views.set_aside, name="set_aside"),
    path("settings/journal/<str:reader>/retry/", views.retry, name="retry"),
]
public: list[URLPattern | URLResolver] = []
