"""The first evening: what is left to do until leads come in by themselves. Each line is the next click."""

from __future__ import annotations

from django.urls import reverse
from wagtail.models import Page

from handraiser.capture.models import Form
from handraiser.core.people.models import Lead
from handraiser.core.staff.queries import Step, getting_ready
from handraiser.nurture.models import SequenceVersion
from handraiser.qualify.models import RuleSet


def steps() -> list[Step]:
    """The way to a first lead, then the care of the house."""
    pages = Page.objects.live().filter(content_type__model="landingpage")
    sequences = SequenceVersion.objects.filter(state=SequenceVersion.State.LIVE)
    return [
        Step("Build a form", reverse("capture:forms"), Form.objects.exclude(live=None).exists()),
        Step("Publish a landing page with it", reverse("attract:pages"), pages.exists()),
        Step(
            "Look at the rules that score leads",
            reverse("qualify:home"),
            RuleSet.objects.exclude(published_by=None).exists(),
        ),
        Step("Write a sequence that goes on with them", reverse("nurture:sequences"), sequences.exists()),
        Step("Receive the first lead", reverse("desk:leads"), Lead.objects.exists()),
        *getting_ready(),
    ]
