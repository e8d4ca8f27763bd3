"""Blocks of this stage for public pages."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from wagtail import blocks

from handraiser.capture import rendering
from handraiser.capture.models import Form, FormPlace
from handraiser.kit import clock

_placed: set[tuple[str, str]] = set()


def live_forms() -> list[tuple[str, str]]:
    """Forms that can be put on a page."""
    rows = Form.objects.exclude(live=None).filter(archived_at=None).order_by("name")
    return list(rows.values_list("id", "name"))


class FormBlock(blocks.StructBlock):
    """A form on a page. The page names the form; what is asked is its live version when shown."""

    form = blocks.ChoiceBlock(
        choices=live_forms,
        help_text="Forms are made under Capture. Only those with a live version are listed.",
    )
    heading = blocks.CharBlock(required=False, max_length=120, help_text="Instead of the form's own.")
    button = blocks.CharBlock(required=False, max_length=60, help_text="Instead of the form's own.")

    class Meta:
        icon = "form"
        label = "Form"
        template = "capture/form_block.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context = super().get_context(value, parent_context=parent_context)
        context["shown"] = None
        form = self.live_form(value.get("form") or "", context.get("request"))
        if form is not None and form.live is not None:
            context["shown"] = rendering.rendered(
                version=form.live,
                at=clock.now(),
                heading=value.get("heading") or "",
                button=value.get("button") or "",
            )
            _remember(form, context.get("request"))
        return context

    def live_form(self, form_id: str, request: Any) -> Form | None:
        """The form with its live version; None if it is closed, or none was chosen."""
        rows = Form.objects.select_related("live__form").filter(id=form_id, archived_at=None)
        return rows.exclude(live=None).first()


def _remember(form: Form, request: Any) -> None:
    """Note where a form stands, once: the visits of that page are the n of the form's rate."""
    if request is None or getattr(request, "is_preview", False) or request.method != "GET":
        return
    place = (form.id, request.path[:300])
    if place in _placed:
        return
    with transaction.atomic():
        FormPlace.objects.get_or_create(form=form, path=place[1], defaults={"since": clock.now()})
    _placed.add(place)
