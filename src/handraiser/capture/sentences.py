"""How the events of this stage read on a timeline."""

from __future__ import annotations

from typing import Any

from handraiser.core.people.sentences import Sentence


def _viewed(body: dict[str, Any]) -> Sentence:
    return Sentence(
        "form", f"Looked at a **form**{' on ' + body['page'] if body.get('page') else ''}", "website"
    )


SENTENCES = {
    "capture.form_viewed": _viewed,
    "capture.form_submitted": lambda body: Sentence(
        "form", f"Sent the form **{body['form_name']}**", "website"
    ),
    "capture.magnet_sent": lambda body: Sentence("gift", f"Was sent **{body['magnet_name']}**", "email"),
    "capture.magnet_downloaded": lambda body: Sentence(
        "download", f"Downloaded **{body['magnet_name']}**", "website"
    ),
}
