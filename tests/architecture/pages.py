"""Writes the pages that are made from the code: `python -m tests.architecture.pages`."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from pathlib import Path

import handraiser.core.journal.events as catalogue
from handraiser.core.journal.events.base import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]


def events_page() -> str:
    """The catalogue as a page."""
    lines = [
        "# Events",
        "",
        "Made from `core/journal/events/`. The envelope of each adds: message id, when it occurred and was",
        "received, visitor, person, lead, cause and depth. A field in italics reaches the journal as a keyed hash.",
    ]
    for module in sorted(pkgutil.iter_modules(catalogue.__path__), key=lambda found: found.name):
        if module.name == "base":
            continue
        loaded = importlib.import_module(f"{catalogue.__name__}.{module.name}")
        lines += ["", f"## {module.name}", (loaded.__doc__ or "").strip(), "", "| event | means | fields |"]
        lines.append("|---|---|---|")
        for name, fact in CATALOGUE.items():
            if fact.__module__ != loaded.__name__:
                continue
            fields = ", ".join(
                f"*{field.name}*" if field.metadata.get("personal") else field.name
                for field in dataclasses.fields(fact)
            )
            meaning = " ".join((fact.__doc__ or "").split()).replace("|", "\\|")
            lines.append(f"| `{name}` | {meaning} | {fields or '–'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "events.md").write_text(events_page())
