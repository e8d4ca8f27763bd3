"""The public site: starter and demo pages, what search engines are told, and what stays private."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wagtail.models import Page, Site

from handraiser.attract.models import Conversion, PageSeen, Visit
from handraiser.blueprints.northlight.pages import build_pages
from handraiser.capture import starters
from handraiser.kit import clock
from handraiser.website import panels
from handraiser.website.building import put_up, stream
from handraiser.website.models import BlogPage, HomePage, LandingPage, PricingPage, StandardPage
from handraiser.website.rules import fields
from handraiser.website.rules.palette import contrast, palette
from handraiser.website.starter import build_site

AT = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
ADDRESSES = ["/", "/playbook/", "/pricing/", "/blog/", "/blog/what-your-friday-report-costs/", "/privacy/"]


@pytest.fixture
def site(organisation):
    """Northlight's own site."""
    forms = {"playbook": starters.playbook, "demo": starters.demo, "newsletter": starters.newsletter}
    return build_pages(form_ids={name: make(at=AT).id for name, make in forms.items()}, at=AT)


def read(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_starter_site_works_and_is_made_once(organisation, client):
    home = build_site(organisation=organisation, at=AT)
    assert build_site(organisation=organisation, at=AT) == home
    assert HomePage.objects.count() == 1 and Site.objects.get().root_page_id == home.page_ptr_id
    for address in ("/", "/pricing/", "/blog/", "/blog/why-we-write-here/", "/privacy/", "/imprint/"):
        assert "<h1" in read(client, address)
    assert not Page.objects.get(depth=1).fix_tree()


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_tells_search_engines_what_it_is(site, client, address):
    page = read(client, address)
    assert page.count('<link rel="canonical"') == 1
    assert page.count("<h1") == 1
    title = re.search(r"<title>(.*?)</title>", page)[1]
    assert "Northlight" in title or "Playbook" in title
    assert 50 <= len(re.search(r'name="description" content="(.*?)"', page)[1]) <= 170
    data = json.loads(re.search(r'ld\+json">(.*?)</script>', page, re.S)[1])
    assert data["@graph"][0]["@type"] == "WebPage"
    assert 'property="og:title"' in page and "style=" not in page


def test_a_landing_page_has_one_goal_and_no_navigation(site, client):
    page = read(client, "/playbook/")
    assert "<nav" not in page
    assert page.count('class="hr-form"') == 1
    assert "What is inside" in page and "FAQPage" in page
    assert page.index("Get your Fridays back.") < page.index('class="hr-form"') < page.index("Rosa Lindqvist")


def test_a_landing_page_stays_light(site, client):
    page = client.get("/playbook/").content
    style = client.get(re.search(rb'href="(/site.css\?v=\w+)"', page)[1].decode())
    assert "immutable" in style["Cache-Control"]
    assert len(gzip.compress(page)) + len(gzip.compress(style.content)) < 14_000


def test_pages_and_style_come_packed_to_those_who_take_it(site, client):
    plain = client.get("/playbook/")
    packed = client.get("/playbook/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain and packed["Content-Encoding"] == "gzip"
    assert b"Get your Fridays back." in gzip.decompress(packed.content)
    style = client.get("/site.css", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(style.content) == client.get("/site.css").content


def test_pages_hold_nothing_from_outside(site, client):
    for address in ADDRESSES:
        for found in re.findall(r'(?:src|href)="(https?://[^"]+)"', read(client, address)):
            assert found.startswith(("http://127.0.0.1", "http://testserver")), found


def test_campaign_words_are_shown_escaped(site, client, organisation):
    page = LandingPage.objects.get()
    page.body = stream(
        [("hero", {"heading": "Your {{utm_term|marketing report}} writes itself", "points": []})]
    )
    page.save_revision().publish()
    assert "Your marketing report writes itself" in read(client, "/playbook/")
    assert "Your board report writes itself" in read(client, "/playbook/?utm_term=board_report")
    wicked = read(client, "/playbook/?utm_term=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in wicked


@given(st.text(max_size=80), st.text(max_size=80))
def test_campaign_words_are_cut_and_clean(text, value):
    filled = fields.filled("a {{utm_term|b}} {{password|c}}", {"utm_term": value, "password": "secret"})
    assert "secret" not in filled and "<" not in filled and len(filled) <= fields.MOST_CHARACTERS + 4
    fields.filled(text, {"utm_term": value})


@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_every_brand_colour_gives_readable_pages(brand):
    made = palette(brand)
    for colours, surfaces in ((made.light, ("bg", "card", "tint")), (made.dark, ("bg", "card", "tint"))):
        assert contrast(colours["on-brand"], colours["brand"]) >= 4.5
        assert contrast(colours["on-brand"], colours["brand-press"]) >= 4.5
        for surface in surfaces:
            for text in ("ink", "ink-2", "ink-3", "brand"):
                assert contrast(colours[text], colours[surface]) >= 4.5, (brand, text, surface)
            assert contrast(colours["control"], colours[surface]) >= 3, (brand, surface)


def test_a_word_that_is_no_colour_is_harmless():
    assert palette("red;}body{") == palette("#0C6B58")


def test_sitemap_and_robots(site, client):
    privacy = StandardPage.objects.get(slug="privacy")
    privacy.hidden_from_search = True
    privacy.save_revision().publish()
    sitemap = read(client, "/sitemap.xml")
    assert "/playbook/" in sitemap and "/privacy/" not in sitemap
    assert 'content="noindex"' in read(client, "/privacy/")
    assert "Disallow: /admin/" in read(client, "/robots.txt")


def test_what_is_not_here_says_so(site, client):
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "This page is not here" in answer.content.decode()


def test_titles_cannot_close_the_data_block(site, client):
    blog = BlogPage.objects.first()
    blog.title = "</script><script>alert(1)</script>"
    blog.save_revision().publish()
    assert "<script>alert(1)" not in read(client, f"/blog/{blog.slug}/")


def test_public_pages_set_no_cookie(site, client):
    for address in ADDRESSES:
        assert not client.get(address).cookies, address


def test_drafts_are_not_shown(site, client):
    home = HomePage.objects.get()
    draft = PricingPage(title="Hidden", slug="hidden", live=False)
    home.add_child(instance=draft)
    assert client.get("/hidden/").status_code == 404


def test_checks_and_results_in_the_editor(site, mira, login):
    at = clock.now() - timedelta(days=2)
    visit = Visit.objects.create(visitor="v_1", started_at=at, last_at=at, channel="paid_search")
    PageSeen.objects.create(visit=visit, path="/playbook/", at=at)
    Conversion.objects.create(message_id="s1", path="/playbook/", intent="magnet", form="f", at=at)
    page = LandingPage.objects.get()
    editor = read(login(mira), f"/admin/content/pages/{page.pk}/edit/")
    assert "One goal: 1 form on the page" in editor
    assert "Last 30 days" in editor and "Paid search" in editor


def test_a_new_landing_page_begins_with_its_parts(mira, login, organisation):
    home = build_site(organisation=organisation, at=AT)
    assert [block.block_type for block in LandingPage().body] == ["hero", "form", "cta"]
    editor = read(login(mira), f"/admin/content/pages/add/website/landingpage/{home.pk}/")
    assert editor.index("action-publish") < editor.index("Save draft")


def test_checks_name_what_is_missing(site):
    bare = put_up(HomePage.objects.get(), LandingPage(title="x", slug="bare", body=stream([])), at=AT)
    texts = {check.text for check in panels.checks(bare) if not check.fine}
    assert "Begins with a hero" in texts and "One goal: 0 forms on the page" in texts
