"""Putting pages up by code: for the first start and for blueprints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from wagtail.models import Page, Site

from handraiser.website.models import HomePage

AnyPage = TypeVar("AnyPage", bound=Page)
Block = tuple[str, dict[str, Any]]


def stream(blocks: Sequence[Block]) -> str:
    """Blocks as a StreamField stores them: (type, value) with plain values, pages by their id."""
    return json.dumps([{"type": kind, "value": value} for kind, value in blocks])


def put_up(parent: Page, page: AnyPage, *, at: datetime) -> AnyPage:
    """Add a page below its parent and publish it as of this moment."""
    page.first_published_at = at
    parent.add_child(instance=page)
    revision = page.save_revision()
    revision.publish()
    # Wagtail writes the present; the demo lives in the past.
    type(page).objects.filter(pk=page.pk).update(
        first_published_at=at, last_published_at=at, latest_revision_created_at=at
    )
    page.refresh_from_db()
    return page


def rewrite(page: Page, *, at: datetime) -> None:
    """Publish what was changed on a page that is up."""
    page.save_revision().publish()
    type(page).objects.filter(pk=page.pk).update(last_published_at=at, latest_revision_created_at=at)


def home(*, title: str, seo_title: str, description: str, at: datetime) -> tuple[HomePage, bool]:
    """The front of the site and whether it is new; Wagtail's own welcome page makes room for it."""
    found = HomePage.objects.first()
    if found is not None:
        return found, False
    root = Page.objects.get(depth=1)
    welcome = root.get_children().filter(slug="home").first()
    if welcome is not None:
        Site.objects.filter(root_page=welcome).update(root_page=root)
        welcome.delete()
        root.refresh_from_db()
    page = put_up(
        root,
        HomePage(title=title, slug="home", seo_title=seo_title, search_description=description),
        at=at,
    )
    address = urlsplit(settings.BASE_URL)
    port = address.port or (443 if address.scheme == "https" else 80)
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    site.hostname, site.port, site.root_page = address.hostname or "localhost", port, page
    site.site_name = title
    site.save()
    return page, True
