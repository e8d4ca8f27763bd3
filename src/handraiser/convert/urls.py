"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.convert.views import board, deals, hand_offs, house

admin: list[URLPattern | URLResolver] = [
    path("pipeline/", board.board, name="board"),
    path("pipeline/deals/new/", deals.open_deal, name="open_deal"),
    path("pipeline/deals/new/leads/", deals.lead_options, name="lead_options"),
    path("pipeline/deals/<str:deal_id>/", deals.deal, name="deal"),
    path("pipeline/deals/<str:deal_id>/change/", deals.change_deal, name="change_deal"),
    path("pipeline/deals/<str:deal_id>/move/", board.move, name="move_deal"),
    path(
        "pipeline/deals/<str:deal_id>/undo/<int:version>/<str:stage_id>/", board.undo_move, name="undo_move"
    ),
    path("hand-offs/<str:hand_off_id>/", hand_offs.hand_off, name="hand_off"),
    path("hand-offs/<str:hand_off_id>/accept/", hand_offs.accept, name="accept"),
    path("hand-offs/<str:hand_off_id>/reject/", hand_offs.reject, name="reject"),
    path("leads/<str:lead_id>/sql/", deals.qualify_as_sql, name="qualify_as_sql"),
    path("convert/", house.routing, name="routing"),
    path("convert/routing/", house.change_routing, name="change_routing"),
    path("convert/hand-offs/", house.hand_offs, name="hand_offs"),
    path("convert/pipelines/", house.pipeline_list, name="pipelines"),
    path("convert/pipelines/<str:pipeline_id>/", house.change_pipeline, name="change_pipeline"),
]
public: list[URLPattern | URLResolver] = []
