"""An import on screen, from the file to the undo."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from handraiser.capture.imports.models import Import
from handraiser.core.people.models import Lead

BASE = "/admin/capture/imports/"


@pytest.fixture(autouse=True)
def _at_once(settings, private_folder):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}


def upload(client, content: str | bytes, name: str = "people.csv", **more):
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(f"{BASE}upload/", {"kind": "leads", "file": SimpleUploadedFile(name, data), **more})


def test_the_whole_way(login, mira):
    client = login(mira)
    assert "No imports yet" in client.get(BASE).content.decode()
    answer = upload(client, "E-Mail,Shoe\na@example.com,42\nnobody,43\n<b>,44\n")
    place = answer.url
    page = client.get(place).content.decode()
    assert (
        "Which column holds what" in page
        and "a@example.com" in page
        and "<b>" not in page.partition("tbody")[2][:400]
    )
    answer = client.post(f"{place}columns/", {"column-0": "email", "zone": "UTC", "decimal": "."})
    page = client.get(answer.url).content.decode()
    assert "Nothing is written yet." in page
    assert "3 rows: 1 new, 2 with an address that cannot be one." in page
    assert not Lead.objects.exists()
    client.post(f"{place}start/")
    page = client.get(place).content.decode()
    assert "3 rows: 1 new, 2 with an address that cannot be one." in page and "See the 2" in page
    report = b"".join(client.get(f"{place}rejected.csv").streaming_content).decode("utf-8-sig")
    assert report.startswith("E-Mail,Shoe,line in the file,why it was not taken\r\nnobody,43,3,")
    client.post(f"{place}undo/")
    assert "1 rows taken back." in client.get(place).content.decode()
    assert not Lead.objects.exists()


def test_what_is_missing_is_said_and_what_was_chosen_is_kept(login, mira):
    client = login(mira)
    place = upload(client, "a,b\n1,2\n").url
    answer = client.post(f"{place}columns/", {"column-0": "source", "zone": "UTC", "decimal": "."})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose a column for Email or Phone or Id in the other system." in page
    assert '<option value="source" selected>' in page


def test_a_mapping_file_fills_the_columns_in(login, mira):
    toml = b'[columns]\nid = "external_id"\norigin = ["source", "channel"]\n'
    answer = upload(login(mira), "id,origin\n1,email\n", map=SimpleUploadedFile("m.toml", toml))
    page = login(mira).get(answer.url).content.decode()
    assert "Source and Channel" in page and "1 row: 1 new." in page


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        (b"", {}, "The submitted file is empty."),
        (b"\n\n", {}, "The file is empty."),
        (b"PK\x03\x04", {}, "This is a spreadsheet"),
        (b"a\n1\n", {"map": SimpleUploadedFile("m.toml", b"[oops")}, "not valid TOML"),
        (b"a\n1\n", {"map": SimpleUploadedFile("m.toml", b"\xff")}, "not UTF-8"),
        (b"a\n1\n", {"kind": "shoes"}, "Select a valid choice"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_its_place(login, mira, content, more, sentence):
    answer = upload(login(mira), content, **more)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    assert not Import.objects.exists()


def test_a_file_can_be_thrown_away(login, mira, private_folder):
    client = login(mira)
    place = upload(client, "email\na@example.com\n").url
    client.post(f"{place}forget/")
    assert not Import.objects.exists() and not list((private_folder / "imports").iterdir())


def test_progress_is_asked_again_while_it_runs(login, mira):
    client = login(mira)
    place = upload(client, "email\na@example.com\n").url
    Import.objects.update(state="running")
    assert 'hx-trigger="every 1s"' in client.get(f"{place}progress/").content.decode()
    client.post(f"{place}stop/")
    page = client.get(f"{place}progress/").content.decode()
    assert "hx-trigger" not in page and "Go on" in page


def test_an_analyst_looks_and_a_rep_does_not(login, mira, analyst, dana):
    place = upload(login(mira), "email\na@example.com\n").url
    assert login(analyst).get(place).status_code == 200
    assert login(analyst).post(f"{place}start/").status_code == 403
    assert login(dana).get(place).status_code == 403
