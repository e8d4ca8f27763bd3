"""BANT and MEDDIC add up what is known, and titles tell a part in buying."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.qualify.rules.frameworks import BANT, FRAMEWORKS, MEDDIC, standing
from handraiser.qualify.rules.titles import Role, role_of


def answers(framework):
    keys = st.sampled_from([element.key for element in framework.elements])
    values = st.integers(framework.elements[0].choices[0][0], framework.most)
    return st.dictionaries(keys, values)


FRAMED = st.sampled_from([BANT, MEDDIC]).flatmap(lambda one: st.tuples(st.just(one), answers(one)))


@pytest.mark.parametrize(
    ("values", "value", "mark"),
    [
        ({"budget": 3, "authority": 3, "need": 3, "timing": 3}, 3.0, "A"),
        ({"budget": 2, "authority": 2, "need": 2, "timing": 2}, 2.0, "B"),
        ({"budget": 1, "authority": 2, "need": 3, "timing": 0}, 1.65, "C"),
        ({"budget": 0, "authority": 0, "need": 0, "timing": 0}, 0.0, "E"),
        ({"need": 3}, 3.0, "A"),
    ],
)
def test_bant_is_the_weighted_mean_of_what_is_known(values, value, mark):
    found = standing(BANT, values)
    assert found.value == pytest.approx(value) and found.mark == mark
    assert (found.known, found.of) == (len(values), 4)


@pytest.mark.parametrize(
    ("values", "mark"), [([5, 5, 5, 5, 5], "Strong"), ([3, 3, 3, 3, 3, 3], "At risk"), ([2, 2], "Weak")]
)
def test_meddic_scales_the_known_up_to_thirty(values, mark):
    known = dict(zip([element.key for element in MEDDIC.elements], values, strict=False))
    found = standing(MEDDIC, known)
    assert found.mark == mark and found.value == pytest.approx(sum(values) * 6 / len(values))


def test_nothing_known_is_no_score():
    for framework in FRAMEWORKS.values():
        found = standing(framework, {})
        assert found.value is None and found.mark == "" and found.known == 0


@given(FRAMED, st.randoms())
def test_a_standing_is_bounded_and_does_not_depend_on_the_order(framed, chance):
    framework, values = framed
    found = standing(framework, values)
    shuffled = list(values.items())
    chance.shuffle(shuffled)
    assert standing(framework, dict(shuffled)) == found
    if values:
        most = 3 if framework is BANT else 30
        least = 0 if framework is BANT else 6
        assert found.value is not None and least <= found.value <= most


@given(FRAMED, st.data())
def test_a_better_answer_never_lowers_a_standing(framed, data):
    framework, values = framed
    low = {key: value for key, value in values.items() if value < framework.most}
    if not low:
        return
    key = data.draw(st.sampled_from(sorted(low)))
    before, after = standing(framework, values), standing(framework, values | {key: values[key] + 1})
    assert before.value is not None and after.value is not None and after.value > before.value


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("VP of Marketing", Role.BUYER),
        ("Chief Technology Officer", Role.TECHNICAL),
        ("Chief Financial Officer", Role.BUYER),
        ("Assistant to the Managing Director", Role.USER),
        ("Marketing Director", Role.CHAMPION),
        ("Head of Growth", Role.CHAMPION),
        ("Senior Data Engineer", Role.TECHNICAL),
        ("Marketing intern", Role.USER),
        ("Account Manager", Role.USER),
        ("Fluglotse", Role.UNKNOWN),
        ("", Role.UNKNOWN),
        ("Editor", Role.USER),  # not IT
    ],
)
def test_a_title_tells_a_part(title, role):
    assert role_of(title) is role
