"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.notices import views

admin: list[URLPattern | URLResolver] = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<str:notice_id>/open/", views.open_notice, name="open"),
    path("notices/poll/", views.poll, name="poll"),
]
public: list[URLPattern | URLResolver] = []
