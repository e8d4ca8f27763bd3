from __future__ import annotations

from datetime import timedelta

import pytest

from handraiser.capture import panels, queries, starters
from handraiser.capture.actions import forms, submissions
from handraiser.capture.actions.submissions import Context
from handraiser.capture.models import LeadMagnet, MagnetGrant, Submission
from handraiser.capture.rules.schema import Field, Schema, Type
from handraiser.capture.rules.spam import MANY
from handraiser.capture.tests.conftest import NOW
from handraiser.core.consent.models import Grant
from handraiser.core.delivery.models import Message
from handraiser.core.identity.models import TimelineItem, VisitorLink
from handraiser.core.journal.models import OutboxEvent
from handraiser.core.people.models import Company, FieldDefinition, Lead, Person
from handraiser.kit.errors import DomainError

VISITOR = "b_" + "0123456789abcdef" * 2
RAW = {"first_name": ["Leila"], "email": ["leila@harbour.example.com"], "reports": ["3-5"], "news": ["yes"]}


def context(**changes):
    given = {
        "ip": "192.0.2.77",
        "user_agent": "Mozilla/5.0",
        "url": "https://northlight.example.com/fridays/?utm_source=google&email=x@y.example",
        "age": 12.0,
        "nonce": "n1",
        "first_touch": {"channel": "paid_search", "source": "google", "campaign": "fridays"},
        "last_touch": {"channel": "email", "source": "newsletter"},
    }
    return Context(**(given | changes))


def send(form, raw=RAW, at=NOW, **changes):
    return submissions.accept(version=form.live, raw=raw, context=context(**changes), at=at)


def test_a_stranger_becomes_a_lead(playbook, settle):
    sent = send(playbook, visitor=VISITOR)
    person = Person.objects.get()
    lead = Lead.objects.get()
    assert (sent.state, sent.person, sent.lead) == ("accepted", person, lead)
    assert (person.first_name, person.email) == ("Leila", "leila@harbour.example.com")
    assert person.company.domain == "harbour.example.com"
    assert (lead.raised_with, lead.channel, lead.campaign) == (
        "The Reporting Playbook",
        "paid_search",
        "fridays",
    )
    assert lead.last_touch["channel"] == "email"
    assert VisitorLink.objects.get(visitor=VISITOR).person == person
    assert sent.answers["reports"] == "3-5"
    assert sent.page == "https://northlight.example.com/fridays/"
    settle(at=NOW)
    names = list(TimelineItem.objects.filter(person=person).values_list("name", flat=True))
    for name in (
        "capture.form_submitted",
        "capture.magnet_sent",
        "people.lead_opened",
        "consent.consent_granted",
    ):
        assert name in names
    body = TimelineItem.objects.get(name="capture.form_submitted").body
    assert body["intent"] == "magnet"
    assert "Leila" not in str(body) and "harbour" not in str(body)
    assert queries.submissions_by_form(NOW - timedelta(1), NOW + timedelta(1)) == {playbook.id: 1}
    assert queries.submissions_by_page(NOW - timedelta(1), NOW + timedelta(1)) == {"/fridays/": 1}
    assert panels.sent_by(person.id)[0].answers[0] == ("First name", "Leila")


def test_the_proof_of_consent_is_complete(playbook):
    sent = send(playbook)
    grant = Grant.objects.get(purpose_id="marketing")
    assert grant.wording.text == "Also send me product news, about twice a month. I can stop any time."
    assert grant.wording.hash
    assert grant.proof["submission"] == sent.id
    assert (grant.proof["form"], grant.proof["form_version"]) == (playbook.id, 1)
    assert grant.proof["network"] == "192.0.2.0/24"
    assert grant.proof["page"] == "https://northlight.example.com/fridays/"
    assert "192.0.2.77" not in str(grant.proof)


def test_what_is_not_ticked_is_not_allowed(playbook):
    send(playbook, {**RAW, "news": []})
    assert not Grant.objects.exists()


