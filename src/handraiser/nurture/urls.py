"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.nurture.views import editor, people, segments, sequences

_ONE = "nurture/sequences/<str:sequence_id>/"
_SEGMENT = "nurture/segments/<str:segment_id>/"

admin: list[URLPattern | URLResolver] = [
    path("nurture/", sequences.listing, name="sequences"),
    path("nurture/new/", sequences.new, name="new"),
    path("nurture/create/", sequences.create, name="create"),
    path(_ONE, editor.steps, name="steps"),
    path(f"{_ONE}start/", editor.save_start, name="save_start"),
    path(f"{_ONE}add/", editor.add_step, name="add_step"),
    path(f"{_ONE}step/<str:key>/save/", editor.save_step, name="save_step"),
    path(f"{_ONE}step/<str:key>/move/", editor.move_step, name="move_step"),
    path(f"{_ONE}step/<str:key>/remove/", editor.remove_step, name="remove_step"),
    path(f"{_ONE}review/", sequences.review, name="review"),
    path(f"{_ONE}publish/", sequences.publish, name="publish"),
    path(f"{_ONE}discard/", sequences.discard, name="discard"),
    path(f"{_ONE}pause/", sequences.pause, name="pause"),
    path(f"{_ONE}resume/", sequences.resume, name="resume"),
    path(f"{_ONE}versions/", sequences.versions, name="versions"),
    path(f"{_ONE}versions/<int:number>/again/", sequences.again, name="again"),
    path(f"{_ONE}dry-run/", sequences.dry_run, name="dry_run"),
    path(f"{_ONE}people/", people.listing, name="people"),
    path("nurture/segments/", segments.listing, name="segments"),
    path("nurture/segments/create/", segments.create, name="segment_create"),
    path(_SEGMENT, segments.segment, name="segment"),
    path(f"{_SEGMENT}edit/", segments.edit, name="segment_edit"),
    path(f"{_SEGMENT}draft/", segments.draft, name="segment_draft"),
    path(f"{_SEGMENT}discard/", segments.discard, name="segment_discard"),
    path(f"{_SEGMENT}versions/<int:number>/again/", segments.restore, name="segment_restore"),
    path(f"{_SEGMENT}check/", segments.check, name="segment_check"),
    path(f"{_SEGMENT}export/", segments.export, name="segment_export"),
    path(f"{_SEGMENT}archive/", segments.archive, name="segment_archive"),
    path(f"{_SEGMENT}unarchive/", segments.unarchive, name="segment_unarchive"),
    path("nurture/enrolments/<str:enrolment_id>/<slug:verb>/", people.change, name="change_person"),
]
public: list[URLPattern | URLResolver] = []
