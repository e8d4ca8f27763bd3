"""What stands beside a page in its editor: is it ready, and what did it bring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from wagtail.admin.panels import Panel

from handraiser.attract import queries
from handraiser.attract.rules import channels
from handraiser.kit import clock

_DAYS = 30


@dataclass(frozen=True)
class Check:
    """One thing looked at before publishing."""

    fine: bool
    text: str


def checks(page: Any) -> list[Check]:
    """What would keep this page from doing its work."""
    title = page.seo_title or page.title or ""
    description = page.search_description or ""
    found = [
        Check(0 < len(title) <= 60, f"Title: {len(title)} characters (up to 60 are shown in search results)"),
        Check(
            50 <= len(description) <= 160,
            f"Description: {len(description)} characters (50 to 160 are shown)"
            if description
            else "Description is empty: search engines will choose a sentence themselves",
        ),
    ]
    body = list(getattr(page, "body", None) or [])
    kinds = [block.block_type for block in body]
    if page.__class__.__name__ == "LandingPage":
        found.append(Check(kinds[:1] == ["hero"], "Begins with a hero"))
        forms = kinds.count("form")
        found.append(Check(forms == 1, f"One goal: {forms} form{'' if forms == 1 else 's'} on the page"))
    for block in body:
        if block.block_type == "hero" and block.value.get("picture"):
            found.append(
                Check(bool(block.value.get("picture_text")), "The hero's picture says what it shows")
            )
    return found


class ChecksPanel(Panel):
    """Checks beside Publish. None of them blocks."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "website/panel_checks.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The checks, of the page as it was last saved."""
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["checks"] = checks(self.instance) if self.instance.pk else []
            return context


class ResultsPanel(Panel):
    """Visits, forms sent, and sources of the page in the last 30 days."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "website/panel_results.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """The page's row and its sources."""
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["days"] = _DAYS
            if not self.instance.pk or not (path := self.instance.url):
                return context
            end = clock.now()
            start = end - timedelta(days=_DAYS)
            path = "/" + path.split("/", 3)[3] if path.startswith("http") else path
            rows = queries.pages(start, end, paths=[path])
            context["row"] = rows[0] if rows else None
            context["sources"] = [
                (channels.label(channel), visits)
                for channel, visits in queries.sources_of_page(path, start, end).items()
            ]
            return context
