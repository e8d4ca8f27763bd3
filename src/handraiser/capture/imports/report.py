"""The rows that were not taken, as a file to mend and import again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from handraiser.capture.imports.actions.runs import path_of
from handraiser.capture.imports.models import Import

_FORMULA = ("=", "+", "-", "@", "\t")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def _harmless(cell: str) -> str:
    """A spreadsheet must not run what a stranger typed; numbers stay as they are."""
    risky = cell.startswith(_FORMULA) and not cell[1:].replace(".", "").replace(" ", "").isdigit()
    return f"'{cell}" if risky else cell


def lines(this: Import) -> Iterator[str]:
    """The report line by line: the original columns, then the line in the file and the reason."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([*this.columns, "line in the file", "why it was not taken"])
    rows = this.rows.filter(outcome="rejected").order_by("number").values_list("cells", "line", "reason")
    width = len(this.columns)
    for cells, line, reason in rows.iterator(chunk_size=500):
        padded = [*cells[:width], *[""] * (width - len(cells))]
        yield writer.writerow([*(_harmless(cell) for cell in padded), line, reason])


def write(this: Import) -> Path:
    """Write the report beside the imported file; returns its path."""
    place = path_of(this).with_name(f"{this.id}-rejected.csv")
    with place.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines(this))
    return place
