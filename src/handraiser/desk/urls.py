"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.desk.views import (
    add,
    bulk,
    companies,
    export,
    filters,
    lead,
    leads,
    saved_views,
    today,
    work,
)

admin: list[URLPattern | URLResolver] = [
    path("", today.show, name="today"),
    path("leads/", leads.leads, name="leads"),
    path("leads/export/", export.leads, name="leads_export"),
    path("leads/filter/", filters.choose, name="filter"),
    path("leads/columns/", filters.columns, name="columns"),
    path("leads/views/new/", saved_views.ask, name="view_ask"),
    path("leads/views/save/", saved_views.save, name="view_save"),
    path("leads/views/<str:view_id>/delete/", saved_views.delete, name="view_delete"),
    path("leads/bulk/<slug:kind>/", bulk.ask, name="bulk"),
    path("leads/bulk/<slug:kind>/apply/", bulk.apply, name="bulk_apply"),
    path("leads/bulk/<str:change_id>/undo/", bulk.undo, name="bulk_undo"),
    path("leads/add/", add.add, name="lead_add"),
    path("leads/<str:lead_id>/", lead.lead, name="lead"),
    path("leads/<str:lead_id>/timeline.csv", export.timeline, name="timeline_export"),
    path("leads/<str:lead_id>/why/", lead.explain, name="why"),
    path("leads/<str:lead_id>/note/", work.note_ask, name="note_ask"),
    path("leads/<str:lead_id>/note/add/", work.note, name="note_add"),
    path("leads/<str:lead_id>/task/", work.task_ask, name="task_ask"),
    path("leads/<str:lead_id>/task/add/", work.task, name="task_add"),
    path("leads/<str:lead_id>/owner/", work.owner_ask, name="owner_ask"),
    path("leads/<str:lead_id>/owner/set/", work.owner, name="owner_set"),
    path("leads/<str:lead_id>/stage/", work.stage_ask, name="stage_ask"),
    path("leads/<str:lead_id>/stage/move/", work.stage, name="stage_move"),
    path("leads/<str:lead_id>/person/", work.person_ask, name="person_ask"),
    path("leads/<str:lead_id>/person/change/", work.person, name="person_change"),
    path("leads/<str:lead_id>/fields/", work.custom, name="fields_save"),
    path("tasks/<str:task_id>/done/", work.task_done, name="task_done"),
    path("tasks/<str:task_id>/reopen/", work.task_reopen, name="task_reopen"),
    path("companies/", companies.listing, name="companies"),
    path("companies/<str:company_id>/", companies.company, name="company"),
]
public: list[URLPattern | URLResolver] = []
