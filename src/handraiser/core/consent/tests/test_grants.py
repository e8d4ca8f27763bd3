"""Permission with its proof."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handraiser.core.consent import queries
from handraiser.core.consent.actions import grants
from handraiser.core.consent.models import Grant, Wording
from handraiser.core.people.actions import people
from handraiser.kit.errors import DomainError

NOW = datetime(2026, 11, 19, 10, tzinfo=UTC)
WORDS = "Send me news about reporting, about once a month."


@pytest.fixture
def ines(organisation):
    return people.create(at=NOW, how="hand", first_name="Ines")


def allow(person, words=WORDS, ip="203.0.113.77"):
    return grants.grant(
        person=person, purpose_key="marketing", wording_text=words, at=NOW, proof={"url": "/x/", "ip": ip}
    )


def test_it_works(ines):
    grant = allow(ines)
    assert queries.may([ines.id], "marketing") == {ines.id}
    assert queries.may([ines.id], "sales") == set()
    assert grant.proof == {"url": "/x/", "ip": "203.0.113.0/24"}


def test_withdrawal_wins_and_the_proof_stays(ines):
    allow(ines)
    assert grants.withdraw(person=ines, purpose_key="marketing", at=NOW, how="link")
    assert queries.may([ines.id], "marketing") == set()
    assert Grant.objects.get().wording.text == WORDS
    allow(ines)
    assert Grant.objects.count() == 2 and queries.may([ines.id], "marketing")


def test_other_words_are_another_wording(ines):
    allow(ines)
    grants.withdraw(person=ines, purpose_key="marketing", at=NOW, how="link")
    allow(ines, words="Other words")
    assert set(Wording.objects.values_list("text", flat=True)) == {WORDS, "Other words"}


def test_saying_yes_twice_keeps_the_first_proof(ines):
    assert allow(ines) == allow(ines, words="Other words")


@pytest.mark.parametrize(("purpose", "words"), [("spying", WORDS), ("marketing", " ")])
def test_a_grant_without_purpose_or_words_is_refused(ines, purpose, words):
    with pytest.raises(DomainError):
        grants.grant(person=ines, purpose_key=purpose, wording_text=words, at=NOW, proof={})


def test_addresses_are_cut():
    assert grants.truncated("2001:db8:abcd:12::1") == "2001:db8:abcd::/48"
    assert grants.truncated("nonsense") == ""
