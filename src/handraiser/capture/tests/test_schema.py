"""One schema, two languages: the same vectors, and the same chance, must give the same verdict."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.capture import starters
from handraiser.capture.rules import differences
from handraiser.capture.rules import schema as schemas
from handraiser.capture.tests.browser import RUNTIME, page_with_runtime

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())


def schema_of(keys: list[str]) -> schemas.Schema:
    return schemas.parse({"fields": [VECTORS["fields"][key] for key in keys]})


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_vector_on_the_server(case):
    outcome = schemas.validate(schema_of(case["fields"]), case["raw"])
    assert outcome.errors == case["errors"]
    assert outcome.values == case["values"]


@pytest.mark.browser
def test_the_browser_says_the_same():
    everything = schema_of(list(VECTORS["fields"]))
    chance = random.Random(20261121)
    pieces = [
        "", " ", "a", "Ines", "ü", "😀", "@", ".", "example.com", "ines@", "+44", "20 7946", "12", ",", "-",
        "\u0000",
        "\r\n", "\t", "\u00a0", "\ufeff", "\u200b", "\u0085", "x", "y", "q", "l", "s", "yes", "ON", "GB",
        "gb",
        "<b>",
        "'", '"', "\\", "\u2028", "\u001c", "\ud7ff", "_", "[", "İ", "ß",
    ]  # fmt: skip
    calls = [
        (schemas.for_browser(schema_of(case["fields"])), case["raw"], case["values"], case["errors"])
        for case in VECTORS["cases"]
    ]
    for _ in range(3000):
        raw = {
            key: [
                "".join(chance.choices(pieces, k=chance.randint(0, 6))) for _ in range(chance.randint(0, 2))
            ]
            for key in chance.sample(list(VECTORS["fields"]), 8)
        }
        outcome = schemas.validate(everything, raw)
        calls.append((schemas.for_browser(everything), raw, outcome.values, outcome.errors))
    with page_with_runtime() as page:
        page.evaluate("rules => { window.everything = rules }", schemas.for_browser(everything))
        answers = page.evaluate(
            "calls => calls.map(([rules, raw]) => handraiserForms.validate(rules || window.everything, raw))",
            [
                [rules if at < len(VECTORS["cases"]) else None, raw]
                for at, (rules, raw, _, _) in enumerate(calls)
            ],
        )
    for (_, raw, values, errors), answer in zip(calls, answers, strict=True):
        assert {"values": answer["values"], "errors": answer["errors"]} == {
            "values": values,
            "errors": errors,
        }, raw


def test_the_runtime_is_small():
    assert RUNTIME.stat().st_size <= 10 * 1024


raws = st.dictionaries(
    st.sampled_from(list(VECTORS["fields"])), st.lists(st.text(max_size=40), max_size=3), max_size=12
)


@given(raws)
def test_validation_never_fails_and_can_be_repeated(raw):
    schema = schema_of(list(VECTORS["fields"]))
    outcome = schemas.validate(schema, raw)
    assert not set(outcome.values) & set(outcome.errors)
    again = {
        key: value if isinstance(value, list) else ["yes" if value is True else value]
        for key, value in outcome.values.items()
    }
    # What was accepted is accepted as it was stored: a release from quarantine depends on it.
    second = schemas.validate(schema, again)
    assert {key: second.values.get(key) for key in outcome.values} == outcome.values


@given(raws)
def test_what_was_not_shown_is_not_kept(raw):
    schema = schema_of(list(VECTORS["fields"]))
    outcome = schemas.validate(schema, raw)
    for field in schema.fields:
        if not schemas.visible(field, outcome.values):
            assert field.key not in outcome.values


def test_a_schema_survives_storing():
    schema = starters.STARTERS["demo"].schema
    assert schemas.parse(json.loads(json.dumps(schemas.dump(schema)))) == schema


@pytest.mark.parametrize("key", list(starters.STARTERS))
def test_a_starter_can_be_published_as_it_is(key):
    starter = starters.STARTERS[key]
    found = schemas.problems(starter.schema, intent=starter.intent, has_magnet=True)
    assert not [problem for problem in found if problem.blocks]


def sentences(schema, intent="contact", has_magnet=False):
    return " ".join(
        problem.sentence for problem in schemas.problems(schema, intent=intent, has_magnet=has_magnet)
    )


def test_problems_are_named():
    assert "asks nothing yet" in sentences(schemas.Schema())
    assert "Nobody could be answered" in sentences(schema_of(["name"]))
    assert "Choose the lead magnet" in sentences(schema_of(["email"]), intent="magnet")
    assert "No consent is asked" in sentences(schema_of(["email"]))
    assert "asked twice" in sentences(
        schemas.Schema(
            fields=[schema_of(["email"]).fields[0], schemas.changed(schema_of(["email"]).fields[0], key="e2")]
        )
    )
    assert "not asked before it" in sentences(schema_of(["if_large", "size"]))
    assert "two answers" in sentences(
        schemas.Schema(fields=[schemas.changed(schema_of(["size"]).fields[0], choices=[])])
    )


def test_differences_are_sentences():
    old = schema_of(["name", "email"])
    fields = [schemas.changed(old.fields[1], required=False), old.fields[0], schema_of(["phone"]).fields[0]]
    said = differences.between(old, schemas.Schema(fields=fields, button="Go"))
    assert said == [
        "Asks Phone, new",
        "Email may be left empty",
        "Asks in another order",
        "Has another button",
    ]
