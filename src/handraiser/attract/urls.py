"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.attract.views import links, overview

admin: list[URLPattern | URLResolver] = [
    path("attract/", overview.overview, name="overview"),
    path("attract/pages/", overview.pages, name="pages"),
    path("attract/sources/", overview.sources, name="sources"),
    path("attract/links/", links.listing, name="links"),
    path("attract/links/keep/", links.keep, name="keep_link"),
    path("attract/links/<str:link_id>/forget/", links.forget, name="forget_link"),
]
public: list[URLPattern | URLResolver] = []
