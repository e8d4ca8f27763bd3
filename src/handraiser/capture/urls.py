"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.capture.views import forms, magnets, quarantine
from handraiser.capture.views import public as doors
from handraiser.capture.views import submissions as sent

admin: list[URLPattern | URLResolver] = [
    path("capture/", forms.index, name="forms"),
    path("capture/forms/new/<slug:starter>/", forms.new, name="form_new"),
    path("capture/forms/<str:form_id>/", forms.builder, name="form"),
    path("capture/forms/<str:form_id>/versions/", forms.versions, name="form_versions"),
    path("capture/forms/<str:form_id>/preview/", forms.preview, name="form_preview"),
    path("capture/forms/<str:form_id>/describe/", forms.describe, name="form_describe"),
    path("capture/forms/<str:form_id>/fields/add/", forms.add_field, name="field_add"),
    path("capture/forms/<str:form_id>/fields/<str:key>/", forms.change_field, name="field_change"),
    path("capture/forms/<str:form_id>/fields/<str:key>/move/", forms.move_field, name="field_move"),
    path("capture/forms/<str:form_id>/fields/<str:key>/remove/", forms.remove_field, name="field_remove"),
    path("capture/forms/<str:form_id>/publish/", forms.publish, name="form_publish"),
    path("capture/forms/<str:form_id>/discard/", forms.discard, name="form_discard"),
    path("capture/forms/<str:form_id>/go-back/<int:number>/", forms.go_back, name="form_go_back"),
    path("capture/forms/<str:form_id>/archive/", forms.archive, name="form_archive"),
    path("capture/forms/<str:form_id>/restore/", forms.restore, name="form_restore"),
    path("capture/submissions/", sent.index, name="submissions"),
    path("capture/submissions/export/", sent.export, name="submissions_export"),
    path("capture/submissions/<str:submission_id>/", sent.detail, name="submission"),
    path("capture/magnets/", magnets.index, name="magnets"),
    path("capture/magnets/new/", magnets.add, name="magnet_add"),
    path("capture/magnets/<str:magnet_id>/", magnets.detail, name="magnet"),
    path("capture/magnets/<str:magnet_id>/change/", magnets.change, name="magnet_change"),
    path("capture/magnets/<str:magnet_id>/file/", magnets.file, name="magnet_file"),
    path("capture/quarantine/", quarantine.index, name="quarantine"),
    path("capture/quarantine/<str:submission_id>/release/", quarantine.release, name="quarantine_release"),
    path("capture/quarantine/<str:submission_id>/delete/", quarantine.delete, name="quarantine_delete"),
]
public: list[URLPattern | URLResolver] = [
    path("forms/<str:form_id>/<int:number>/", doors.send, name="send"),
    path("forms/thanks/<str:token>/", doors.thanks, name="thanks"),
    path("get/<str:token>", doors.get, name="get"),
    path("get/<str:token>/again/", doors.get_again, name="get_again"),
]
