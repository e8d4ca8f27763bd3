"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.core.staff.views import api_keys, audit, members, organisation, you

admin: list[URLPattern | URLResolver] = [
    path("settings/", organisation.index, name="settings"),
    path("settings/organisation/", organisation.organisation, name="organisation"),
    path("settings/staff/", members.staff_list, name="list"),
    path("settings/staff/invite/", members.invite, name="invite"),
    path("settings/staff/<int:user_id>/", members.member, name="member"),
    path("settings/staff/<int:user_id>/invite-again/", members.invite_again, name="invite_again"),
    path("settings/staff/<int:user_id>/deactivate/", members.deactivate, name="deactivate"),
    path("settings/staff/<int:user_id>/reactivate/", members.reactivate, name="reactivate"),
    path("settings/you/", you.you, name="you"),
    path("settings/keys/", api_keys.key_list, name="keys"),
    path("settings/keys/new/", api_keys.key_new, name="key_new"),
    path("settings/keys/<str:key_id>/revoke/", api_keys.key_revoke, name="key_revoke"),
    path("settings/audit/", audit.entries, name="audit"),
]
public: list[URLPattern | URLResolver] = [
    path("join/<str:token>/", members.join, name="join"),
]
