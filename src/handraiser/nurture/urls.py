"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.nurture.views import editor, people, sequences

_ONE = "nurture/sequences/<str:sequence_id>/"

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
    path("nurture/enrolments/<str:enrolment_id>/<slug:verb>/", people.change, name="change_person"),
]
public: list[URLPattern | URLResolver] = []
