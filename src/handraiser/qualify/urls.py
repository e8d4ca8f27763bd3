"""Addresses of this folder: `admin` under /admin/, `public` at the root of the site."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from handraiser.qualify.views import checks, enrichment, prediction, rule_sets, stages, why

admin: list[URLPattern | URLResolver] = [
    path("qualify/", rule_sets.home, name="home"),
    path("qualify/rule-sets/", rule_sets.rule_sets, name="rule_sets"),
    path("qualify/rule-sets/draft/", rule_sets.start_draft, name="start_draft"),
    path("qualify/rule-sets/<int:number>/", rule_sets.rule_set, name="rule_set"),
    path("qualify/rule-sets/<int:number>/save/", rule_sets.save, name="save"),
    path("qualify/rule-sets/<int:number>/effect/", rule_sets.effect, name="effect"),
    path("qualify/rule-sets/<int:number>/try/", rule_sets.try_on, name="try_on"),
    path("qualify/rule-sets/<int:number>/publishing/", rule_sets.publishing, name="publishing"),
    path("qualify/rule-sets/<int:number>/publish/", rule_sets.publish, name="publish"),
    path("qualify/rule-sets/<int:number>/discard/", rule_sets.discard, name="discard"),
    path("qualify/rule-sets/<int:number>/roll-back/", rule_sets.roll_back, name="roll_back"),
    path("qualify/stages/", stages.stages, name="stages"),
    path("qualify/enrichment/", enrichment.sources, name="enrichment"),
    path("qualify/enrichment/new/", enrichment.new, name="source_new"),
    path("qualify/enrichment/<str:source_id>/", enrichment.change, name="source"),
    path("qualify/enrichment/<str:source_id>/switch/", enrichment.switch, name="source_switch"),
    path("qualify/enrichment/<str:source_id>/try/", enrichment.try_it, name="source_try"),
    path("qualify/prediction/", prediction.prediction, name="prediction"),
    path("qualify/prediction/progress/", prediction.progress, name="prediction_progress"),
    path("qualify/prediction/train/", prediction.train, name="prediction_train"),
    path("qualify/prediction/settings/", prediction.save, name="prediction_save"),
    path("qualify/prediction/off/", prediction.model_off, name="model_off"),
    path("qualify/prediction/<int:number>/", prediction.model, name="model"),
    path("qualify/prediction/<int:number>/back/", prediction.model_back, name="model_back"),
    path("qualify/checked/<str:lead_id>/", checks.look_again, name="look_again"),
    path("qualify/why/<str:lead_id>/", why.why, name="why"),
]
public: list[URLPattern | URLResolver] = []
