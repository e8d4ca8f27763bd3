"""Pages from memory: the same for everybody, never older than the site, never more than may be held."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
import signal
import time
import urllib.request
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection, transaction
from wagtail.models import PageViewRestriction

from handraiser.blueprints.northlight.pages import build_pages
from handraiser.capture import marks, starters
from handraiser.capture.actions import forms
from handraiser.capture.models import Form
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.website import door as doors
from handraiser.website import stamp
from handraiser.website.building import stream
from handraiser.website.door import PageDoor
from handraiser.website.models import LandingPage, StandardPage
from tests.product import Product, free_port

AT = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
PAGE = "/playbook/"


class Strangers:
    """Visitors in front of the door; `asked` are the addresses that Django was asked for."""

    def __init__(self, client) -> None:
        self.client, self.asked, self.at = client, [], time.time()
        sqlite = connection.vendor == "sqlite"
        self.watcher = stamp.Watcher(path=str(settings.DATABASES["default"]["NAME"]) if sqlite else "")
        self.door = PageDoor(
            app=self._django, stamp=self.watcher, session_cookie="handraiser_session", now=lambda: self.at
        )

    async def _django(self, scope, receive, send) -> None:
        address = scope["path"] + "?" + scope["query_string"].decode()
        self.asked.append(address)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        answer = self.client.generic(scope["method"], address, headers=headers)
        told = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": told})
        await send({"type": "http.response.body", "body": answer.content})

    def ask(self, address: str, method: str = "GET", **headers: str):
        """(status, headers, body) for somebody without any cookie."""
        return asyncio.run(self._ask(address, method, headers))

    async def _ask(self, address: str, method: str, headers: dict[str, str]):
        path, _, query = address.partition("?")
        given = {"host": "testserver", **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        sent = []

        async def send(message) -> None:
            sent.append(message)

        await self.door(scope, None, send)
        told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        assert "x-handraiser-page" not in told
        return sent[0]["status"], told, b"".join(message["body"] for message in sent[1:])

    def read(self, address: str = PAGE) -> str:
        status, _, body = self.ask(address)
        assert status == 200, address
        return body.decode()


@pytest.fixture
def site(transactional_db, organisation):
    made = {"playbook": starters.playbook, "demo": starters.demo, "newsletter": starters.newsletter}
    return build_pages(form_ids={name: make(at=AT).id for name, make in made.items()}, at=AT)


@pytest.fixture
def strangers(site, client):
    asking = Strangers(client)
    yield asking
    asking.watcher.close()


def a_moment_later() -> None:
    """On PostgreSQL a door may be half a second behind."""
    if connection.vendor != "sqlite":
        time.sleep(stamp.LOOK_AGAIN_SECONDS + 0.1)


def test_the_second_stranger_gets_the_page_from_memory(strangers):
    _, first_headers, first = strangers.ask(PAGE)
    status, headers, second = strangers.ask(PAGE)
    assert status == 200 and strangers.asked == [PAGE + "?"]
    ours = {"etag", "vary", "cache-control", "content-length"}
    for name in (first_headers.keys() | headers.keys()) - ours:
        assert headers.get(name) == first_headers.get(name), name
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["vary"] == "Accept-Encoding" and headers["cache-control"] == "no-cache"
    changing = re.compile(rb'name="hr_(mark|nonce)" value="[^"]+"')
    assert changing.sub(b"", first) == changing.sub(b"", second)
    assert strangers.ask(PAGE)[2] == second and int(headers["content-length"]) == len(second)


def test_packed_heads_and_copies_of_browsers(strangers):
    strangers.read()
    _, plain, body = strangers.ask(PAGE)
    _, packed, small = strangers.ask(PAGE, accept_encoding="br, gzip")
    assert packed["content-encoding"] == "gzip" and gzip.decompress(small) == body
    assert int(packed["content-length"]) == len(small) < len(body) / 2
    status, head, nothing = strangers.ask(PAGE, "HEAD")
    assert (status, head["content-length"], nothing) == (200, str(len(body)), b"")
    status, unchanged, nothing = strangers.ask(PAGE, if_none_match=plain["etag"])
    assert (status, unchanged["etag"], nothing) == (304, plain["etag"], b"")
    assert strangers.ask(PAGE, if_none_match='W/"other"')[0] == 200
    assert len(strangers.asked) == 1


def test_a_form_from_memory_has_the_mark_of_this_second(strangers):
    strangers.read()
    etag = strangers.ask(PAGE)[1]["etag"]
    seen = set()
    for later in (0, 2, 200):
        strangers.at += later
        page = strangers.read()
        mark = re.search(r'name="hr_mark" value="([^"]+)"', page)[1]
        assert marks.age(mark, at=clock.from_ms(int(strangers.at * 1000))) < 1.1
        seen.add(re.search(r'name="hr_nonce" value="([^"]+)"', page)[1])
    assert len(seen) == 3 and len(strangers.asked) == 1
    strangers.at += 4000
    strangers.read()
    assert strangers.ask(PAGE, if_none_match=etag)[0] == 200  # a browser's copy grows too old for the mark


def test_where_somebody_came_from_changes_no_page(strangers):
    strangers.read()
    for query in ("?utm_source=google&utm_term=reports", "?gclid=abc", "?fbclid=x&ref=y"):
        strangers.read(PAGE + query)
    assert len(strangers.asked) == 1


def test_campaign_words_make_pages_of_their_own(strangers):
    page = LandingPage.objects.get()
    page.body = stream([("hero", {"heading": "Your {{utm_term|report}} writes itself", "points": []})])
    page.save_revision().publish()
    a_moment_later()
    for _ in range(2):
        assert "Your report writes itself" in strangers.read()
        assert "Your board pack writes itself" in strangers.read(PAGE + "?utm_term=board_pack&gclid=1")
        assert "Your board pack writes itself" in strangers.read(PAGE + "?utm_term=x&utm_term=board%20pack")
    assert len(strangers.asked) == 2
    for odd in ("?utm_term=%FF%FEa", "?utm_term=a;utm_term=b", "?utm_term=" + "x" * 300, "?utm_term=%3Cb%3E"):
        strangers.read(PAGE + odd)
    assert "Your report writes itself" in strangers.read()


def test_who_is_signed_in_is_led_past(strangers):
    for _ in range(2):
        _, headers, _ = strangers.ask(PAGE, cookie="a=b; handraiser_session=abc")
        assert "etag" not in headers
    assert len(strangers.asked) == 2
    strangers.read()
    assert len(strangers.asked) == 3


def _publish() -> None:
    page = LandingPage.objects.get()
    page.title, page.seo_title = "Another title", "Another title"
    page.save_revision().publish()


def _new_version() -> None:
    form = Form.objects.get(name="The Reporting Playbook")
    forms.word(form=form, words={"heading": "Another title"}, at=AT)
    forms.publish(form=Form.objects.get(id=form.id), at=AT, by=None)


def _rename() -> None:
    Organisation.objects.update(name="Another title")


@pytest.mark.parametrize("change", [_publish, _new_version, _rename])
def test_a_change_shows_with_the_next_request(strangers, change):
    strangers.read()
    assert "Another title" not in strangers.read()
    change()
    a_moment_later()
    assert "Another title" in strangers.read()
    assert "Another title" in strangers.read()
    assert len(strangers.asked) == 2


def test_what_is_taken_down_is_gone_and_its_absence_is_not_kept(strangers):
    strangers.read()
    LandingPage.objects.get().unpublish()
    a_moment_later()
    for _ in range(2):
        assert strangers.ask(PAGE)[0] == 404
    assert strangers.door.held_bytes == 0 and len(strangers.asked) == 3
    assert strangers.ask("/playbook")[0] == 301 and strangers.door.held_bytes == 0


def test_an_archived_form_is_gone(strangers):
    assert 'class="hr-form"' in strangers.read()
    forms.archive(form=Form.objects.get(name="The Reporting Playbook"), at=AT)
    a_moment_later()
    assert 'class="hr-form"' not in strangers.read()


def test_drafts_and_previews_stay_inside(strangers, mira, login):
    page = LandingPage.objects.get()
    page.title = page.seo_title = "Only a draft"
    page.save_revision()
    a_moment_later()
    assert "Only a draft" not in strangers.read()
    draft = login(mira).get(f"/admin/content/pages/{page.pk}/view_draft/")
    assert "Only a draft" in draft.content.decode() and doors.NAMED not in draft
    assert "Only a draft" not in strangers.read()


def test_a_page_for_some_is_not_held(strangers):
    PageViewRestriction.objects.create(
        page=LandingPage.objects.get(), restriction_type=PageViewRestriction.PASSWORD, password="open sesame"
    )
    a_moment_later()
    for _ in range(2):
        assert 'class="hr-form"' not in strangers.read()
    assert strangers.door.held_bytes == 0


def test_the_date_turns_without_a_change(strangers):
    strangers.read()
    strangers.at += doors.HELD_SECONDS + 1
    strangers.read()
    assert len(strangers.asked) == 2


def test_memory_is_bounded(strangers, monkeypatch):
    page = StandardPage.objects.get(slug="privacy")
    page.body = stream([("hero", {"heading": "Your {{utm_term|report}}", "points": []})])
    page.save_revision().publish()
    a_moment_later()
    strangers.read("/privacy/")
    monkeypatch.setattr(doors, "MOST_BYTES", 5 * strangers.door.held_bytes)
    for number in range(20):
        strangers.read(f"/privacy/?utm_term=word{number}")
        assert strangers.door.held_bytes <= doors.MOST_BYTES
    strangers.read("/privacy/?utm_term=word19")
    assert len(strangers.asked) == 21
    strangers.read("/privacy/?utm_term=word1")
    assert len(strangers.asked) == 22


def test_what_was_rolled_back_left_no_stamp(site):
    before = stamp.current()
    with transaction.atomic():
        Organisation.objects.update(name="Somebody else")
        meanwhile = stamp.current()
        transaction.set_rollback(True)
    Organisation.objects.update(name="A third")
    assert len({before, meanwhile, stamp.current()}) == 3


def test_without_a_stamp_nothing_is_held(strangers):
    with connection.cursor() as cursor:
        cursor.execute("delete from website_stamp")
    a_moment_later()
    strangers.read()
    strangers.read()
    assert len(strangers.asked) == 2 and strangers.door.held_bytes == 0


_CHANGE = """
import django; django.setup()
from handraiser.core.staff.models import Organisation
Organisation.objects.update(name={name!r})
"""
_BUILD = """
import django; django.setup()
from handraiser.core.staff.models import Organisation
from handraiser.kit import clock
from handraiser.website.starter import build_site
build_site(organisation=Organisation.get(), at=clock.now())
"""


def test_all_listening_processes_agree():
    product = Product()
    running, ports = [], [free_port(), free_port()]
    environment = {"DJANGO_SETTINGS_MODULE": "handraiser.config.settings"}

    def run(script: str) -> None:
        assert product.spawn("-c", script, **environment).wait(60) == 0, product.log()

    def read(port: int) -> tuple[str, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return answer.headers.get("ETag", ""), answer.read().decode()

    try:
        run(_BUILD)
        for port in ports:
            running.append(product.spawn("-m", "handraiser.cli", "web", HANDRAISER_PORT=str(port)))
        for process, port in zip(running, ports, strict=True):
            product.wait_for(process, port=port)
            read(port)
            assert read(port)[0], "the second reader gets the page from memory"
        for name in ("Halden Tools", "Brightwater"):
            run(_CHANGE.format(name=name))
            for port in ports:
                assert name in read(port)[1] and name in read(port)[1]
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(10)
        shutil.rmtree(product.home)
