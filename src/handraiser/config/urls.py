"""Every address of the product. What each role may open of it: `permissions.py`."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa import urls as mfa_urls
from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.static import serve
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from handraiser.attract import urls as attract
from handraiser.capture import urls as capture
from handraiser.capture.imports import urls as imports
from handraiser.config import health, metrics
from handraiser.config.api import api
from handraiser.console import urls as console
from handraiser.console.views import content
from handraiser.convert import urls as convert
from handraiser.core.consent import urls as consent
from handraiser.core.delivery import urls as delivery
from handraiser.core.identity import urls as identity
from handraiser.core.journal import urls as journal
from handraiser.core.notices import urls as notices
from handraiser.core.people import urls as people
from handraiser.core.staff import urls as staff
from handraiser.desk import urls as desk
from handraiser.measure import urls as measure
from handraiser.nurture import urls as nurture
from handraiser.qualify import urls as qualify
from handraiser.website import urls as website
from handraiser.website import views as website_views


def _media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture of the site. A name outside the folder, or one that the disk cannot hold, names nothing."""
    try:
        return serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except (OSError, ValueError, SuspiciousFileOperation):
        raise Http404 from None


_ADMIN = {
    "attract": attract,
    "capture": capture,
    "imports": imports,
    "qualify": qualify,
    "nurture": nurture,
    "convert": convert,
    "measure": measure,
    "console": console,
    "consent": consent,
    "delivery": delivery,
    "identity": identity,
    "journal": journal,
    "notices": notices,
    "people": people,
    "staff": staff,
    "website": website,
    "desk": desk,
}

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.page, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url="/static/console/mark.svg"), name="favicon"),
    path("api/", api.urls),
    # What strangers ask for stands before the many addresses of the back office.
    *(path("", include((module.public, f"{name}_public"))) for name, module in _ADMIN.items()),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("accounts/password/reset/", account.password_reset, name="account_reset_password"),
    path("accounts/password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/2fa/", include(mfa_urls)),
    # Wagtail's own doors lead to ours.
    path("admin/content/", RedirectView.as_view(url="/admin/"), name="wagtailadmin_home"),
    path(
        "admin/content/login/", RedirectView.as_view(pattern_name="account_login"), name="wagtailadmin_login"
    ),
    path(
        "admin/content/account/",
        RedirectView.as_view(url="/admin/settings/you/"),
        name="wagtailadmin_account",
    ),
    path("admin/content/pages/", content.pages, name="wagtailadmin_explore_root"),
    path("admin/content/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    # The desk answers at /admin/ itself; the other folders say their own prefix.
    *(path("admin/", include((module.admin, name))) for name, module in _ADMIN.items()),
    path("media/<path:path>", _media, name="media"),
    path("", include([entry for entry in wagtail_urls.urlpatterns if entry.name != "wagtail_serve"])),
    re_path(wagtail_urls.serve_pattern, website_views.page, name="wagtail_serve"),
]
