"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.identity.views import duplicates

admin: list[URLPattern | URLResolver] = [
    path("people/duplicates/", duplicates.index, name="duplicates"),
    path("people/duplicates/search/", duplicates.search, name="search"),
    path("people/duplicates/apart/", duplicates.apart, name="apart"),
    path("people/duplicates/<str:pair_id>/reconsider/", duplicates.reconsider, name="reconsider"),
    path("people/compare/", duplicates.compare, name="compare"),
    path("people/merge/", duplicates.merge, name="merge"),
    path("people/merges/<str:merge_id>/undo/", duplicates.unmerge, name="unmerge"),
    path("people/<str:person_id>/", duplicates.person, name="person"),
]
public: list[URLPattern | URLResolver] = []
