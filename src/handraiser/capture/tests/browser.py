"""A page of Chromium that holds the form runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tests.screens import chromium

RUNTIME = Path(__file__).resolve().parents[1] / "static" / "capture" / "form.js"


@contextmanager
def page_with_runtime() -> Iterator[Page]:
    """An empty page with `handraiserForms` in it."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_content("<!doctype html><title>forms</title>")
        page.add_script_tag(path=str(RUNTIME))
        yield page
