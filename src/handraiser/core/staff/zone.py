"""Times are stored in UTC and shown in the zone of the person who reads them."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from handraiser.core.staff.models import Organisation

ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/"))
)


def reader_zone(get_response):
    """Middleware: in the back office, activate the person's zone, else that of the organisation."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/") or not request.user.is_authenticated:
            return get_response(request)
        with timezone.override(ZoneInfo(request.user.time_zone or Organisation.get().time_zone)):
            return get_response(request)

    return middleware
