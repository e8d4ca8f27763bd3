"""What an import says of itself."""

from __future__ import annotations

from django.db.models import Count

from handraiser.capture.imports import kinds
from handraiser.capture.imports.actions.runs import Forecast
from handraiser.capture.imports.kinds import REFUSAL_WORDS, Kind, Refusal
from handraiser.capture.imports.models import Import


def of_import(this: Import) -> str:
    """For example "1,204 rows: 1,180 new, 19 joined to people you know, 5 without an email, phone or id."."""
    rows = this.rows.filter(outcome="rejected").values_list("refusal").annotate(n=Count("id"))
    found = Forecast(this.created, this.joined, this.rejected, dict(rows), this.remarks)
    return of_forecast(kinds.of(this.kind), found)


def of_forecast(kind: Kind, found: Forecast) -> str:
    """The same sentence, for a dry run as well."""
    parts = [f"{found.created:,} {kind.noun}"]
    if found.joined:
        parts.append(f"{found.joined:,} {kind.known_as}")
    for refusal, count in sorted(found.refusals.items(), key=lambda item: (-item[1], item[0])):
        parts.append(f"{count:,} {REFUSAL_WORDS[Refusal(refusal)]}")
    sentences = [f"{found.rows:,} {'row' if found.rows == 1 else 'rows'}: {', '.join(parts)}."]
    for remark, count in sorted(found.remarks.items()):
        one, many = kind.remarks[remark]
        sentences.append(f"{count:,} {one if count == 1 else many}.")
    return " ".join(sentences)


def of_undo(removed: int, kept: int) -> str:
    """What an undo did."""
    if not kept:
        return f"{removed:,} rows taken back."
    return f"{removed:,} rows taken back, {kept:,} left because somebody worked with them since."
