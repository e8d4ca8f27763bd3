from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import RequestFactory

from handraiser.attract.models import PageSeen, Visit
from handraiser.capture import queries
from handraiser.capture.actions import forms
from handraiser.capture.blocks import FormBlock, _placed, live_forms
from handraiser.capture.models import FormPlace
from handraiser.capture.tests.conftest import NOW
from handraiser.capture.tests.test_submissions import send


@pytest.fixture(autouse=True)
def _nowhere():
    _placed.clear()


def shown(form_id, path="/fridays/", preview=False, **values):
    block = FormBlock()
    request = RequestFactory().get(path)
    request.is_preview = preview
    value = block.to_python({"form": form_id, **values})
    return block.render(value, context={"request": request})


def test_a_form_stands_on_a_page_with_its_script_and_style(playbook):
    page = shown(playbook.id)
    assert f'action="/forms/{playbook.id}/1/"' in page
    assert "capture/form.css" in page and "capture/form.js" in page
    assert "Send me the playbook" in page and 'type="application/json"' in page


def test_the_page_may_say_it_otherwise(playbook):
    page = shown(playbook.id, heading="For your <team>", button="Send it")
    assert "For your &lt;team&gt;" in page and "Send it" in page


def test_a_page_shows_the_version_that_is_live_now(playbook):
    forms.remove_field(form=playbook, key="reports", at=NOW)
    forms.publish(form=playbook, at=NOW, by=None)
    assert f"/forms/{playbook.id}/2/" in shown(playbook.id)


def test_a_form_that_is_gone_leaves_a_gap_and_a_hint_for_the_editor(playbook):
    forms.archive(form=playbook, at=NOW)
    assert "<form" not in shown(playbook.id)
    assert "not live" in shown(playbook.id, preview=True)
    assert "<form" not in shown("form_none")
    assert live_forms() == []


def test_where_a_form_stands_is_remembered_once_and_not_from_a_preview(playbook):
    shown(playbook.id, preview=True)
    assert not FormPlace.objects.exists()
    shown(playbook.id)
    shown(playbook.id)
    assert [place.path for place in FormPlace.objects.all()] == ["/fridays/"]


def test_the_rate_counts_visits_of_its_pages(playbook):
    FormPlace.objects.create(form=playbook, path="/fridays/", since=NOW)
    assert queries.completion(playbook.live, now=NOW + timedelta(days=1)) is None
    for number in range(4):
        visit = Visit.objects.create(visitor=f"v{number}", started_at=NOW, last_at=NOW, channel="direct")
        PageSeen.objects.create(visit=visit, path="/fridays/", at=NOW + timedelta(minutes=1))
    send(playbook)
    found = queries.completion(playbook.live, now=NOW + timedelta(days=1))
    assert (found.hits, found.n) == (1, 4)
