"""What every request passes: the true address, the permission table, errors with a meaning."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict
from functools import lru_cache

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from handraiser.config.permissions import PUBLIC, roles_for
from handraiser.kit.errors import DomainError

_NO_POLICY = tuple(settings.CONTENT_SECURITY_POLICY["EXCLUDE_URL_PREFIXES"])


@lru_cache(maxsize=1024)
def _trusted(address: str, proxies: tuple[str, ...]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
        return any(ip in ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
    except ValueError:
        return False


def client_address(get_response):
    """Set `request.client_ip`. X-Forwarded-For is believed only from HANDRAISER_TRUSTED_PROXIES."""

    def middleware(request: HttpRequest) -> HttpResponse:
        address = request.META.get("REMOTE_ADDR", "")
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        proxies = tuple(settings.TRUSTED_PROXIES)
        while hops and _trusted(address, proxies):
            address = hops.pop()
        request.client_ip = address  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


class ContentPolicy(CSPMiddleware):
    """django-csp works the policy's text out for each answer; here it is worked out once.

    An answer of a view that changes its policy, or that used a nonce, goes the long way.
    """

    text = ""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        changed = any(name.startswith("_csp") for name in vars(response))
        if changed or getattr(request, "_csp_nonce", None) or request.path_info.startswith(_NO_POLICY):
            return super().process_response(request, response)
        if not self.text:
            self.text = build_policy(**asdict(self.get_policy_parts(request, response)))
        response.headers.setdefault(HEADER, self.text)
        return response


def axes_address(request: HttpRequest) -> str:
    """The address that the login lockout counts."""
    return getattr(request, "client_ip", "") or request.META.get("REMOTE_ADDR", "")


class Permissions:
    """Close every address that the table does not open for this person's role."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs) -> HttpResponse | None:
        roles = roles_for(request.resolver_match.view_name or "")
        if roles == PUBLIC:
            return None
        if not request.user.is_authenticated:
            if roles and request.path.startswith("/admin/"):
                return redirect_to_login(request.get_full_path())
            raise Http404
        if request.user.role in roles:
            return None
        return render(request, "console/forbidden.html", {"roles": roles}, status=403)


class DomainErrors:
    """Answer a declined request with its own sentence and status, in the form that was asked for."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse(
                {"code": error.code, "message": error.message, "field": error.field}, status=error.status
            )
        partial = request.headers.get("HX-Request")
        template = "console/declined_partial.html" if partial else "console/declined.html"
        return render(request, template, {"error": error}, status=error.status)
