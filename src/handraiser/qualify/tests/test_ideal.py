"""The ideal customer: unknown is not no, what decides, what customers suggest, the screens."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.audience.rules import conditions as c
from handraiser.core.people.models import Company, Lead
from handraiser.kit.errors import DomainError
from handraiser.qualify import ideal
from handraiser.qualify.actions import ideals, stages
from handraiser.qualify.actions.ideals import Decides
from handraiser.qualify.models import IdealCustomer
from handraiser.qualify.rules.ideal import WORDS, Criterion, Ideal, Need, fit, size_band, suggest, together
from handraiser.qualify.tests.conftest import NOON

FOOD = c.Attribute(key="company.industry", test="is", values=("Food and drink",))
LARGE = c.Attribute(key="company.employees", test="between", low=50, high=999)
PRICING = c.Performed(
    event="attract.page_viewed", days=30, where=(c.Where("path", test="contains", values=("pricing",)),)
)
TRUTH = st.sampled_from([True, False, None])


def criteria(*needs, weight=3):
    made = [
        Criterion(key=str(n), about="industry", condition=FOOD, need=need, weight=weight)
        for n, need in enumerate(needs)
    ]
    return Ideal(tuple(made))


CASES = st.lists(st.tuples(st.sampled_from(list(Need)), st.integers(1, 5), TRUTH), max_size=8)


def judged(cases):
    made = Ideal(
        tuple(
            Criterion(key=str(n), about="size", condition=LARGE, need=need, weight=weight)
            for n, (need, weight, _) in enumerate(cases)
        )
    )
    return fit(made, {str(n): truth for n, (_, _, truth) in enumerate(cases)})


@given(CASES)
def test_a_statement_judges_as_people_are_judged(cases):
    made = Ideal(
        tuple(
            Criterion(key=str(n), about="size", condition=LARGE, need=need, weight=weight)
            for n, (need, weight, _) in enumerate(cases)
        )
    )
    told = ", ".join(f"? as c{n}" for n in range(len(cases))) or "1"
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        asked = db.execute(f"select {ideal._verdict(made)} from (select {told})", [one[2] for one in cases])
        assert WORDS[asked.fetchone()[0]] == judged(cases).word


@pytest.mark.parametrize(
    ("needs", "truths", "fits"),
    [
        ((), {}, None),
        ((Need.MUST,), {"0": True}, True),
        ((Need.MUST,), {"0": None}, None),
        ((Need.MUST,), {"0": False}, False),
        ((Need.MUST_NOT,), {"0": True}, False),
        ((Need.MUST_NOT, Need.SHOULD), {"0": None, "1": True}, True),
        ((Need.SHOULD, Need.SHOULD), {"0": True}, True),
        ((Need.SHOULD, Need.SHOULD, Need.SHOULD), {"0": True, "1": False, "2": False}, False),
        ((Need.SHOULD,), {}, None),
        ((Need.MUST, Need.SHOULD), {"0": True}, True),
        ((Need.MUST, Need.MUST), {"0": None, "1": False}, False),
        ((Need.MUST, Need.SHOULD), {"0": None, "1": False}, False),
    ],
)
def test_what_decides(needs, truths, fits):
    assert fit(criteria(*needs), truths).fits is fits


@given(CASES, st.randoms())
def test_the_order_of_criteria_changes_no_verdict(cases, chance):
    shuffled = list(cases)
    chance.shuffle(shuffled)
    one, other = judged(cases), judged(shuffled)
    assert (one.fits, one.share, one.known) == (other.fits, other.share, other.known)
    assert one.share is None or 0 <= one.share <= 100


@given(CASES, st.data())
def test_unknown_never_says_no_and_learning_good_never_harms(cases, data):
    if all(truth is None for *_, truth in cases):
        assert judged(cases).fits is not False
    open_ones = [n for n, (_, _, truth) in enumerate(cases) if truth is None]
    if open_ones:
        at = data.draw(st.sampled_from(open_ones))
        need, weight, _ = cases[at]
        better = [*cases[:at], (need, weight, need is not Need.MUST_NOT), *cases[at + 1 :]]
        order = {False: 0, None: 1, True: 2}
        before, after = judged(cases).fits, judged(better).fits
        assert order[after] >= order[before]


@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), TRUTH, min_size=2), min_size=1, max_size=6), st.randoms()
)
def test_a_company_is_what_one_of_its_people_is(truths, chance):
    found = together(truths)
    for key, met in found.items():
        told = [one[key] for one in truths if key in one]
        assert met is (True if True in told else None if None in told else False)
    chance.shuffle(truths)
    assert together(truths) == found


def test_customers_suggest_what_others_have_less():
    industry = (["Food"] * 8 + ["Media"] * 2, ["Food"] * 5 + ["Media"] * 45)
    country = (["GB"] * 10, ["GB"] * 50)
    few = (["VP"] * 2, ["Intern"] * 50)
    found = suggest({"company.industry": industry, "company.country": country, "person.job_title": few})
    assert [one.condition.values for one in found] == [("Food",)]
    assert size_band(50) == "50 to 249" and size_band(5_000) == "1,000 and more"
    [size] = suggest({"company.employees": (["1,000 and more"] * 9, ["1 to 9"] * 20)})
    assert (size.condition.low, size.condition.high) == (1_000, None)


def add(condition, need="should", weight=3, about="industry"):
    return ideals.add(about=about, condition=condition, decides=Decides(need, weight), at=NOON)


@pytest.mark.django_db
def test_a_lead_and_its_company_fit_with_the_reason(ines, story_of, settle):
    add(FOOD, "must")
    add(PRICING, about="trigger")
    settle(at=NOON)
    said = ideal.of_lead(ines.lead, at=NOON)
    assert said.fit.fits is None and "unknown" in said.fit.why
    Company.objects.filter(id=ines.person.company_id).update(industry="Food and drink")
    said = ideal.of_lead(ines.lead, at=NOON)
    assert said.fit.fits is True and said.fit.known == 1  # nobody saw her look at the prices; that is no "no"
    ines.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    said = ideal.of_lead(ines.lead, at=NOON)
    assert said.fit.fits is True and [met for *_, met, _ in said.lines] == [True, True]
    assert ideal.of_company(ines.person.company, at=NOON).fit.fits is True
    Company.objects.filter(id=ines.person.company_id).update(industry="Gambling")
    assert ideal.of_lead(ines.lead, at=NOON).fit.fits is False


@pytest.mark.django_db
def test_many_people_are_judged_by_one_statement(ines, story_of, django_assert_num_queries):
    people = [ines.person.id, *(story_of(f"p{n}@quarry.example.com").person.id for n in range(5))]
    add(FOOD)
    add(LARGE)
    now = ideal.current()
    with django_assert_num_queries(4):  # three for what may be named, one for everybody
        assert len(ideal.truths(now, people, at=NOON)) == 6


@pytest.mark.django_db
def test_the_preview_says_how_many_customers_fit(ines, story_of, settle):
    tom = story_of("tom@quarry.example.com", company_name="Quarry")
    Company.objects.filter(id=ines.person.company_id).update(industry="Food and drink")
    Company.objects.filter(id=tom.person.company_id).update(industry="Stone")
    for story in (ines, tom):
        stages.move(story.lead, "customer", at=NOON)
    story_of("new@nowhere.example.com")
    add(FOOD, "must")
    found = ideal.preview(ideal.current(), at=NOON)
    assert (found.customers.n, found.customers.fits, found.customers.not_) == (2, 1, 1)
    assert (found.leads.n, found.leads.unknown) == (1, 1)
    assert [lead.id for lead, _ in found.surprising] == [tom.lead.id]


@pytest.mark.django_db
def test_changes_are_versions_and_can_be_taken_back(organisation):
    first = add(FOOD)
    [criterion] = ideal.current().criteria
    assert ideals.change(key=criterion.key, decides=Decides("should", 3), at=NOON) is None
    ideals.change(key=criterion.key, decides=Decides("must", 5), at=NOON)
    assert ideal.current().criteria[0].need is Need.MUST
    removed = ideals.remove(key=criterion.key, at=NOON)
    assert ideal.current().criteria == ()
    ideals.go_back(number=removed.number, at=NOON)
    assert ideal.current().criteria[0].weight == 5
    ideals.go_back(number=first.number, at=NOON)
    assert ideal.current().criteria == () and IdealCustomer.objects.count() == 5


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "decides", "code"),
    [
        (FOOD, Decides("maybe", 3), "unknown_need"),
        (FOOD, Decides("must", 9), "criterion_weight"),
        (c.Attribute(key="company.mood", values=("good",)), Decides("must", 3), None),
        (c.Attribute(key="company.employees", test="between", low=9, high=1), Decides("must", 3), None),
    ],
)
def test_what_makes_no_sense_is_refused(organisation, condition, decides, code):
    with pytest.raises(DomainError) as refused:
        ideals.add(about="size", condition=condition, decides=decides, at=NOON)
    assert code is None or refused.value.code == code
    assert not IdealCustomer.objects.exists()


@pytest.mark.django_db
def test_the_same_criterion_twice_is_refused(organisation):
    add(FOOD)
    with pytest.raises(DomainError) as refused:
        add(FOOD)
    assert refused.value.code == "criterion_twice"


@pytest.mark.django_db
def test_the_editor_and_where_it_shows(ines, settle, mira, analyst, login):
    client, url = login(mira), "/admin/qualify/fit/ideal/"
    assert "No criteria yet" in client.get(url).content.decode()
    told = {
        "about": "industry",
        "attribute": "company.industry",
        "test": "is",
        "values": "Food and drink, Media",
    }
    told |= {"need": "must", "weight": "3"}
    assert client.post(f"{url}add/", told).status_code == 302
    trigger = {
        "about": "trigger",
        "event": "attract.page_viewed",
        "what": "/pricing/",
        "times": "2",
        "days": "30",
    }
    assert client.post(f"{url}add/", trigger | {"need": "should", "weight": "4"}).status_code == 302
    page = client.get(url).content.decode()
    assert "Industry is Food and drink or Media" in page and "Visited" in page
    lead_page = client.get(f"/admin/leads/{ines.lead.id}/").content.decode()
    assert "is a must and unknown" in lead_page and "Criterion(" not in lead_page
    assert "Ideal customer" in client.get(f"/admin/companies/{ines.person.company_id}/").content.decode()
    refused = client.post(f"{url}add/", trigger | {"times": "many", "need": "should", "weight": "4"})
    assert refused.status_code == 422 and "whole number" in refused.content.decode()
    key = ideal.current().criteria[0].key
    client.post(f"{url}change/", {"key": key, "need": "must_not", "weight": "1"})
    assert ideal.current().criteria[0].need is Need.MUST_NOT
    client.post(f"{url}remove/", {"key": key})
    newest = IdealCustomer.objects.latest("number")
    client.post(f"{url}back/?number={newest.number}")
    assert len(ideal.current().criteria) == 2
    assert "Add criterion" not in login(analyst).get(url).content.decode()


@pytest.mark.django_db
def test_leads_are_asked_for_by_how_they_fit(ines, story_of, settle):
    other = story_of("omar@oriel.example.com", company_name="Oriel")
    add(FOOD, "must")
    add(PRICING, "must_not", about="trigger")
    Company.objects.filter(id=ines.person.company_id).update(industry="Food and drink")
    other.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)

    def found(*words):
        return set(Lead.objects.filter(ideal.who(words, at=NOON)).values_list("id", flat=True))

    assert found("yes") == {ines.lead.id} and found("no") == {other.lead.id} and not found("unknown")
    assert found("yes", "no") == {ines.lead.id, other.lead.id}
    told = ideal.fits([ines.person.id, other.person.id], at=NOON)
    assert [told[one.person.id].fits for one in (ines, other)] == [True, False]