def test_a_notice_allows_an_answer_and_nothing_else(demo_form):
    raw = {
        "first_name": ["Ines"], "last_name": ["Brandt"], "email": ["ines@halden.example.com"],
        "company": ["Halden Foods"], "need": ["Two of us all Friday."],
    }  # fmt: skip
    sent = send(demo_form, raw)
    assert list(Grant.objects.values_list("purpose_id", flat=True)) == ["sales"]
    assert Company.objects.get().name == "Halden Foods"
    assert panels.quotes([sent.id]) == {sent.id: "Two of us all Friday."}


def test_a_form_posted_twice_is_one_submission(playbook, settle):
    first = send(playbook)
    second = send(playbook, at=NOW + timedelta(seconds=4))
    assert first.id == second.id
    assert (Submission.objects.count(), Lead.objects.count(), MagnetGrant.objects.count()) == (1, 1, 1)
    settle(at=NOW)
    assert Message.objects.count() == 1


def test_a_cached_page_gives_everybody_the_same_number_and_each_is_taken(playbook):
    one = send(playbook)
    other = send(playbook, {**RAW, "email": ["rosa@tarn.example.com"], "first_name": ["Rosa"]})
    assert one.id != other.id
    assert Lead.objects.count() == 2


def test_another_form_attaches_to_the_open_lead(playbook, demo_form):
    send(playbook)
    raw = {
        "first_name": ["Leila"],
        "last_name": ["Haddad"],
        "email": ["LEILA@harbour.example.com"],
        "company": ["Harbour"],
    }
    sent = send(demo_form, raw)
    assert Lead.objects.get() == sent.lead
    assert Person.objects.get().last_name == "Haddad"


def test_an_open_form_overwrites_nothing(playbook):
    send(playbook)
    send(playbook, {**RAW, "first_name": ["Mallory"]}, nonce="n2")
    person = Person.objects.get()
    assert person.first_name == "Leila"
    assert person.proposed["first_name"] == "Mallory"


def test_wrong_answers_leave_nothing(playbook):
    with pytest.raises(submissions.AnswersRefused) as refused:
        send(playbook, {"email": ["leila"]})
    assert refused.value.errors["email"].startswith("This address has no @")
    assert not Submission.objects.exists() and not Person.objects.exists()


def test_an_address_of_invisible_letters_is_refused(playbook):
    with pytest.raises(submissions.AnswersRefused):
        send(playbook, {**RAW, "email": ["lei\u200bla@harbour.example.com"]})


def test_a_free_mail_address_makes_no_company(playbook):
    send(playbook, {**RAW, "email": ["leila@gmail.com"]})
    assert Person.objects.get().company is None


def test_custom_fields_are_stored_and_removed_ones_are_passed_over(organisation):
    for entity, key in (("person", "team_size"), ("lead", "deadline")):
        FieldDefinition.objects.create(entity=entity, key=key, label=key, created_at=NOW)
    fields = [
        Field(key="email", type=Type.EMAIL, label="Email", required=True, maps_to="email"),
        Field(key="team", type=Type.NUMBER, label="Team", maps_to="person:team_size"),
        Field(key="by", type=Type.TEXT, label="By when", maps_to="lead:deadline"),
        Field(key="gone", type=Type.TEXT, label="Gone", maps_to="person:gone"),
    ]
    form = forms.create(name="Custom", intent="contact", schema=Schema(fields=fields), at=NOW)
    forms.publish(form=form, at=NOW, by=None)
    form.refresh_from_db()
    sent = send(
        form, {"email": ["a@b.example.com"], "team": ["12"], "by": ["January"], "gone": ["kept here"]}
    )
    assert sent.person.attributes == {"team_size": "12"}
    assert Lead.objects.get().attributes == {"deadline": "January"}
    assert sent.answers["gone"] == "kept here"


