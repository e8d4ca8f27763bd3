"""A page of Chromium that holds the form runtime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

RUNTIME = Path(__file__).resolve().parents[1] / "static" / "capture" / "form.js"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def page_with_runtime() -> Iterator[Page]:
    """An empty page with `handraiserForms` in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page()
        page.set_content("<!doctype html><title>forms</title>")
        page.add_script_tag(path=str(RUNTIME))
        yield page
        browser.close()
