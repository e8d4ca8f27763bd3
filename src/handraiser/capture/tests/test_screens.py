"""The screens of Capture, as marketer and as analyst."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from handraiser.capture.actions import submissions
from handraiser.capture.models import Form, FormPlace, LeadMagnet, Submission
from handraiser.capture.tests.conftest import NOW
from handraiser.capture.tests.test_submissions import RAW, context, send
from handraiser.core.people.models import Lead


@pytest.fixture
def noor(login, marketer):
    return login(marketer)


@pytest.fixture
def tove(login, analyst):
    return login(analyst)


def text(response):
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_the_empty_list_names_the_next_click(noor):
    page = text(noor.get("/admin/capture/"))
    assert "No forms yet. Start one with" in page
    for title in ("Lead magnet", "Book a demo", "Contact", "Newsletter"):
        assert title in page


def test_from_nothing_to_a_live_form(noor):
    opened = noor.post("/admin/capture/forms/new/contact/")
    form = Form.objects.get()
    here = f"/admin/capture/forms/{form.id}/"
    assert opened["Location"] == here
    assert "Draft 1" in text(noor.get(here))
    added = noor.post(f"{here}fields/add/", {"type": "choice"})
    assert added["Location"] == f"{here}?field=choice"
    saved = noor.post(
        f"{here}fields/choice/",
        {"label": "How large?", "choices": "1–49\n50 or more\n", "show_when": "message", "show_op": "filled"},
    )
    assert saved.status_code == 303
    field = form.draft.schema["fields"][-2]
    assert [choice["label"] for choice in field["choices"]] == ["1–49", "50 or more"]
    assert field["show_when"] == {"field": "message", "op": "filled"}
    assert noor.post(f"{here}fields/choice/move/", {"to": "0"}).status_code == 303
    assert "not asked before it" in text(noor.get(here))
    noor.post(f"{here}fields/choice/move/", {"to": "4"})
    assert "How large?" in text(noor.get(f"{here}?field=choice"))
    assert "Publish version 1" in text(noor.get(f"{here}publish/"))
    assert noor.post(f"{here}publish/").status_code == 303
    form.refresh_from_db()
    assert form.live.number == 1 and form.live.published_by.name == "Noor Haddad"
    assert "stands on no page yet" in text(noor.get(here))


def test_a_mistake_in_the_panel_is_said_beside_the_field(noor, demo_form):
    here = f"/admin/capture/forms/{demo_form.id}/"
    answer = noor.post(f"{here}fields/phone/", {"label": ""})
    assert answer.status_code == 422
    assert demo_form.draft is None


def test_changes_are_listed_before_publishing(noor, demo_form):
    here = f"/admin/capture/forms/{demo_form.id}/"
    noor.post(f"{here}fields/phone/", {"label": "Phone", "required": "on", "maps_to": "phone"})
    noor.post(f"{here}describe/", {
        "name": "Book a demo", "intent": "demo", "button": "Show me", "thanks_title": "We will call you",
    })  # fmt: skip
    page = text(noor.get(f"{here}publish/"))
    assert "Phone must be answered" in page and "Has another button" in page
    noor.post(f"{here}publish/")
    versions = text(noor.get(f"{here}versions/"))
    assert "Make live again" in versions
    noor.post(f"{here}go-back/1/")
    demo_form.refresh_from_db()
    assert demo_form.live.number == 1


def test_a_form_that_cannot_work_is_not_published(noor, organisation):
    noor.post("/admin/capture/forms/new/magnet/")
    form = Form.objects.get()
    assert "Choose the lead magnet" in text(noor.get(f"/admin/capture/forms/{form.id}/publish/"))
    answer = noor.post(f"/admin/capture/forms/{form.id}/publish/")
    assert answer.status_code == 422
    form.refresh_from_db()
    assert form.live is None


def test_a_preview_stores_nothing(noor, demo_form):
    here = f"/admin/capture/forms/{demo_form.id}/preview/"
    assert "Preview of version 1" in text(noor.get(here))
    bad = noor.post(here, {"email": "x"})
    assert bad.status_code == 422
    good = {"first_name": "Ines", "last_name": "B", "email": "i@halden.example.com", "company": "Halden"}
    assert "This would be taken" in text(noor.post(here, good))
    assert not Submission.objects.exists()


def test_archive_and_bring_back(noor, demo_form):
    noor.post(f"/admin/capture/forms/{demo_form.id}/archive/")
    assert "1 archived" in text(noor.get("/admin/capture/"))
    assert "Book a demo" in text(noor.get("/admin/capture/?archived"))
    noor.post(f"/admin/capture/forms/{demo_form.id}/restore/")
    demo_form.refresh_from_db()
    assert demo_form.archived_at is None


def test_a_magnet_is_uploaded_and_offered(noor, organisation):
    upload = SimpleUploadedFile("list.pdf", b"%PDF-1.7 list")
    made = noor.post(
        "/admin/capture/magnets/new/",
        {"name": "Checklist", "kind": "checklist", "file": upload, "expires_hours": 24, "max_downloads": 5},
    )
    assert made.status_code == 303
    magnet = LeadMagnet.objects.get()
    assert "Checklist" in text(noor.get("/admin/capture/magnets/"))
    assert noor.get(f"/admin/capture/magnets/{magnet.id}/file/").status_code == 200
    bad = SimpleUploadedFile("list.pdf", b"<html>")
    answer = noor.post(f"/admin/capture/magnets/{magnet.id}/change/", {
        "name": "Checklist", "kind": "checklist", "file": bad, "expires_hours": 24, "max_downloads": 5,
    })  # fmt: skip
    assert answer.status_code == 422 and "be what its name says" in answer.content.decode()


def test_submissions_are_found_and_read(noor, playbook):
    sent = send(playbook)
    assert "leila@harbour.example.com" in text(noor.get("/admin/capture/submissions/"))
    assert "Nobody matches" in text(noor.get("/admin/capture/submissions/?q=nobody"))
    assert "leila@" in text(
        noor.get(f"/admin/capture/submissions/?q=leila&form={playbook.id}&from=2026-11-19&to=2026-11-19")
    )
    page = text(noor.get(f"/admin/capture/submissions/{sent.id}/"))
    assert "3–5" in page and "Also send me product news" in page and "192.0.2.0/24" in page
    for odd in ("?from=x&to=9999-99-99", "?page=zzz", "?q=%00", "?form=%00", "?state=none"):
        text(noor.get(f"/admin/capture/submissions/{odd}"))


def test_export_defuses_formulas(noor, playbook):
    send(playbook, {**RAW, "first_name": ["=HYPERLINK(1)"]})
    answer = noor.get("/admin/capture/submissions/export/")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert content.splitlines()[0].startswith("submission,sent_at,form")
    assert "leila@harbour.example.com" in content
    assert "'=HYPERLINK(1)" in content


def test_quarantine_is_judged_by_a_person(noor, playbook):
    kept = send(playbook, age=None)
    gone = send(playbook, {**RAW, "email": ["x@mailinator.com"]})
    page = text(noor.get("/admin/capture/quarantine/"))
    assert "throw-away mail service" in page and "Let through" in page
    assert noor.post(f"/admin/capture/quarantine/{kept.id}/release/").status_code == 303
    assert noor.post(f"/admin/capture/quarantine/{gone.id}/delete/").status_code == 303
    assert Lead.objects.count() == 1
    assert noor.post(f"/admin/capture/quarantine/{kept.id}/release/").status_code == 409
    assert "Nothing is held back" in text(noor.get("/admin/capture/quarantine/"))


def test_an_analyst_reads_and_changes_nothing(tove, playbook):
    sent = submissions.accept(version=playbook.live, raw=RAW, context=context(age=None), at=NOW)
    for path in (
        "", f"forms/{playbook.id}/", f"forms/{playbook.id}/?field=email", f"forms/{playbook.id}/versions/",
        "submissions/", f"submissions/{sent.id}/", "quarantine/", "magnets/",
        f"magnets/{playbook.magnet_id}/",
    ):  # fmt: skip
        page = text(tove.get(f"/admin/capture/{path}"))
        assert "Let through" not in page and ">Save" not in page and "Publish…" not in page
    for path in (
        "forms/new/contact/", f"forms/{playbook.id}/publish/", f"forms/{playbook.id}/fields/add/",
        f"quarantine/{sent.id}/release/", f"magnets/{playbook.magnet_id}/change/",
    ):  # fmt: skip
        assert tove.post(f"/admin/capture/{path}").status_code == 403


def test_a_sales_rep_does_not_build_forms(login, dana, playbook):
    assert login(dana).get("/admin/capture/").status_code == 403


def test_the_rate_is_unknown_until_a_visit_is_measured(noor, playbook):
    FormPlace.objects.create(form=playbook, path="/fridays/", since=NOW)
    send(playbook)
    assert "Unknown, no visit measured" in text(noor.get("/admin/capture/"))
