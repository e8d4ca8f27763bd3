"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.measure.views import boards, exports, spending

admin: list[URLPattern | URLResolver] = [
    path("measure/", boards.overview, name="overview"),
    path("measure/funnel/", boards.funnel, name="funnel"),
    path("measure/channels/", boards.channels, name="channels"),
    path("measure/rows/", boards.rows, name="rows"),
    path("measure/export/<slug:what>.csv", exports.export, name="export"),
    path("measure/spend/", spending.listing, name="spend"),
    path("measure/spend/enter/", spending.enter, name="spend_enter"),
    path("measure/spend/<str:spend_id>/remove/", spending.remove, name="spend_remove"),
]
public: list[URLPattern | URLResolver] = []
