from __future__ import annotations

import pytest

from handraiser.capture import starters
from handraiser.capture.actions import forms
from handraiser.capture.models import Form, FormVersion
from handraiser.capture.rules import schema as schemas
from handraiser.capture.rules.schema import Field, Schema, Type
from handraiser.capture.tests.conftest import NOW
from handraiser.kit.errors import DomainError


@pytest.fixture
def draft(organisation):
    return starters.from_starter(key="contact", at=NOW)


def keys(form):
    return [field["key"] for field in form.draft.schema["fields"]]


def test_a_draft_becomes_the_live_version(draft, mira):
    version = forms.publish(form=draft, at=NOW, by=mira)
    draft.refresh_from_db()
    assert (draft.live, version.number, version.published_by) == (version, 1, mira)
    assert draft.draft is None


def test_a_published_version_never_changes(demo_form):
    version = demo_form.live
    version.schema = {"fields": []}
    with pytest.raises(DomainError) as refused:
        version.save()
    assert refused.value.code == "version_is_published"
    with pytest.raises(DomainError):
        FormVersion.objects.filter(form=demo_form).update(schema={})
    with pytest.raises(DomainError):
        FormVersion.objects.filter(form=demo_form).delete()
    with pytest.raises(DomainError):
        version.delete()
    assert FormVersion.objects.get(id=version.id).schema["fields"]


def test_changing_a_live_form_makes_a_draft_beside_it(demo_form):
    forms.change_field(form=demo_form, key="phone", changes={"required": True}, at=NOW)
    assert demo_form.draft.number == 2
    assert not schemas.parse(demo_form.live.schema).field("phone").required
    forms.discard(form=demo_form)
    assert demo_form.draft is None


def test_the_only_version_cannot_be_discarded(draft):
    with pytest.raises(DomainError) as refused:
        forms.discard(form=draft)
    assert refused.value.code == "nothing_else"


def test_fields_are_added_before_consents_moved_and_removed(draft):
    key = forms.add_field(form=draft, field=Field(key="phone", type=Type.PHONE, label="Phone"), at=NOW)
    assert keys(draft) == ["first_name", "last_name", "email", "message", "phone", "answer"]
    forms.move_field(form=draft, key=key, to=0, at=NOW)
    assert keys(draft)[0] == "phone"
    forms.remove_field(form=draft, key=key, at=NOW)
    assert "phone" not in keys(draft)
    with pytest.raises(DomainError):
        forms.remove_field(form=draft, key=key, at=NOW)


def test_a_key_is_never_used_for_another_question(demo_form):
    forms.remove_field(form=demo_form, key="phone", at=NOW)
    key = forms.add_field(form=demo_form, field=Field(key="phone", type=Type.TEXT, label="Other"), at=NOW)
    assert key == "phone_2"


def test_what_cannot_work_is_not_published(organisation):
    form = forms.create(name="Empty", intent="contact", schema=Schema(), at=NOW)
    with pytest.raises(DomainError) as refused:
        forms.publish(form=form, at=NOW, by=None)
    assert refused.value.code == "not_ready"
    assert Form.objects.get(id=form.id).live is None


def test_a_version_before_can_be_live_again(demo_form):
    forms.change_field(form=demo_form, key="phone", changes={"required": True}, at=NOW)
    forms.publish(form=demo_form, at=NOW, by=None)
    demo_form.refresh_from_db()
    assert demo_form.live.number == 2
    forms.go_back(form=demo_form, number=1)
    demo_form.refresh_from_db()
    assert demo_form.live.number == 1
    with pytest.raises(DomainError):
        forms.go_back(form=demo_form, number=9)


def test_names_are_told_apart(draft):
    assert starters.from_starter(key="contact", at=NOW).name == "Contact 2"
    other = starters.from_starter(key="demo", at=NOW)
    with pytest.raises(DomainError) as refused:
        forms.describe(form=other, name="Contact", intent="demo", magnet=None)
    assert refused.value.code == "name_taken"


def test_demo_forms_are_made_once(playbook):
    assert starters.playbook(at=NOW) == playbook
    assert Form.objects.count() == 1