@pytest.mark.parametrize(
    ("changes", "raw", "reason"),
    [
        ({"honeypot": "http://spam"}, {}, "honeypot"),
        ({"age": None}, {}, "no_token"),
        ({"age": 1.5}, {}, "too_fast"),
        ({"age": 61 * 86400.0}, {}, "no_token"),
        ({}, {"first_name": ["visit www.spam.example"]}, "links"),
        ({}, {"first_name": ["<a href=x>"]}, "markup"),
        ({}, {"email": ["x@mailinator.com"]}, "disposable"),
        ({}, {"email": ["x@eu.mailinator.com"]}, "disposable"),
    ],
)
def test_what_looks_like_spam_waits_and_nothing_follows(playbook, settle, changes, raw, reason):
    sent = send(playbook, {**RAW, **raw}, **changes)
    assert (sent.state, sent.reason) == ("quarantined", reason)
    assert sent.answers
    assert not Person.objects.exists() and not Message.objects.exists() and not Grant.objects.exists()
    settle(at=NOW)


def test_a_page_from_a_day_old_cache_is_accepted(playbook):
    assert send(playbook, age=86400.0).state == "accepted"


def test_many_from_one_address_wait(playbook):
    for number in range(MANY):
        assert send(playbook, {**RAW, "email": [f"p{number}@harbour.example.com"]}).state == "accepted"
    assert send(playbook, {**RAW, "email": ["late@harbour.example.com"]}).reason == "too_many"
    later = NOW + timedelta(minutes=11)
    assert send(playbook, {**RAW, "email": ["later@harbour.example.com"]}, at=later).state == "accepted"


def test_a_flood_is_refused_with_a_sentence(playbook):
    template = send(playbook, age=None)
    fields = {f.attname: getattr(template, f.attname) for f in Submission._meta.fields}
    Submission.objects.bulk_create(
        Submission(**{**fields, "id": f"sub_{n:026d}", "client_token": f"t{n}"}) for n in range(100)
    )
    with pytest.raises(DomainError) as refused:
        send(playbook, {**RAW, "email": ["z@harbour.example.com"]})
    assert refused.value.code == "too_many"


def test_release_does_everything_that_accepting_does(playbook):
    sent = send(playbook, age=None)
    at = NOW + timedelta(hours=3)
    released = submissions.release(submission=sent, at=at, by="Noor")
    assert (released.state, released.decided_by) == ("accepted", "Noor")
    assert Lead.objects.get().opened_at == at
    assert Grant.objects.get().proof["sent_at"].startswith("2026-11-19T10:00")
    assert MagnetGrant.objects.get().person == released.person
    with pytest.raises(DomainError) as refused:
        submissions.release(submission=sent, at=at, by="Noor")
    assert refused.value.code == "not_waiting"
    assert Lead.objects.count() == 1


def test_deleting_spam_keeps_the_count_and_drops_the_words(playbook):
    sent = send(playbook, honeypot="x")
    submissions.reject(submission=sent, at=NOW, by="Noor")
    sent.refresh_from_db()
    assert (sent.state, sent.answers, sent.reason) == ("rejected", {}, "honeypot")
    assert queries.refusals(NOW - timedelta(1), NOW + timedelta(1)) == {"honeypot": 1}


def test_a_failure_half_way_leaves_nothing(playbook):
    # The link of the magnet is the last step: one that would work for ever makes it fail.
    LeadMagnet.objects.update(expires_hours=10**9)
    before = OutboxEvent.objects.count()
    with pytest.raises(OverflowError):
        send(playbook)
    assert not Submission.objects.exists()
    assert not Person.objects.exists() and not Lead.objects.exists() and not Grant.objects.exists()
    assert not Message.objects.exists() and OutboxEvent.objects.count() == before


def test_an_older_version_is_taken_as_it_was_asked(playbook):
    old = playbook.live
    forms.remove_field(form=playbook, key="reports", at=NOW)
    forms.publish(form=playbook, at=NOW, by=None)
    sent = submissions.accept(version=old, raw=RAW, context=context(), at=NOW)
    assert sent.version.number == 1
    assert sent.answers["reports"] == "3-5"


def test_a_visitor_without_consent_is_not_joined(playbook):
    sent = send(playbook, visitor="v_" + "0" * 32)
    assert sent.visitor == "" and not VisitorLink.objects.exists()


def test_the_newsletter_grants_what_was_ticked(organisation):
    form = starters.newsletter(at=NOW)
    send(form, {"email": ["ida@orchard.example.com"], "news": ["yes"]})
    assert Grant.objects.get().purpose_id == "marketing"
