"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from handraiser.console.views import components, find, mail, setup

admin: list[URLPattern | URLResolver] = [
    path("find/", find.find, name="find"),
    path("settings/mail/", mail.mail, name="mail"),
    path("settings/setup/", setup.setup, name="setup"),
    path("settings/setup/finish/", setup.finish, name="setup_finish"),
    path("settings/setup/<slug:step>/", setup.setup, name="setup_step"),
]
if settings.DEMO or settings.DEBUG:
    admin.append(path("settings/components/", components.components, name="components"))
public: list[URLPattern | URLResolver] = []
