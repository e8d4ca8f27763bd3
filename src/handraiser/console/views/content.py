"""Where editing the site begins."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from wagtail.models import Site

from handraiser.core.staff.requests import StaffRequest


def pages(request: StaffRequest) -> HttpResponse:
    """The pages of the site; the tree's own root above them is nobody's business."""
    home = Site.objects.order_by("-is_default_site").values_list("root_page_id", flat=True).first()
    return redirect("wagtailadmin_explore", home or 1)
