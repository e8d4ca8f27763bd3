"""Laws that no import shows: where foreign keys point, and that keys fit."""

from __future__ import annotations

from django.apps import apps

ORDER = [
    "staff", "journal", "people", "consent", "identity", "audience", "delivery", "notices",
    "console", "attract", "capture", "qualify", "nurture", "convert", "measure", "desk", "website",
]  # fmt: skip


def ours():
    for model in apps.get_models():
        if model.__module__.startswith("handraiser."):
            yield model


def test_foreign_keys_point_inside_the_folder_or_down_into_the_core():
    wrong = []
    core = ORDER[: ORDER.index("console")]
    for model in ours():
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or not field.related_model:
                continue
            here, there = model._meta.app_label, field.related_model._meta.app_label
            if there not in ORDER or here == there or here == "website":
                continue
            if there not in core or ORDER.index(there) > ORDER.index(here):
                wrong.append(f"{model.__name__}.{field.name} -> {there}")
    assert wrong == []


def test_every_public_id_fits_its_column():
    short = []
    for model in ours():
        key = model._meta.pk
        default = getattr(key, "default", None)
        if (
            key.get_internal_type() == "CharField"
            and key.has_default()
            and callable(default)
            and len(default()) > key.max_length
        ):
            short.append(model.__name__)
    assert short == []
