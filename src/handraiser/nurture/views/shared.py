"""What every screen of a sequence shows around its content."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from handraiser.capture.models import Form
from handraiser.core.audience.models import Segment
from handraiser.core.delivery import queries as delivery
from handraiser.core.staff.requests import StaffRequest
from handraiser.core.staff.roles import EDITORS
from handraiser.nurture import queries
from handraiser.nurture.models import Sequence, SequenceVersion
from handraiser.nurture.rules import words


def tabs_of(current: str) -> list[tuple[str, str, bool, int]]:
    """The tabs of Nurture."""
    segments = Segment.objects.filter(archived_at=None).count()
    running = Sequence.objects.filter(archived_at=None).count()
    return [
        ("Segments", reverse("nurture:segments"), current == "segments", segments),
        ("Sequences", reverse("nurture:sequences"), current == "sequences", running),
        ("Outbox", reverse("delivery:outbox"), current == "outbox", delivery.tab_counts()["waiting"]),
    ]


def frame(request: StaffRequest, sequence: Sequence, tab: str) -> dict[str, Any]:
    """Title, tabs and the standing of draft and live version."""
    versions = list(sequence.versions.order_by("-number"))
    by_state = {version.state: version for version in versions}
    standing = queries.standings([sequence.id]).get(sequence.id, queries.Standing())
    here = [sequence.id]
    return {
        "sequence": sequence,
        "live": by_state.get(SequenceVersion.State.LIVE),
        "draft": by_state.get(SequenceVersion.State.DRAFT),
        "standing": standing,
        "inside": standing.inside + standing.paused,
        "may_change": request.user.may(*EDITORS),
        "tab_items": [
            ("Steps", reverse("nurture:steps", args=here), tab == "steps", None),
            ("People", reverse("nurture:people", args=here), tab == "people", standing.entered),
            ("Versions", reverse("nurture:versions", args=here), tab == "versions", len(versions)),
            ("Dry run", reverse("nurture:dry_run", args=here), tab == "dry_run", None),
        ],
    }


def form_names() -> dict[str, str]:
    """Forms by id, for triggers in words."""
    return dict(Form.objects.order_by("name").values_list("id", "name"))


def trigger_words(trigger: dict[str, Any]) -> str:
    """What sets it off, with the form's name."""
    return words.trigger(trigger, form_names() if trigger.get("form") else {})
