from __future__ import annotations

from io import BytesIO

import pytest

from handraiser.capture.actions import magnets
from handraiser.capture.models import LeadMagnet
from handraiser.capture.rules.files import sniff
from handraiser.capture.tests.conftest import NOW
from handraiser.kit.errors import DomainError

VALUES = {"name": "Checklist", "kind": "checklist", "text": "", "expires_hours": 24, "max_downloads": 3}


def save(content=b"%PDF-1.7 list", name="list.pdf", magnet=None, **changes):
    upload = BytesIO(content) if content is not None else None
    return magnets.save(magnet=magnet, values={**VALUES, **changes}, upload=upload, upload_name=name, at=NOW)


def test_a_file_is_kept_under_a_name_nobody_can_guess(db):
    magnet = save(name="../../list.pdf")
    assert magnet.file_name == "list.pdf"
    assert magnet.file.name.startswith("magnets/file_")
    with pytest.raises(ValueError, match="URL"):
        _ = magnet.file.url


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<html><script>", "page.html"),
        (b"<svg onload=alert(1)>", "picture.svg"),
        (b"<html>", "list.pdf"),
        (b"MZ\x90\x00", "setup.exe"),
        (b"MZ\x90\x00", "list.pdf"),
        (b"%PDF-1.7", "list.pdf.html"),
        (b"<b>", "list.txt"),
        (b"\x00\x01", "list.csv"),
        (b"", "list.pdf"),
    ],
)
def test_what_is_not_what_it_says_is_refused(db, content, name):
    with pytest.raises(DomainError) as refused:
        save(content, name)
    assert refused.value.code == "bad_file"
    assert not LeadMagnet.objects.exists()


def test_types_are_told_by_content():
    assert sniff(b"PK\x03\x04rest", "deck.pptx").endswith("presentation")
    assert sniff(b"....ftypisom", "film.mp4") == "video/mp4"
    assert sniff(b"a,b\n", "list.csv") == "text/csv"


def test_a_code_needs_no_file_and_nothing_is_no_magnet(db):
    assert save(None, text="TEN-PERCENT", kind="discount").text == "TEN-PERCENT"
    with pytest.raises(DomainError) as refused:
        save(None, text=" ")
    assert refused.value.code == "empty_magnet"


def test_names_are_told_apart(db):
    save()
    with pytest.raises(DomainError) as refused:
        save()
    assert refused.value.code == "name_taken"


def test_another_file_replaces_the_old_one(db, django_capture_on_commit_callbacks):
    magnet = save()
    old = magnet.file.name
    with django_capture_on_commit_callbacks(execute=True):
        save(b"%PDF-2.0", magnet=magnet)
    assert not magnet.file.storage.exists(old)
    assert magnet.file.storage.exists(magnet.file.name)
