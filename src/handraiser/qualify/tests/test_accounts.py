"""The score of a buying committee: bounded, growing with whatever is good, blind to order, never a plain sum."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.people.actions import leads, people
from handraiser.core.people.models import Lead
from handraiser.qualify import accounts
from handraiser.qualify.models import Account
from handraiser.qualify.rules.accounts import ENGAGED, Member, score
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.rules.titles import Role
from handraiser.qualify.tests.conftest import NOON

POINTS = st.integers(-20 * POINT, 500 * POINT)
MEMBERS = st.lists(st.builds(Member, st.uuids().map(str), st.sampled_from(Role), POINTS), max_size=12)


@given(MEMBERS, st.randoms())
def test_bounded_and_blind_to_order(members, chance):
    found = score(members)
    assert 0 <= found.points <= 100 and found.hundredths == sum(line.points for line in found.lines)
    assert all(0 <= line.points <= line.most for line in found.lines)
    shuffled = list(members)
    chance.shuffle(shuffled)
    assert score(shuffled) == found


@given(MEMBERS, st.sampled_from(Role), POINTS, st.integers(0, 50 * POINT))
def test_more_engagement_or_another_person_never_lowers_it(members, role, points, more):
    before = score(members).hundredths
    one = score([*members, Member("x", role, points)]).hundredths
    assert before <= one <= score([*members, Member("x", role, points + more)]).hundredths


@given(MEMBERS, st.sampled_from([role for role in Role if role is not Role.UNKNOWN]), POINTS)
def test_learning_a_role_never_lowers_it(members, role, points):
    unknown = score([*members, Member("x", Role.UNKNOWN, points)]).hundredths
    assert unknown <= score([*members, Member("x", role, points)]).hundredths


@given(
    st.sampled_from([Role.USER, Role.UNKNOWN]),
    st.integers(0, 10**6 * POINT),
    st.lists(
        st.tuples(st.sampled_from([Role.BUYER, Role.CHAMPION]), st.integers(ENGAGED, 100 * POINT)),
        min_size=2,
        max_size=2,
    ),
)
def test_one_noisy_intern_never_outranks_two_engaged_directors(role, noise, pair):
    intern = score([Member("intern", role, noise)])
    directors = score([Member(str(n), role, points) for n, (role, points) in enumerate(pair)])
    assert intern.hundredths < directors.hundredths


def test_it_says_who_is_missing_and_why():
    found = score([Member("a", Role.BUYER, 30 * POINT), Member("b", Role.UNKNOWN, 6 * POINT)])
    assert found.missing == (Role.CHAMPION, Role.TECHNICAL, Role.USER) and found.unknown == 1
    assert [line.points for line in found.lines] == [1466, 1200, 1200]
    assert "1 of unknown role" in found.lines[2].reason


@pytest.mark.django_db
def test_a_company_is_scored_by_what_its_people_do(story_of, ines, settle):
    other = story_of("tom@halden.example.com", job_title="Analyst", company_name="Halden Foods")
    for day in (1, 2, 3):
        ines.visits_pricing(NOON - timedelta(days=day))
    other.downloads_ebook(NOON - timedelta(days=1))
    settle(at=NOON)
    settle(at=NOON + timedelta(hours=2))
    kept = Account.objects.get(company=ines.person.company_id)
    assert (kept.engaged, kept.people, kept.missing) == (2, 2, "champion,technical")
    live = accounts.members([kept.company_id], at=NOON)[kept.company_id]
    assert kept.hundredths == score(live).hundredths > 0


@pytest.mark.django_db
def test_what_lies_before_the_window_counts_as_none(ines, settle):
    ines.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    Lead.objects.filter(id=ines.lead.id).update(engagement_points=30 * POINT)
    company = ines.person.company_id
    assert score(accounts.members([company], at=NOON)[company]).engaged == 1
    later = NOON + timedelta(days=95)
    assert score(accounts.members([company], at=later)[company]).engaged == 0


@pytest.mark.django_db
def test_a_new_job_title_is_worked_out_at_once(ines, settle):
    ines.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    settle(at=NOON + timedelta(hours=2))
    company = ines.person.company_id
    assert "buyer" not in Account.objects.get(company=company).missing
    people.change(
        person=ines.person, values={"job_title": "Analyst"}, at=NOON + timedelta(hours=2), proven=True
    )
    settle(at=NOON + timedelta(hours=2))
    assert "buyer" in Account.objects.get(company=company).missing


@pytest.mark.django_db
def test_a_closed_company_rests(ines, settle):
    settle(at=NOON)
    company = ines.person.company_id
    assert Account.objects.get(company=company).due_at == NOON + timedelta(days=1)
    from handraiser.qualify.actions import stages

    stages.move(ines.lead, "disqualified", at=NOON, reason="a competitor")
    settle(at=NOON)
    kept = Account.objects.get(company=company)
    assert kept.due_at is None and kept.people == 0


@pytest.mark.django_db
def test_scoring_many_companies_asks_as_often_as_one(story_of, settle, django_assert_num_queries):
    stories = [story_of(f"a@firm{n}.example.com", company_name=f"Firm {n}") for n in range(4)]
    for story in stories:
        story.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    companies = [story.person.company_id for story in stories]
    with django_assert_num_queries(3):
        accounts.members(companies, at=NOON)


@pytest.mark.django_db
def test_the_company_page_names_only_visible_people(ines, story_of, ben, dana, login, settle):
    other = story_of(
        "tom@halden.example.com", first_name="Tom", job_title="Analyst", company_name="Halden Foods"
    )
    ines.visits_pricing(NOON - timedelta(days=1))
    other.visits_pricing(NOON - timedelta(days=1))
    settle(at=NOON)
    leads.assign(lead=other.lead, owner=ben, at=NOON)
    page = login(dana).get(f"/admin/companies/{ines.person.company_id}/").content.decode()
    assert "Buying committee" in page and "Ines Brandt" in page and "Tom" not in page
    assert "1 you do not see" in page
    listing = login(dana).get("/admin/companies/?sort=score").content.decode()
    assert "Halden Foods" in listing and 'aria-sort="descending"' in listing
