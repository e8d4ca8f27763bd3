"""The first evening: the way to a first lead, step by step, and then the care of the house."""

from __future__ import annotations

from django.urls import reverse
from wagtail.models import Page

from handraiser.capture.models import Form, FormVersion
from handraiser.console.navigation import Onward
from handraiser.core.people.models import Lead
from handraiser.core.staff.models import User
from handraiser.core.staff.queries import Step
from handraiser.core.staff.roles import EDITORS
from handraiser.nurture.models import SequenceVersion
from handraiser.qualify.models import RuleSet


def way() -> list[Step]:
    """The way to a first lead. Each step leads to where it is taken up, or to the draft that was begun."""
    page = landing_page()
    return [
        Step(
            "Build a form",
            _form_url(),
            Form.objects.exclude(live=None).exists(),
            "People become leads by sending one. Four are written; choose, read, publish.",
            "Choose a form",
        ),
        Step(
            "Put it on a page",
            _page_url(),
            page is not None,
            "One page with one goal and no menu is where campaigns should lead. The first words are there.",
            "Make the page",
        ),
        Step(
            "Add a rule of your own",
            reverse("qualify:rule_sets"),
            RuleSet.objects.exclude(published_by=None).exists(),
            "Points say whom to answer first. A classic set is running; add what matters to you.",
            "See the rules",
        ),
        Step(
            "Start a sequence",
            _sequence_url(),
            SequenceVersion.objects.filter(state=SequenceVersion.State.LIVE).exists(),
            "Mails that follow by themselves, and stop when the goal is reached. They are written, too.",
            "Choose a sequence",
        ),
        Step(
            "Receive the first lead",
            (page.url if page else None) or reverse("desk:today"),
            Lead.objects.exists(),
            "Open your page in a window where you are not signed in, and send the form as a stranger would. "
            "It appears here by itself.",
            "Open your page",
        ),
    ]


def landing_page() -> Page | None:
    """The landing page that was published first."""
    live = Page.objects.live().filter(content_type__model="landingpage")
    found: Page | None = live.order_by("first_published_at", "pk").first()
    return found


def onward(user: User) -> Onward | None:
    """What stands at the head of every screen until a first lead is there."""
    if user.role not in EDITORS or Lead.objects.exists():
        return None
    steps = way()
    done = sum(step.done for step in steps)
    ahead = next(step for step in steps if not step.done)
    # Whoever is sent to the public page does not come back; Today shows the lead when it comes.
    url = reverse("desk:today") if ahead is steps[-1] else ahead.url
    return Onward(ahead.label, url, done, len(steps))


def _form_url() -> str:
    begun = FormVersion.objects.filter(published_at=None, form__live=None, form__archived_at=None).first()
    return reverse("capture:form", args=[begun.form_id]) if begun else reverse("capture:forms")


def _page_url() -> str:
    begun = Page.objects.filter(live=False, content_type__model="landingpage").first()
    return reverse("wagtailadmin_pages:edit", args=[begun.pk]) if begun else reverse("website:landing_new")


def _sequence_url() -> str:
    begun = SequenceVersion.objects.filter(state=SequenceVersion.State.DRAFT).first()
    return reverse("nurture:steps", args=[begun.sequence_id]) if begun else reverse("nurture:new")
