"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.delivery.views import outbox
from handraiser.core.delivery.views import public as doors

admin: list[URLPattern | URLResolver] = [
    path("nurture/outbox/", outbox.listing, name="outbox"),
    path("nurture/outbox/pause/", outbox.pause, name="pause"),
    path("nurture/outbox/resume/", outbox.resume, name="resume"),
    path("nurture/outbox/<str:message_id>/", outbox.message, name="message"),
    path("nurture/outbox/<str:message_id>/html/", outbox.body, name="body"),
    path("nurture/outbox/<str:message_id>/<slug:verb>/", outbox.change, name="change"),
]
public: list[URLPattern | URLResolver] = [
    path("c/<str:token>", doors.click, name="click"),
    path("o/<str:token>.gif", doors.pixel, name="pixel"),
    path("u/<str:token>", doors.unsubscribe, name="unsubscribe"),
]
