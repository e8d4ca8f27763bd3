"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.capture.imports import views

admin: list[URLPattern | URLResolver] = [
    path("capture/imports/", views.listing, name="listing"),
    path("capture/imports/upload/", views.upload, name="upload"),
    path("capture/imports/<str:import_id>/", views.detail, name="detail"),
    path("capture/imports/<str:import_id>/columns/", views.columns, name="columns"),
    path("capture/imports/<str:import_id>/start/", views.start, name="start"),
    path("capture/imports/<str:import_id>/stop/", views.stop, name="stop"),
    path("capture/imports/<str:import_id>/undo/", views.undo, name="undo"),
    path("capture/imports/<str:import_id>/forget/", views.forget, name="forget"),
    path("capture/imports/<str:import_id>/progress/", views.progress, name="progress"),
    path("capture/imports/<str:import_id>/rejected.csv", views.rejected, name="rejected"),
]
public: list[URLPattern | URLResolver] = []
