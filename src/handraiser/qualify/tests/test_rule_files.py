"""A rule set goes into a file and comes back the same; what is wrong in one is named with its line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.kit.errors import DomainError
from handraiser.qualify.rules import files, validation
from handraiser.qualify.rules.defaults import CLASSIC
from handraiser.qualify.rules.rule_set import POINT, EventRule, Exclusion, Signal
from handraiser.qualify.tests.test_points import rule_sets

texts = st.text(max_size=12)
others = st.tuples(
    st.lists(
        st.builds(Exclusion, key=texts, reason=texts, field=texts, test=st.just("is"), value=texts),
        max_size=2,
    ),
    st.lists(st.builds(Signal, key=texts, event=texts, times=st.integers(1, 9)), max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(rule_sets, others, texts, st.integers(-POINT, 999 * POINT))
def test_any_rule_set_comes_back_exactly(rules, more, text, points):
    strange = EventRule(key=text, group="fit", points=points, event=text, value=text, half_life_days=3)
    rules = msgspec.structs.replace(
        rules,
        rules=(*rules.rules, strange),
        exclusions=tuple(more[0]),
        signals=tuple(more[1]),
        threshold=points,
    )
    assert files.from_text(files.to_text(rules)) == rules


def test_it_reads_as_somebody_would_write_it():
    text = files.to_text(CLASSIC)
    assert text.startswith(
        "# A rule set of Handraiser. Points are points, times are days.\nthreshold = 75\nleave = 60\n"
    )
    assert (
        """
# Visited /pricing/
[[rules]]
type = "event"
key = "pricing"
group = "engagement"
points = 10
event = "attract.page_viewed"
where_field = "path"
value = "/pricing/"
counting = "visit"
at_most = 4
days = 30
"""
        in text
    )


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("threshold = 75", "threshold = ", "This is not TOML: Invalid value (at line 2, column 13)"),
        ("threshold = 75", 'threshold = "many"', "Line 2: threshold is a number of points"),
        ("threshold = 75", "threshhold = 75", "Line 2: a rule set has no key “threshhold”"),
        ("fit = 40", "fit = 1e400", "Line 6: fit is a number of points"),
        ("fit = 40\n", "", "Line 5: limits: Object missing required field `fit`"),
        ("fit = 40", "fitt = 40", "Line 6: limits has no key “fitt”"),
        ("at_most = 4", 'at_most = "four"', "Line {pricing + 9}: at_most: Expected `int | null`, got `str`"),
        ("at_most = 4", "at_mots = 4", "Line {pricing + 9}: rules has no key “at_mots”"),
        ('key = "pricing"\n', "", "Line {pricing}: Object missing required field `key`"),
        (
            'counting = "visit"',
            'counting = "often"',
            "Line {pricing + 8}: counting: Invalid enum value 'often'",
        ),
        (
            'type = "event"',
            'type = "happening"',
            "Line {pricing + 1}: type is one of attribute, event, frequency",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(before, after, sentence):
    text = files.to_text(CLASSIC)
    pricing = text.splitlines().index("# Visited /pricing/") + 2
    expected = sentence
    if "{pricing" in sentence:
        offset = sentence.partition("{pricing")[2].partition("}")[0].replace(" + ", "")
        expected = sentence.replace(
            sentence[sentence.index("{") : sentence.index("}") + 1], str(pricing + int(offset or 0))
        )
    with pytest.raises(DomainError) as refused:
        files.from_text(text.replace(before, after, 1))
    assert expected in refused.value.message


def test_a_contradiction_is_found_in_the_file():
    text = files.to_text(CLASSIC).replace("days = 30", "days = 30\nhalf_life_days = 9", 1)
    rules = files.from_text(text)
    [problem] = validation.check(rules)
    line = files.line_of(text, problem.field, rules)
    assert text.splitlines()[line - 1] == "half_life_days = 9"


@pytest.mark.parametrize(
    "text", ["", "rules = 3", "rules = [3]", "x" * 200_001, "[[[[", "limits = 3\nbands = 4\nthreshold = 1"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(DomainError):
        files.from_text(text)


def test_the_example_in_the_documents_is_sound():
    rules = files.from_text((Path(__file__).parents[4] / "docs/examples/rule-set.toml").read_text())
    assert validation.check(rules) == []
    assert (len(rules.rules), rules.exclusions[0].reason, rules.signals[0].event) == (
        3,
        "competitor",
        "Limit Reached",
    )
