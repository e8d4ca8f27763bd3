"""Conditions: what is refused and where, how they read, what is kept as data."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.audience.rules import checking, timing, wording
from handraiser.core.audience.rules import conditions as c
from handraiser.core.audience.rules.vocabulary import ATTRIBUTES, EVENTS, HEARD, Catalogue, Listing
from handraiser.core.audience.tests import worlds
from handraiser.core.journal.events.base import CATALOGUE
from handraiser.kit.errors import DomainError

LIST = Listing("Suppressed", {"bounced": "bounced", "complained": "complained"}, rows="")
KNOWN = Catalogue(
    ATTRIBUTES, {"segment_1": "Customers"}, {"marketing": "News by email"}, {"suppressed": LIST}
)
OPENED = "delivery.email_opened"


def codes(*of: c.Condition) -> list[tuple[str, str]]:
    return [(one.code, one.field) for one in checking.check(c.AllOf(of), KNOWN)]


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (c.Attribute("person.shoe_size", "is", ("42",)), "unknown_attribute"),
        (c.Attribute("person.country", "between", low=1), "test"),
        (c.Attribute("person.country", "is"), "value"),
        (c.Attribute("person.country", "is", ("x" * 201,)), "overflow"),
        (c.Attribute("company.employees", "between"), "value"),
        (c.Attribute("company.employees", "between", low=9, high=2), "contradiction"),
        (c.Attribute("company.employees", "between", low=1e300), "overflow"),
        (c.Attribute("person.created_at", "between", low="2026-02-30"), "date"),
        (c.Attribute("person.created_at", "within", days=0), "days"),
        (c.Consent("telepathy"), "unknown_purpose"),
        (c.Stage(()), "stage"),
        (c.Score("grade", ("Z9",)), "value"),
        (c.InSegment("segment_9"), "unknown_segment"),
        (c.Listed("wanted"), "unknown_list"),
        (c.Listed("suppressed", reasons=("boredom",)), "value"),
        (c.Performed("people.person_created"), "unknown_event"),
        (c.Performed(OPENED, times=0), "times"),
        (c.Performed(OPENED, times=10**9), "times"),
        (c.Performed(OPENED, days=10**9), "days"),
        (c.Performed(OPENED, where=(c.Where("colour", "is", ("red",)),)), "property"),
        (c.Performed("attract.event_tracked", where=(c.Where("properties.a'b", "known"),)), "property"),
        (c.LastPerformed(OPENED, "more", 0), "days"),
        (c.Bucket(50, 100), "bucket"),
        (c.AnyOf(()), "empty"),
    ],
)
def test_nonsense_is_refused_with_a_sentence_and_its_place(node, code):
    fine = c.Attribute("person.country", "is", ("DE",))
    assert codes(fine, c.AnyOf((fine, node))) == [(code, "1.1")]
    assert codes(fine) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (c.Performed(OPENED, "at_least", 5, 7), c.Performed(OPENED, "at_most", 2, 30)),
        (c.Performed(OPENED, "exactly", 3), c.Performed(OPENED, "at_most", 2)),
        (c.Performed(OPENED, "at_least", 1, 7), c.LastPerformed(OPENED, "more", 7)),
        (c.LastPerformed(OPENED, "less", 7), c.LastPerformed(OPENED, "more", 30)),
        (c.LastPerformed(OPENED, "more", 7), c.Performed(OPENED, "at_most", 0)),
        (c.Attribute("person.country", "unknown"), c.Attribute("person.country", "is", ("DE",))),
        (c.Attribute("person.country", "is", ("FR",)), c.Attribute("person.country", "is", ("DE",))),
        (
            c.Attribute("person.created_at", "within", days=7),
            c.Attribute("person.created_at", "more_than_ago", days=7),
        ),
        (c.InSegment("segment_1"), c.InSegment("segment_1", inside=False)),
        (c.Consent("marketing", "granted"), c.Consent("marketing", "never")),
        (c.Listed("suppressed", reasons=("bounced",)), c.Listed("suppressed", on=False)),
    ],
)
def test_two_that_exclude_each_other_are_refused_whatever_their_order(one, other):
    assert codes(one, other) == [("contradiction", "1")]
    assert codes(other, one) == [("contradiction", "1")]
    assert codes(c.AnyOf((one, other))) == []


@pytest.mark.parametrize(
    "pair",
    [
        (c.Performed(OPENED, "at_least", 5, 30), c.Performed(OPENED, "at_most", 2, 7)),
        (c.LastPerformed(OPENED, "more", 7), c.LastPerformed(OPENED, "less", 30)),
        (c.Attribute("lead.source", "is", ("google",)), c.Attribute("lead.source", "is", ("bing",))),
        (c.Listed("suppressed"), c.Listed("suppressed", on=False, reasons=("bounced",))),
    ],
)
def test_two_that_only_look_like_it_are_not(pair):
    assert codes(*pair) == []


def test_too_many_and_too_deep_are_refused():
    fine = c.Attribute("person.country", "is", ("DE",))
    deep: c.Condition = fine
    for _ in range(checking.MAX_DEPTH + 1):
        deep = c.AllOf((deep,))
    assert {one.code for one in checking.check(deep, KNOWN)} == {"too_deep"}
    assert {one.code for one in checking.check(c.AllOf((fine,) * 300), KNOWN)} == {"too_many"}


def test_a_circle_is_refused_with_the_way_around():
    uses = {"b": ["c"], "c": ["d", "a"], "d": []}
    names = {"a": "Ripe", "b": "Readers", "c": "Clients"}
    with pytest.raises(DomainError) as refused:
        checking.refuse_cycle("a", ["d", "b"], uses, names)
    assert refused.value.message == (
        "This would go round in a circle: Ripe asks about Readers asks about Clients asks about Ripe."
    )
    checking.refuse_cycle("a", ["d"], uses, names)


def test_conditions_read_as_sentences():
    tree = c.AllOf(
        (
            c.Attribute("person.country", "is", ("DE", "AT")),
            c.Performed(OPENED, "at_most", 0, 30),
            c.AnyOf((c.Stage(("lead",)), c.Stage(("recycled",)))),
            c.LastPerformed(
                "attract.page_viewed", "more", 1, (c.Where("path", "starts_with", ("/pricing/",)),)
            ),
            c.Performed("capture.form_submitted", "at_least", 2, where=(c.Where("intent", "is", ("demo",)),)),
            c.Score("points", low=75),
            c.InSegment("segment_1", inside=False),
            c.Listed("suppressed", reasons=("bounced", "complained")),
            c.Listed("suppressed", on=False),
        )
    )
    assert [wording.words(one, KNOWN) for one in tree.of] == [
        "Country is DE or AT",
        "Opened email 0 times in the last 30 days",
        "any of (Stage is Lead; Stage is Recycled)",
        "Visited (path starts with /pricing/) last more than 1 day ago",
        "Sent a form (for is a demo) at least 2 times",
        "Points from 75 up",
        "Not in segment Customers",
        "Suppressed: bounced or complained",
        "Not suppressed",
    ]


@given(st.integers())
def test_what_is_stored_is_read_back(seed):
    definition = c.Definition(c.AllOf((worlds.tree(random.Random(seed)),)), ("segment_1",))
    assert c.from_data(c.to_data(definition)) == definition
    for _, node in c.walk(definition.condition):
        assert wording.words(node, KNOWN)


def test_what_is_no_condition_is_refused():
    with pytest.raises(DomainError, match="cannot be read"):
        c.from_data({"match": {"kind": "telepathy"}})


def test_every_event_and_fact_that_is_named_is_in_the_catalogue():
    assert CATALOGUE.keys() >= HEARD
    for name, happening in EVENTS.items():
        fields = CATALOGUE[name].__dataclass_fields__
        assert set(happening.fields) <= fields.keys(), name
        assert happening.machines == ("machine" in fields), name


@pytest.mark.parametrize(
    ("amount", "times", "numbers"),
    [
        ("at_least", 3, (3,)),
        ("at_most", 0, (1,)),
        ("at_most", 3, (4,)),
        ("exactly", 0, (1,)),
        ("exactly", 3, (3, 4)),
    ],
)
def test_which_event_matters_when_it_leaves_the_window(amount, times, numbers):
    assert timing.leaving(c.Performed(OPENED, amount, times, 7)) == timing.Leaving(numbers, 7)
    assert timing.leaving(c.Performed(OPENED, amount, times)) is None
