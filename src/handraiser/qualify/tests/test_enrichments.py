"""From a new person to verdicts, guesses, questions and answers: through the journal, the reader and the queue."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from handraiser.core.identity.actions import merges
from handraiser.core.journal import outbox
from handraiser.core.journal.events.capture import FormSubmitted
from handraiser.core.journal.live import journal
from handraiser.core.people.actions import leads, people
from handraiser.core.people.models import Company, Person
from handraiser.kit import sealing
from handraiser.kit.errors import DomainError
from handraiser.qualify import queries, tasks
from handraiser.qualify.actions import enrichments, look_ups, rule_sets, sources
from handraiser.qualify.models import Check, LookUp, Profile, Source
from handraiser.qualify.providers import Found, Refused, Unknown
from handraiser.qualify.rules.rule_set import POINT, AttributeRule
from handraiser.qualify.tests.conftest import NOON
from handraiser.qualify.tests.servers import Service, running

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Oracle:
    """A provider that answers what a test says, and remembers what it was asked."""

    def __init__(self):
        self.answers, self.asked = {}, []

    def look_up(self, subject, *, budget_seconds):
        self.asked.append(subject)
        answer = self.answers.get(subject, Unknown("It knows nothing of this."))
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def oracle(settings):
    this = Oracle()
    settings.PROVIDERS = lambda: {"dns": lambda source: this, "http_json": lambda source: this}
    return this


def source(**changes):
    values = {
        "name": "Firmlist",
        "about": "domain",
        "url": "https://firmlist.example.com/v1?domain={domain}",
        "header": "X-Api-Key",
        "fields": {"company_employees": "/size"},
        "quota": 100,
        "budget_ms": 1000,
        "keep_days": 30,
    } | changes
    if values["about"] == "email" and "url" not in changes:
        values["url"] = "https://firmlist.example.com/v1?email={email}"
    row = sources.save(source=None, values=values, secret="k3y", at=NOON)
    sources.switch(source=row, on=True)
    return row


def somebody(email="", **values):
    return people.create(at=NOON, how="api", email=email, **values)


def ask(at=NOON):
    while look_ups.step(lambda: at):
        pass


def announced():
    return [e for e in journal().read(after=0, limit=10_000) if e.name == "qualify.person_enriched"]


def test_somebody_new_is_judged_and_what_follows_is_filled_in(settle):
    person = somebody("info@firma.de", phone="+442079460017")
    settle(at=NOON)
    person.refresh_from_db()
    check = Check.objects.get(person=person)
    assert (check.email_syntax, check.email_disposable, check.email_role) == ("yes", "no", "yes")
    assert (check.email_deliverable, check.phone_type, check.phone_region) == ("unknown", "fixed", "GB")
    assert (person.country, check.country_by) == ("GB", "phone")
    assert person.company.domain == "firma.de" and check.looked_at == NOON
    [fact] = announced()
    assert (fact.person, fact.body["by"], fact.body["phone_type"]) == (person.id, "checks", "fixed")
    assert "info@" not in str(fact.body)


def test_nothing_is_announced_or_written_twice(settle):
    somebody("ines@halden.example.com")
    settle(at=NOON)
    before = list(Check.objects.values())
    enrichments.look_at({e.person: e for e in journal().read(after=0, limit=100) if e.person})
    settle(at=NOON + HOUR)
    assert list(Check.objects.values()) == before and len(announced()) == 1


def test_a_guess_never_replaces_what_is_known(settle):
    person = somebody("ines@firma.de", country="CH", company_name="Halden Foods")
    settle(at=NOON)
    person.refresh_from_db()
    assert (person.country, person.company.name, person.proposed) == ("CH", "Halden Foods", {})
    assert Check.objects.get().country_by == ""


def test_a_guess_gives_way_to_what_somebody_says(settle):
    person = somebody("ines@firma.de", phone="+442079460017")
    settle(at=NOON)
    people.change(person=person, values={"country": "CH"}, at=NOON + HOUR)
    with transaction.atomic():
        fact = FormSubmitted(form="f", form_name="Demo", form_version=1, submission="s", intent="demo")
        outbox.publish(fact, at=NOON + HOUR, person=person.id)
    settle(at=NOON + HOUR)
    person.refresh_from_db()
    assert (person.country, person.proposed, Check.objects.get().country_by) == ("CH", {}, "")
    # and then it is what they said, which no open form replaces
    people.change(person=person, values={"country": "FR"}, at=NOON + 2 * HOUR)
    with transaction.atomic():
        outbox.publish(fact, at=NOON + 2 * HOUR, person=person.id)
    settle(at=NOON + 2 * HOUR)
    person.refresh_from_db()
    assert (person.country, person.proposed) == ("CH", {"country": "FR"})


def test_a_company_known_by_its_domain_alone_takes_the_name_that_somebody_says(settle):
    person = somebody("ines@firma.de")
    settle(at=NOON)
    said = {"company_name": "Firma Foods", "company_domain": "firma.de"}
    people.change(person=person, values=said, at=NOON + HOUR)
    company = Company.objects.get()
    assert (company.name, company.name_key, company.domain) == ("Firma Foods", "firma foods", "firma.de")
    # a name that was said is not replaced by another one
    people.change(person=person, values=said | {"company_name": "Else"}, at=NOON + HOUR)
    somebody("tom@firma.de", company_name="Else", company_domain="firma.de")
    assert Company.objects.get().name == "Firma Foods"


@pytest.mark.parametrize("email", ["ines@gmail.com", "ines@mailinator.com", "broken", ""])
def test_a_mail_service_is_nobodys_employer(settle, email):
    person = somebody(email, phone="+12025550143")
    settle(at=NOON)
    person.refresh_from_db()
    assert person.company is None


def test_a_changed_address_is_judged_anew(settle):
    person = somebody("ines@halden.example.com")
    settle(at=NOON)
    people.change(person=person, values={"email": "ines@mailinator.com"}, at=NOON + HOUR, proven=True)
    settle(at=NOON + HOUR)
    check = Check.objects.get()
    assert (check.email_disposable, check.looked_at) == ("yes", NOON + HOUR)
    assert [fact.body["email_disposable"] for fact in announced()] == ["no", "yes"]


def test_a_country_that_becomes_known_makes_a_number_readable(settle):
    person = somebody(phone="020 7946 0017")
    settle(at=NOON)
    assert Check.objects.get().phone_type == ""
    people.change(person=person, values={"country": "GB"}, at=NOON + HOUR, proven=True)
    settle(at=NOON + HOUR)
    assert Check.objects.get().phone_type == "fixed"


def test_rules_look_at_the_verdicts(settle):
    draft = rule_sets.draft_from_live(at=NOON)
    role = AttributeRule(key="role", group="against", points=-5 * POINT, field="email_role", test="is_true")
    mobile = AttributeRule(
        key="mobile", group="fit", points=3 * POINT, field="phone_type", test="is", value="mobile"
    )
    rules = msgspec.structs.replace(draft.rules, rules=(*draft.rules.rules, role, mobile))
    rule_sets.publish(rule_sets.change(draft, rules, at=NOON), at=NOON)
    person = somebody("sales@halden.example.com", phone="+447400123456")
    lead, _ = leads.open(person=person, at=NOON, how="api", raised_with="A demo")
    settle(at=NOON)
    lead.refresh_from_db()
    assert lead.points == -2 * POINT
    person.refresh_from_db()
    assert queries.attributes(person)["email_role"] is True
    assert "email_deliverable" not in queries.attributes(person)
    assert Profile.objects.filter(person=person).latest("id").attributes["phone_type"] == "mobile"


def test_a_batch_of_people_takes_as_many_statements_as_one(settle):
    for number in range(40):
        somebody(f"p{number}@firm{number}.de", phone=f"+4420794600{number:02}")
    settle(at=NOON)
    events = {e.person: e for e in journal().read(after=0, limit=1000) if e.name == "people.person_created"}

    def statements(some):
        Check.objects.all().delete()
        Person.objects.update(country="", company=None)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            enrichments.look_at(some)
        return len(seen)

    few = dict(list(events.items())[:2])
    assert statements(events) <= statements(few)


# ------------------------------------------------------------------------- asking others


def test_a_domain_is_asked_once_for_all_who_have_it(settle, oracle):
    oracle.answers["halden.example.com"] = Found({"takes_mail": True}, "It has a mail server.")
    for name in ("ines", "tom", "leila"):
        somebody(f"{name}@halden.example.com")
    settle(at=NOON)
    ask()
    assert oracle.asked == ["halden.example.com"]
    assert set(Check.objects.values_list("email_deliverable", flat=True)) == {"yes"}
    assert [fact.body["by"] for fact in announced()][3:] == []
    settle(at=NOON)
    assert [fact.body["by"] for fact in announced()] == ["checks"] * 3 + ["dns"] * 3
    # somebody who comes later has the answer at once, and nobody is asked again
    late = somebody("mo@halden.example.com")
    settle(at=NOON)
    ask()
    assert Check.objects.get(person=late).email_deliverable == "yes" and len(oracle.asked) == 1


def test_an_answer_reaches_everybody_in_chunks_and_after_a_kill(settle, oracle, monkeypatch):
    monkeypatch.setattr(look_ups, "CHUNK", 3)
    oracle.answers["halden.example.com"] = Found({"takes_mail": False}, "There is no such domain.")
    for number in range(8):
        somebody(f"p{number}@halden.example.com")
    settle(at=NOON)
    real = look_ups._hand_on
    calls = []

    def killed(row):
        calls.append(row)
        if len(calls) == 2:
            raise SystemExit
        return real(row)

    monkeypatch.setattr(look_ups, "_hand_on", killed)
    with pytest.raises(SystemExit):
        ask()
    assert Check.objects.filter(email_deliverable="no").count() == 3
    ask(NOON + look_ups.CLAIM)
    settle(at=NOON)
    assert Check.objects.filter(email_deliverable="no").count() == 8
    assert len(oracle.asked) == 1
    assert len([fact for fact in announced() if fact.body["by"] == "dns"]) == 8


def test_nobody_answering_is_never_bad(settle, oracle):
    oracle.answers["halden.example.com"] = Unknown("Nobody answered in time.", trouble=True)
    somebody("ines@halden.example.com")
    settle(at=NOON)
    for hour in range(8):
        ask(NOON + hour * HOUR)
    assert len(oracle.asked) == look_ups.TRIES
    assert Check.objects.get().email_deliverable == "unknown"
    assert sources.dns(at=NOON).last_error == "Nobody answered in time."
    # and what was known stays known
    LookUp.objects.update(
        state="found", found={"takes_mail": True}, is_open=True, expires_at=None, due_at=NOON
    )
    ask(NOON + 9 * HOUR)
    assert LookUp.objects.get().found == {"takes_mail": True}


def test_a_source_fills_what_is_empty_of_a_company(settle, oracle):
    firmlist = source(fields={"company_name": "/n", "company_employees": "/s", "company_industry": "/i"})
    sources.switch(source=sources.dns(at=NOON), on=False)
    oracle.answers["halden.example.com"] = Found(
        {"company_name": "Halden Foods", "company_employees": 240, "company_industry": "Food"}
    )
    person = somebody("ines@halden.example.com")
    settle(at=NOON)
    Company.objects.update(industry="Retail")
    ask()
    company = Company.objects.get(domain="halden.example.com")
    assert (company.name, company.employees, company.industry) == ("Halden Foods", 240, "Retail")
    settle(at=NOON)
    assert announced()[-1].body["by"] == "http_json" and announced()[-1].person == person.id
    [asked] = look_ups.of(person)
    assert (asked.source, asked.state, asked.looked_at) == (firmlist, "found", NOON)
    assert asked.expires_at == NOON + timedelta(days=30)


def test_a_source_never_touches_what_somebody_said(settle, oracle):
    source(about="email", fields={"job_title": "/t", "first_name": "/f"})
    oracle.answers["ines@halden.example.com"] = Found({"job_title": "Intern", "first_name": "Ines"})
    person = somebody("ines@halden.example.com", job_title="VP of Marketing")
    settle(at=NOON)
    ask()
    person.refresh_from_db()
    assert (person.first_name, person.job_title, person.proposed) == ("Ines", "VP of Marketing", {})


def test_free_and_throw_away_mail_is_not_worth_a_question_about_a_firm(settle, oracle):
    source()
    for email in ("a@gmail.com", "a@mailinator.com", "broken"):
        somebody(email)
    settle(at=NOON)
    ask()
    assert oracle.asked == ["gmail.com"]  # whether it takes mail


def test_the_quota_of_a_day_is_kept_and_a_new_day_begins_anew(settle, oracle):
    source(quota=2)
    sources.switch(source=sources.dns(at=NOON), on=False)
    for number in range(5):
        somebody(f"a@firm{number}.de")
    settle(at=NOON)
    ask()
    ask(NOON + HOUR)
    assert len(oracle.asked) == 2 and Source.objects.get(name="Firmlist").used == 2
    ask(NOON + timedelta(days=1))
    assert len(oracle.asked) == 4


def test_a_source_that_refuses_is_left_alone(settle, oracle):
    source()
    sources.switch(source=sources.dns(at=NOON), on=False)
    oracle.answers["firm0.de"] = Refused("It was asked too often (429).", 600)
    for number in range(3):
        somebody(f"a@firm{number}.de")
    settle(at=NOON)
    ask()
    assert len(oracle.asked) == 1
    row = Source.objects.get(name="Firmlist")
    assert (row.last_error, row.paused_until) == (
        "It was asked too often (429).",
        NOON + timedelta(minutes=10),
    )
    oracle.answers.clear()
    ask(NOON + HOUR)
    assert sorted(oracle.asked[1:]) == ["firm0.de", "firm1.de", "firm2.de"]


def test_a_connector_that_fails_harms_no_other_question(settle, oracle):
    oracle.answers["a.de"] = RuntimeError("no")
    somebody("x@a.de")
    somebody("x@b.de")
    settle(at=NOON)
    ask()
    assert sorted(oracle.asked) == ["a.de", "b.de"]
    assert "RuntimeError" in sources.dns(at=NOON).last_error


def test_nobody_is_asked_in_a_demo(settle, oracle, settings):
    settings.DEMO = True
    row = source()
    somebody("ines@halden.example.com")
    settle(at=NOON)
    ask()
    assert oracle.asked == [] and LookUp.objects.count() == 0 and Check.objects.count() == 1
    with pytest.raises(DomainError):
        sources.try_it(source=row, subject="halden.example.com", at=NOON)


def test_what_is_due_goes_to_the_tasks_process_once(settle, oracle):
    from django_tasks_db.models import DBTaskResult

    somebody("ines@halden.example.com")
    settle(at=NOON)
    settle(at=NOON)
    [waiting] = DBTaskResult.objects.filter(task_path=tasks.ask_sources.module_path)
    assert waiting.args_kwargs["args"] == []


def test_look_again_asks_anew_but_not_all_the_time(settle, oracle):
    person = somebody("ines@halden.example.com")
    settle(at=NOON)
    ask()
    with pytest.raises(DomainError):
        enrichments.look_again(person=person, at=NOON + timedelta(seconds=5))
    enrichments.look_again(person=person, at=NOON + HOUR)
    ask(NOON + HOUR)
    assert len(oracle.asked) == 2 and Check.objects.get().looked_at == NOON + HOUR


def test_a_merge_takes_the_verdicts_of_who_goes_along_and_back(settle, oracle, mira):
    kept, gone = somebody("ines@halden.example.com"), somebody("sales@halden.example.com")
    settle(at=NOON)
    merge = merges.merge(keep=kept.id, gone=gone.id, at=NOON + HOUR, by=str(mira.id))
    settle(at=NOON + HOUR)
    assert Check.objects.get(person=kept).email_role == "no"
    merges.unmerge(merge=merge.id, at=NOON + 2 * HOUR, by=str(mira.id))
    settle(at=NOON + 2 * HOUR)
    assert Check.objects.get(person=gone).email_role == "yes"


# ------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"url": "https://firmlist.example.com/"}, "url"),
        ({"url": "ftp://firmlist.example.com/{domain}"}, "url"),
        ({"url": "https://{domain}/"}, "url"),
        ({"header": "X Key"}, "header"),
        ({"fields": {}}, "fields"),
        ({"fields": {"job_title": "/t"}}, "fields"),
        ({"fields": {"company_name": "name"}}, "company_name"),
        ({"budget_ms": 60_000}, "budget_ms"),
        ({"quota": -1}, "quota"),
        ({"keep_days": 0}, "keep_days"),
    ],
)
def test_settings_that_cannot_work_are_refused(db, changes, field):
    with pytest.raises(DomainError) as refused:
        source(**changes)
    assert refused.value.field == field


def test_the_key_is_sealed_and_does_not_follow_to_another_host(db):
    row = source()
    assert "k3y" not in row.secret_sealed and sealing.unseal(row.secret_sealed) == "k3y"
    kept = {
        "name": row.name, "about": "domain", "header": "X-Api-Key", "fields": row.fields,
        "quota": 1, "budget_ms": 500, "keep_days": 1,
    }  # fmt: skip
    same = kept | {"url": "https://firmlist.example.com/v2/{domain}"}
    assert sealing.unseal(sources.save(source=row, values=same, secret="", at=NOON).secret_sealed) == "k3y"
    other = kept | {"url": "https://elsewhere.example.com/{domain}"}
    with pytest.raises(DomainError) as refused:
        sources.save(source=row, values=other, secret="", at=NOON)
    assert refused.value.field == "secret"


def test_the_whole_way_with_a_real_service(settle, settings):
    settings.OUTGOING_ALLOW = ["127.0.0.1"]
    with running(Service) as service:
        service.tells("/v1?domain=halden.example.com", {"size": 240})
        row = source(url=service.url + "/v1?domain={domain}")
        sources.switch(source=sources.dns(at=NOON), on=False)
        somebody("ines@halden.example.com")
        settle(at=NOON)
        ask()
        assert Company.objects.get().employees == 240
        assert service.asked[0][1]["x-api-key"] == "k3y"
        assert sources.try_it(source=row, subject="halden.example.com", at=NOON) == Found(
            {"company_employees": 240}
        )
        assert Source.objects.get(id=row.id).used == 2
