"""Facts of the moment of conversion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handraiser.core.journal.events.base import Fact


@dataclass(frozen=True, kw_only=True)
class FormViewed(Fact):
    """A form was shown to a person or visitor."""

    name: ClassVar[str] = "capture.form_viewed"

    form: str
    form_version: int
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class FormSubmitted(Fact):
    """A form was sent and accepted. `intent`: what the person asked for: newsletter, magnet, contact, demo."""

    name: ClassVar[str] = "capture.form_submitted"

    form: str
    form_name: str
    form_version: int
    submission: str
    intent: str
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class SubmissionQuarantined(Fact):
    """A submission looks like spam and waits for a human eye."""

    name: ClassVar[str] = "capture.submission_quarantined"

    form: str
    submission: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MagnetSent(Fact):
    """A lead magnet was delivered: the link on the page and by email. `grant` is the id of the link."""

    name: ClassVar[str] = "capture.magnet_sent"

    magnet: str
    magnet_name: str
    grant: str


@dataclass(frozen=True, kw_only=True)
class MagnetDownloaded(Fact):
    """A lead magnet was fetched through its link."""

    name: ClassVar[str] = "capture.magnet_downloaded"

    magnet: str
    magnet_name: str
    kind: str = "ebook"


@dataclass(frozen=True, kw_only=True)
class ImportFinished(Fact):
    """An import of a file came to its end."""

    name: ClassVar[str] = "capture.import_finished"

    import_id: str
    kind: str
    created: int
    joined: int
    rejected: int


@dataclass(frozen=True, kw_only=True)
class ImportUndone(Fact):
    """What an import had made was taken back, but for rows that somebody worked with."""

    name: ClassVar[str] = "capture.import_undone"

    import_id: str
    kind: str
    removed: int
    kept: int
