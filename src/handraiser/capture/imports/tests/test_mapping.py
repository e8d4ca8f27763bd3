"""Mappings: read, guessed, refused, applied."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.capture.imports.leads import TARGETS
from handraiser.capture.imports.rules import mapping as rules
from handraiser.capture.imports.rules.mapping import Mapping
from handraiser.kit.errors import DomainError

TOML = """
[columns]
id = "external_id"
origin = ["source", "channel"]
[constants]
campaign = "fair"
[values.channel]
"Organic Search" = "organic_search"
"" = "none"
[dates]
format = "%d.%m.%Y"
zone = "Europe/Berlin"
[external]
system = "old"
"""


def test_a_mapping_file_says_what_columns_hold():
    mapping = rules.from_toml(TOML)
    assert rules.apply(mapping, ["id", "origin"], ["7", "organic search"]) == {
        "external_id": "7",
        "source": "organic search",
        "channel": "organic_search",
        "campaign": "fair",
    }
    assert rules.apply(mapping, ["id", "origin"], ["7", ""])["channel"] == "none"
    assert rules.read_moment("01.07.2026", mapping) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert Mapping.from_dict(mapping.as_dict()) == mapping


def test_columns_are_guessed_by_their_headings():
    assert rules.guess(["E-Mail", "Surname", "Mail", "Shoe size"], TARGETS) == {
        "E-Mail": ["email"],
        "Surname": ["last_name"],
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"columns": {"nothing": ["email"]}}, "no column “nothing”"),
        ({"columns": {"a": ["shoe_size"]}}, "“shoe_size” is nothing that a column can be"),
        ({"columns": {"a": ["email"], "b": ["email"]}}, "cannot both be email"),
        ({"columns": {"a": ["email"]}, "zone": "Mars/Base"}, "is no time zone"),
        ({"columns": {"a": ["email"]}, "decimal": ";"}, "point or a comma"),
        ({"columns": {"a": ["deal.size"]}}, "is nothing that a column can be"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(change, sentence):
    with pytest.raises(DomainError) as refused:
        rules.check(Mapping(**change), columns=["a", "b"], targets=TARGETS, entities={"person", "lead"})
    assert sentence in refused.value.message


@pytest.mark.parametrize("text", ["[columns", "[colums]\na = 'email'"])
def test_a_mapping_file_with_a_slip_names_it(text):
    with pytest.raises(DomainError):
        rules.from_toml(text)


@pytest.mark.parametrize(
    ("text", "decimal", "minor"),
    [
        ("1,234.50", ".", 123450),
        ("£12", ".", 1200),
        ("1.234,5", ",", 123450),
        ("0", ".", 0),
        ("-3.1", ".", -310),
    ],
)
def test_amounts_become_minor_units(text, decimal, minor):
    assert rules.read_minor(text, Mapping(columns={}, decimal=decimal)) == minor


@pytest.mark.parametrize("text", ["", "twelve", "1.005", "1e99", "NaN", "Infinity"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match="“"):
        rules.read_minor(text, Mapping(columns={}))


@given(st.text())
def test_any_text_is_a_date_or_refused_in_words(text):
    try:
        moment = rules.read_moment(text, Mapping(columns={}, zone="Europe/London"))
    except ValueError as error:
        assert str(error).startswith("“")
    else:
        assert moment.tzinfo is UTC


@given(st.text(), st.sampled_from([".", ","]))
def test_any_text_is_an_amount_or_refused_in_words(text, decimal):
    try:
        assert isinstance(rules.read_minor(text, Mapping(columns={}, decimal=decimal)), int)
    except ValueError as error:
        assert str(error).startswith("“")
