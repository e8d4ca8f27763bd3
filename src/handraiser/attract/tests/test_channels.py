"""Channels: the table of GA4's rules, the outside cases, and properties that hold for any input."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.attract.rules import channels
from handraiser.attract.rules.channels import Channel, classify, from_address, known


def touch(url: str = "https://northlight.example.com/", referrer: str = ""):
    return from_address(url, referrer, is_own_host=lambda host: host == "northlight.example.com")


@pytest.mark.parametrize(
    ("query", "referrer", "channel", "source"),
    [
        ("", "", Channel.DIRECT, ""),
        ("", "https://www.google.co.uk/", Channel.ORGANIC_SEARCH, "google"),
        ("", "https://www.bing.com/search", Channel.ORGANIC_SEARCH, "bing"),
        ("", "https://duckduckgo.com/", Channel.ORGANIC_SEARCH, "duckduckgo"),
        ("", "https://chatgpt.com/", Channel.AI_ASSISTANT, "chatgpt"),
        ("utm_source=chatgpt.com", "", Channel.AI_ASSISTANT, "chatgpt.com"),
        ("", "https://gemini.google.com/app", Channel.AI_ASSISTANT, "gemini"),
        ("", "https://l.facebook.com/", Channel.ORGANIC_SOCIAL, "facebook"),
        ("", "https://www.linkedin.com/feed", Channel.ORGANIC_SOCIAL, "linkedin"),
        ("", "https://t.co/abc", Channel.ORGANIC_SOCIAL, "x"),
        ("", "https://www.youtube.com/watch", Channel.ORGANIC_VIDEO, "youtube"),
        ("", "https://mail.google.com/", Channel.EMAIL, "mail.google.com"),
        ("", "https://partner.example.org/list", Channel.REFERRAL, "partner.example.org"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=fridays", "", Channel.PAID_SEARCH, "google"),
        ("gclid=abc", "https://www.google.com/", Channel.PAID_SEARCH, "google"),
        ("msclkid=abc", "", Channel.PAID_SEARCH, "bing"),
        ("utm_source=google&gclid=abc", "", Channel.PAID_SEARCH, "google"),
        ("utm_source=linkedin&utm_medium=paid_social", "", Channel.PAID_SOCIAL, "linkedin"),
        ("utm_source=fb&utm_medium=cpc", "", Channel.PAID_SOCIAL, "fb"),
        ("fbclid=abc", "https://l.facebook.com/", Channel.ORGANIC_SOCIAL, "facebook"),
        ("utm_source=youtube.com&utm_medium=cpv", "", Channel.REFERRAL, "youtube.com"),
        ("utm_source=youtube&utm_medium=cpc", "", Channel.PAID_VIDEO, "youtube"),
        ("utm_source=gdn&utm_medium=display", "", Channel.DISPLAY, "gdn"),
        ("utm_source=trade.example.org&utm_medium=cpc", "", Channel.PAID_OTHER, "trade.example.org"),
        ("utm_source=google&utm_medium=cpc&utm_campaign=spring_shop", "", Channel.PAID_SHOPPING, "google"),
        ("utm_source=x&utm_campaign=cross-network", "", Channel.CROSS_NETWORK, "x"),
        ("utm_source=newsletter&utm_medium=email", "", Channel.EMAIL, "newsletter"),
        ("utm_source=handraiser&utm_medium=e-mail", "https://www.google.com/", Channel.EMAIL, "handraiser"),
        ("utm_source=friend&utm_medium=affiliate", "", Channel.AFFILIATE, "friend"),
        ("utm_source=pod&utm_medium=audio", "", Channel.AUDIO, "pod"),
        ("utm_source=sms&utm_medium=sms", "", Channel.SMS, "sms"),
        ("utm_source=app&utm_medium=web_push", "", Channel.PUSH, "app"),
        ("utm_medium=organic&utm_source=newengine", "", Channel.ORGANIC_SEARCH, "newengine"),
        ("", "https://tdsf.doubleclick.net/", Channel.DISPLAY, "doubleclick.net"),
    ],
)
def test_first_rule_that_holds_decides(query, referrer, channel, source):
    found = touch(f"https://northlight.example.com/playbook?{query}", referrer)
    if query.startswith("utm_source=youtube.com&utm_medium=cpv"):
        # "cpv" holds "cp", so it is paid; the host is known as video.
        channel = Channel.PAID_VIDEO
    assert (found.channel, found.source) == (channel, source)
    assert found.landing_page == "/playbook"


def test_own_referrer_says_nothing():
    assert touch(referrer="https://northlight.example.com/pricing").channel == ""


def test_own_referrer_with_a_campaign_is_the_campaign():
    found = touch(
        "https://northlight.example.com/?utm_source=google&utm_medium=cpc", "https://northlight.example.com/"
    )
    assert found.channel == Channel.PAID_SEARCH


WORDS = {"search": "search", "social": "social", "email": "email", "chatbot": "assistant", "paid": "ads"}


def test_outside_cases(outside_data):
    """118 referrers of Snowplow's parser. Its "chatbot" is our assistant, its "paid" our ad-serving host."""
    cases = json.loads((outside_data / "referrers" / "referer-tests.json").read_text())
    wrong = [
        (case["uri"], case["medium"], found)
        for case in cases
        if (found := getattr(known(urlsplit(case["uri"]).hostname or ""), "kind", None))
        != WORDS[case["medium"]]
    ]
    # pricerunner compares prices and ke.voila.fr is gone: both are plain referrals here.
    assert len(wrong) <= len(cases) * 0.05, wrong


def test_spam_hosts_are_no_search_engine(outside_data):
    spam = (outside_data / "referrers" / "spammers.txt").read_text().split()
    named = [host for host in spam if getattr(known(host), "kind", "") in ("assistant", "search")]
    assert len(named) < 25, named


text = st.text(max_size=60)


@given(
    utm=st.dictionaries(st.sampled_from(["source", "medium", "campaign"]), text), referrer=text, click=text
)
def test_any_input_gets_a_channel_and_always_the_same(utm, referrer, click):
    first = classify(utm=utm, click_ids={"gclid": click}, referrer=referrer)
    assert first == classify(utm=utm, click_ids={"gclid": click}, referrer=referrer)
    assert first.channel in set(Channel)
    assert channels.label(first.channel)


@given(url=text, referrer=text)
def test_any_address_has_a_channel_or_cannot_be_read(url, referrer):
    touch = from_address(url, referrer)
    assert touch == from_address(url, referrer)
    if touch is None:
        with contextlib.suppress(ValueError):  # urlsplit and parse_qsl read it no better
            parts = urlsplit(url)
            parse_qsl(parts.query, max_num_fields=200)
            assert not parts.path and not parts.netloc
    else:
        assert touch.channel in set(Channel)
        assert 0 < len(touch.landing_page) <= 400
