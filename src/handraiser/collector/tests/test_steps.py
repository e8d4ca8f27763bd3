"""Each step by itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.collector import steps
from handraiser.collector.records import Key
from handraiser.collector.shapes import Hit, Sender
from handraiser.collector.steps import Drop, Reason
from handraiser.collector.visitors import Visitors

SERVER, PAGE = Key("key_s", public=False), Key("key_p", public=True)


def sender(key: Key | None = None, *, private: bool = False) -> Sender:
    return Sender("203.0.113.7", "Mozilla/5.0", "site.example.com", private=private, key=key)


def hit(kind: str = "page", *, by: Sender | None = None, **fields) -> Hit:
    return Hit(kind, "m1", 1, 2, by or sender(), **fields)


def passed(result: Hit | Drop) -> Hit:
    assert isinstance(result, Hit), result
    return result


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (hit(""), Reason.MALFORMED),
        (hit(size=32 * 1024 + 1), Reason.TOO_LARGE),
        (hit("buy"), Reason.UNKNOWN_TYPE),
    ],
)
def test_bounded_refuses(given_, reason):
    assert steps.bounded(given_) == Drop(reason)


def test_bounded_cuts_what_is_merely_long():
    long = "x" * 5000
    cut = passed(steps.bounded(hit(name=f" {long}", url=long, title=long, referrer=long, user_id=long)))
    assert [len(text) for text in (cut.name, cut.url, cut.title, cut.referrer, cut.user_id)] == [
        120, 2000, 300, 2000, 400,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        (hit("track"), Reason.NO_NAME),
        (hit("track", by=sender(SERVER)), Reason.NO_NAME),
        (hit("track", name="Capture.form_submitted"), Reason.RESERVED_NAME),
        (hit("track", name="convert.deal_won", by=sender(PAGE)), Reason.RESERVED_NAME),
        (hit("identify"), Reason.UNKNOWN_TYPE),
        (hit("group", by=sender(PAGE)), Reason.NOT_FOR_PUBLIC_KEYS),
        (hit("alias", by=sender(PAGE)), Reason.NOT_FOR_PUBLIC_KEYS),
    ],
)
def test_permitted_refuses(given_, reason):
    assert steps.permitted(given_) == Drop(reason)


@pytest.mark.parametrize(
    "given_",
    [
        hit(),
        hit("identify", by=sender(PAGE)),
        hit("group", by=sender(SERVER)),
        hit("track", name="convert.deal_won", by=sender(SERVER)),
    ],
)
def test_permitted_lets_pass(given_):
    assert passed(steps.permitted(given_)).kind == given_.kind


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://site.example.com/a", True),
        ("https://other.example.com:8443/a", True),
        ("https://evil.example.org/site.example.com", False),
        ("/a", False),
        ("http://[broken", False),
    ],
)
def test_at_home(url, home):
    step = steps.at_home(lambda host: host == "other.example.com")
    assert isinstance(step(hit(url=url)), Hit) is home
    passed(step(hit(url=url, by=sender(PAGE))))


def test_campaign_kept():
    kept = passed(
        steps.campaign_kept(
            hit(url="https://a.example.com/x/?utm_source=news&utm_id=7&gclid=g&token=t#top", referrer="https://b.example.com/?q=1")
        )
    )  # fmt: skip
    assert (kept.url, kept.referrer) == ("https://a.example.com/x/", "https://b.example.com/")
    assert (kept.utm, kept.click_ids) == ({"source": "news", "id": "7"}, {"gclid": "g"})
    assert passed(steps.campaign_kept(hit(url="https://a.example.com/?ref=news"))).utm == {"source": "news"}
    private = passed(steps.campaign_kept(hit(url="https://a.example.com/?gclid=g", by=sender(private=True))))
    assert private.click_ids == {}


def test_impersonal_leaves_the_names_of_what_it_left_out():
    kept = passed(
        steps.impersonal(
            hit("track", name="to ana@example.com", properties={"plan": "team", "userEmail": "x", "n": 1})
        )
    )
    assert (kept.name, kept.properties) == ("unnamed", {"plan": "team", "n": 1, "left_out": ["userEmail"]})


def test_attributed_needs_somebody(tmp_path):
    step = steps.attributed(Visitors(tmp_path, "s" * 40))
    assert step(hit(by=sender(SERVER))) == Drop(Reason.NO_SUBJECT)
    assert step(hit(by=sender(PAGE), user_id="u1")) == Drop(Reason.NO_SUBJECT)
    assert passed(step(hit(by=sender(SERVER), user_id="u1"))).visitor.startswith("u_")
    assert passed(step(hit(by=sender(PAGE), anonymous_id="anon-1234"))).visitor == "anon-1234"
    assert passed(step(hit())).visitor.startswith("v_")
    assert passed(step(hit(by=sender(private=True)))).visitor == ""


def test_every_reason_has_a_sentence():
    assert set(steps.SENTENCES) == set(Reason)


@given(st.text(st.sampled_from("a@. %40\n"), max_size=30))
def test_addresses_are_found_as_by_the_plain_pattern(text):
    import re

    assert steps._holds_address(text) == bool(re.search(r"[^\s@]+@[^\s@]+\.[^\s@]+|%40", text))


@pytest.mark.parametrize(
    "text", ["a" * 32_000, "a@" * 16_000, "@" + "a" * 32_000, "+" + "(" * 32_000, "a@b" + "." * 30_000]
)
def test_no_text_is_slow_to_judge(text):
    begun = time.process_time()
    steps._looks_personal(text)
    assert time.process_time() - begun < 0.2
