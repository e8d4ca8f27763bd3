"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.people.views import fields

admin: list[URLPattern | URLResolver] = [
    path("settings/fields/", fields.fields, name="fields"),
    path("settings/fields/new/", fields.field_add, name="field_add"),
    path("settings/fields/<int:field_id>/", fields.field_change, name="field_change"),
    path("settings/fields/<int:field_id>/remove/", fields.field_remove, name="field_remove"),
]
public: list[URLPattern | URLResolver] = []
