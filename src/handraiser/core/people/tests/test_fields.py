"""Custom fields: added, renamed, removed; what is refused."""

from __future__ import annotations

from handraiser.core.people.models import FieldDefinition

ADD = "/admin/settings/fields/new/"
ROOF = {"entity": "lead", "label": "Roof age", "kind": "choice", "choices": "new\nold\nold\n"}


def test_a_field_is_added_renamed_and_removed(marketer, login):
    browser = login(marketer)
    assert browser.post(ADD, ROOF).status_code == 302
    row = FieldDefinition.objects.get()
    assert (row.key, row.choices, row.personal) == ("roof_age", ["new", "old"], False)
    change = f"/admin/settings/fields/{row.id}/"
    assert (
        browser.post(change, {"label": "Age of the roof", "choices": "new\nold\nunknown"}).status_code == 302
    )
    row.refresh_from_db()
    assert (row.key, row.label, len(row.choices)) == ("roof_age", "Age of the roof", 3)
    assert browser.post(change + "remove/").status_code == 302
    assert not FieldDefinition.objects.exists()


def test_a_field_is_there_once(marketer, login):
    login(marketer).post(ADD, ROOF)
    again = login(marketer).post(ADD, ROOF)
    assert again.status_code == 422 and "has a field named Roof age" in again.content.decode()
    assert login(marketer).post(ADD, {**ROOF, "entity": "person"}).status_code == 302


def test_a_list_needs_answers(marketer, login):
    page = login(marketer).post(ADD, {**ROOF, "choices": "new"})
    assert page.status_code == 422 and "two answers" in page.content.decode()


def test_a_name_needs_a_letter(marketer, login):
    assert login(marketer).post(ADD, {**ROOF, "label": "!!!"}).status_code == 422
