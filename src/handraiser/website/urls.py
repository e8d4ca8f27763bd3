"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path
from wagtail.contrib.sitemaps.views import sitemap

from handraiser.kit.visitors import TRAP_PATH
from handraiser.website import landing_views, views

admin: list[URLPattern | URLResolver] = [
    path("attract/pages/new/", landing_views.new, name="landing_new"),
    path("attract/pages/new/make/", landing_views.create, name="landing_create"),
]
public: list[URLPattern | URLResolver] = [
    path("site.css", views.stylesheet, name="stylesheet"),
    path("robots.txt", views.robots, name="robots"),
    path(TRAP_PATH.lstrip("/"), views.trap, name="trap"),
    path("sitemap.xml", sitemap, name="sitemap"),
]
