"""Addresses beside the pages: the stylesheet in the owner's colours, robots.txt, the sitemap."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe
from wagtail.models import Page, Site
from wagtail.url_routing import RouteResult
from wagtail.views import serve

from handraiser.core.staff.models import Organisation
from handraiser.kit.visitors import TRAP_PATH
from handraiser.website import stamp
from handraiser.website.models import SearchAndShare
from handraiser.website.rules.palette import palette

_SOURCE = Path(__file__).resolve().parent / "static" / "website" / "site.css"


@lru_cache(maxsize=8)
def _styles(hue: str) -> tuple[str, str]:
    css = palette(hue).css() + _SOURCE.read_text().replace(
        "inter-site.woff2", static("website/inter-site.woff2")
    )
    return css, hashlib.sha256(css.encode()).hexdigest()[:12]


@lru_cache(maxsize=8)
def _packed(css: str) -> bytes:
    return gzip.compress(css.encode(), 9)


def style_version(hue: str) -> str:
    """Changes whenever the stylesheet does, so that browsers may keep it for ever."""
    return _styles(hue)[1]


@require_safe
def stylesheet(request: HttpRequest) -> HttpResponse:
    """Colours and layout in one file: one request before the first paint."""
    css, version = _styles(Organisation.get().brand_hue)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(_packed(css) if packed else css, content_type="text/css; charset=utf-8")
    patch_vary_headers(response, ["Accept-Encoding"])
    if packed:
        response["Content-Encoding"] = "gzip"
    if request.GET.get("v") == version:
        patch_cache_control(response, public=True, immutable=True, max_age=31_536_000)
    else:
        patch_cache_control(response, public=True, max_age=300)
    return response


def find_site(request: HttpRequest) -> Site | None:
    """The site of this address, where Wagtail looks for it too."""
    if not hasattr(request, "_wagtail_site"):
        # Names that somebody made up are not kept: they are not in HANDRAISER_ALLOWED_HOSTS.
        key = ("site", request.get_host())
        request._wagtail_site = stamp.kept(request, key, lambda: Site._find_for_request(request))  # type: ignore[attr-defined]
    return request._wagtail_site  # type: ignore[attr-defined,no-any-return]


def page(request: HttpRequest, path: str) -> HttpResponseBase:
    """A page of the CMS, as Wagtail serves it. The way to it is kept in memory until the site changes."""
    site = find_site(request)
    if site is None:
        raise Http404
    roots = stamp.kept(request, "roots", Site.get_site_root_paths)
    request._wagtail_cached_site_root_paths = roots  # type: ignore[attr-defined]

    def find() -> RouteResult:
        found = Page.route_for_request(request, path)
        if found is None:
            raise Http404
        if isinstance(found[0], SearchAndShare):
            found[0].restrictions_when_kept = list(found[0].get_view_restrictions())
        return found

    route = stamp.kept(request, ("route", site.pk, path), find)
    request._wagtail_route_for_request = route  # type: ignore[attr-defined]
    return serve(request, path)  # type: ignore[no-any-return]


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read."""
    lines = ["User-agent: *", "Disallow: /admin/", "Disallow: /api/", "Disallow: /accounts/"]
    lines += [f"Disallow: {TRAP_PATH}"]
    lines += ["", f"Sitemap: {settings.BASE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def trap(request: HttpRequest) -> HttpResponse:
    """The page that a hidden link leads to. Its tracker tells the collector that a machine is at work."""
    return render(request, "website/trap.html")
