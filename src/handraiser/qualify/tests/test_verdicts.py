"""What addresses and numbers tell by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.qualify.rules import findings, verdicts
from handraiser.qualify.rules.verdicts import Answer


@pytest.mark.parametrize(
    ("address", "syntax", "disposable", "free", "role"),
    [
        ("ines@halden.example.com", "yes", "no", "no", "no"),
        ("ines.brandt@gmail.com", "yes", "no", "yes", "no"),
        ("x@mailinator.com", "yes", "yes", "yes", "no"),
        ("x@drop.mailinator.com", "yes", "yes", "yes", "no"),
        ("Sales@halden.example.com", "yes", "no", "no", "yes"),
        ("info+fair@halden.example.com", "yes", "no", "no", "yes"),
        ("sales.leila@halden.example.com", "yes", "no", "no", "no"),
        ("leila@bücher.example", "yes", "no", "no", "no"),
        ("x..y@halden.example.com", "no", "unknown", "unknown", "unknown"),
        ("nobody", "no", "unknown", "unknown", "unknown"),
        ("", "unknown", "unknown", "unknown", "unknown"),
    ],
)
def test_an_address(address, syntax, disposable, free, role):
    found = verdicts.email(address)
    told = (found.syntax, found.disposable, found.free, found.role)
    assert [one.answer for one in told] == [syntax, disposable, free, role]
    assert all(one.reason for one in told)
    assert bool(found.domain) == (syntax == "yes")


def test_the_domain_is_written_as_dns_knows_it():
    assert verdicts.email("Leila@BÜCHER.example").domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("text", "country", "e164", "real", "kind", "region"),
    [
        ("+44 20 7946 0017", "", "+442079460017", "yes", "fixed", "GB"),
        ("020 7946 0017", "GB", "+442079460017", "yes", "fixed", "GB"),
        ("020 7946 0017", "gb", "+442079460017", "yes", "fixed", "GB"),
        ("020 7946 0017", "", "", "unknown", "", ""),
        ("+44 7400 123456", "", "+447400123456", "yes", "mobile", "GB"),
        ("+44 7700 900123", "", "+447700900123", "no", "", ""),
        ("+1 202 555 0143", "", "+12025550143", "yes", "fixed or mobile", "US"),
        ("+44 808 157 0192", "", "+448081570192", "yes", "toll free", "GB"),
        ("+800 1234 5678", "", "+80012345678", "yes", "toll free", ""),
        ("+44 1", "", "", "no", "", ""),
        ("call me", "GB", "", "no", "", ""),
        ("", "GB", "", "unknown", "", ""),
    ],
)
def test_a_number(text, country, e164, real, kind, region):
    found = verdicts.phone(text, country=country)
    assert (found.real.answer, found.kind, found.region) == (real, kind, region)
    assert found.e164 == e164
    assert found.real.reason


@pytest.mark.parametrize(
    ("address", "number", "country", "by"),
    [
        ("a@firma.de", "+44 20 7946 0017", "GB", "phone"),
        ("a@firma.de", "+800 1234 5678", "DE", "domain"),
        ("a@firm.co.uk", "", "GB", "domain"),
        ("a@firm.io", "", None, None),
        ("a@firm.com", "", None, None),
        ("a@firm.eu", "", None, None),
        ("", "", None, None),
    ],
)
def test_a_country_is_guessed_from_the_number_then_from_the_ending_of_the_domain(
    address, number, country, by
):
    guess = verdicts.country(verdicts.phone(number), verdicts.email(address))
    assert (guess.country, guess.by) == (country, by) if guess else country is None


def test_an_employer_is_not_a_mail_service():
    assert verdicts.company_domain(verdicts.email("a@halden.example.com")) == "halden.example.com"
    for address in ("a@gmail.com", "a@mailinator.com", "a@", ""):
        assert verdicts.company_domain(verdicts.email(address)) == ""


def test_nobody_answered_is_not_no():
    fine, broken = verdicts.email("a@halden.example.com").syntax, verdicts.email("a@@b").syntax
    assert verdicts.deliverable(fine, None, "").answer is Answer.UNKNOWN
    assert verdicts.deliverable(fine, True, "It has a mail server.").answer is Answer.YES
    assert verdicts.deliverable(fine, False, "There is no such domain.").answer is Answer.NO
    assert verdicts.deliverable(broken, True, "").answer is Answer.NO


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["", "GB", "de", "ZZ"]))
def test_whatever_is_written_has_a_verdict(address, number, country):
    found, called = verdicts.email(address), verdicts.phone(number, country=country)
    assert found.syntax.reason and called.real.reason
    verdicts.country(called, found)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/data/name", "Halden"),
        ("/data/tags/1", "b"),
        ("/data/a~1b", 1),
        ("/data/missing/x", None),
        ("/data/tags/9", None),
        ("/data/tags/x", None),
        ("name", None),
    ],
)
def test_a_pointer_finds_a_value_or_nothing(pointer, value):
    assert findings.at_pointer({"data": {"name": "Halden", "tags": ["a", "b"], "a/b": 1}}, pointer) == value


def test_only_what_fits_a_field_is_taken():
    told = {
        "company_name": "  Halden\n Foods ",
        "company_industry": "x" * 200,
        "company_employees": "240",
        "company_country": "gb",
        "country": "Britain",
        "job_title": ["VP"],
        "first_name": "",
        "password": "x",
    }
    assert findings.cleaned(told) == {
        "company_name": "Halden Foods",
        "company_employees": 240,
        "company_country": "GB",
    }
    for wrong in (True, -1, 0, "11-50", 1.5, None, 10**9):
        assert findings.cleaned({"company_employees": wrong}) == {}


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(DOCUMENTS, st.text())
def test_a_strange_document_does_no_harm(document, pointer):
    told = findings.cleaned(dict.fromkeys(findings.LABELS, findings.at_pointer(document, pointer)))
    assert told.keys() <= findings.LABELS.keys()
