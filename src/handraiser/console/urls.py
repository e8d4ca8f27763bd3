"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.console import views

admin: list[URLPattern | URLResolver] = [
    path("find/", views.find, name="find"),
]
public: list[URLPattern | URLResolver] = []
