"""Channels: the table of GA4's rules, the outside cases, and properties that hold for any input."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.attract.rules import channels, hosts
from handraiser.attract.rules.channels import Channel, classify, from_address

ROOT = Path(__file__).resolve().parents[4]


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
        ("", "https://mail.google.com/", Channel.EMAIL, "gmail"),
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
        ("", "https://tdsf.doubleclick.net/", Channel.DISPLAY, "google"),
        ("", "https://x.com/i/grok?a=1", Channel.AI_ASSISTANT, "grok"),
        ("", "https://x.com/i/grokking", Channel.ORGANIC_SOCIAL, "x"),
        ("", "https://www.google.com.br/", Channel.ORGANIC_SEARCH, "google"),
        ("", "https://google.fr/imgres?q=a", Channel.ORGANIC_SEARCH, "google images"),
        ("", "https://de.bing.com/images/search", Channel.ORGANIC_SEARCH, "bing images"),
        ("", "https://google.evil-example.com/", Channel.REFERRAL, "google.evil-example.com"),
        ("", "android-app://com.google.android.gm/", Channel.EMAIL, "gmail"),
        ("", "https://www.facebook.com/", Channel.ORGANIC_SOCIAL, "facebook"),
        ("gad_source=1&gbraid=x", "", Channel.PAID_SEARCH, "google"),
        ("gad_source=1", "", Channel.PAID_SEARCH, "google"),
        ("ScCid=x", "", Channel.PAID_SOCIAL, "snapchat"),
        ("_kx=x", "", Channel.EMAIL, "klaviyo"),
        ("UTM_Source=LinkedIn&UTM_MEDIUM=CPC", "", Channel.PAID_SOCIAL, "linkedin"),
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


# Snowplow's words for what the product calls otherwise.
WORDS = {"search": "search", "social": "social", "email": "email", "chatbot": "assistant", "paid": "ads"}
NAMES = {
    "IXquick": "IxQuick", "Mail.ru": "Mailru", "Ask Toolbar": "Ask", "Twitter": "X", "Tumblr": "tumblr",
    "Yahoo! Mail": "Yahoo", "Outlook.com": "Outlook", "Orange Webmail": "Orange", "Ionos": "IONOS",
    "T-online": "T-Online", "Claude.ai": "Claude", "Google Gemini": "Gemini", "META.ai": "Meta AI",
    "Microsoft Copilot": "Copilot", "Mistral.ai": "Le Chat", "Perplexity.ai": "Perplexity",
}  # fmt: skip
# Where the product decides otherwise, and why.
OTHERWISE = {
    ("www.pricerunner.co.uk", "medium"): "it compares prices: shopping, as in Google's own list of sources",
    ("www.pricerunner.co.uk", "name"): "as above",
    ("www.pricerunner.co.uk", "term"): "as above",
    ("suche.1und1.de", "name"): "Matomo's list knows whose search it shows: Google's",
    ("search.ke.voila.fr", "term"): "closed in 2015; Matomo's list knows a later field of it",
}


def test_outside_cases(outside_data):
    """118 referrers of Snowplow's parser: kind, name and search term."""
    cases = json.loads((outside_data / "referrers" / "referer-tests.json").read_text())
    otherwise: set[tuple[str, str]] = set()
    for case in cases:
        parts = urlsplit(case["uri"])
        found = hosts.known(parts.hostname or "", parts.path)
        kind, name = (found.kind, found.name) if found else ("", "")
        answers = {
            "medium": (kind, WORDS[case["medium"]]),
            "name": (name, NAMES.get(case["source"], case["source"])),
            "term": (hosts.search_term(case["uri"]), (case["term"] or "").strip()),
        }
        otherwise |= {
            (parts.hostname or "", what) for what, (ours, theirs) in answers.items() if ours != theirs
        }
    assert otherwise == set(OTHERWISE)
    wrong = {host for host, _ in otherwise}
    assert len(cases) == 118 and 1 - len(wrong) / len(cases) >= 0.95


def test_the_lists_are_those_of_their_publishers(outside_data):
    spec = importlib.util.spec_from_file_location("known_hosts_tool", ROOT / "tools" / "known_hosts.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.KNOWN.read_text() == tool.known_hosts(outside_data / "referrers")
    assert tool.SPAM.read_text() == tool.spam_hosts(outside_data / "referrers")


def test_no_known_host_is_spam_but_two(outside_data):
    spam = (outside_data / "referrers" / "spammers.txt").read_text().split()
    assert all(hosts.is_spam(host) and hosts.is_spam(f"a.{host}") for host in spam)
    named = [host for host in spam if getattr(hosts.known(host), "kind", "") in ("assistant", "search")]
    assert len(named) < 25, named


@pytest.mark.parametrize(
    ("address", "term"),
    [
        ("https://www.google.com/search?q=friday+report", "friday report"),
        ("https://www.google.com/#q=friday%20report", "friday report"),
        ("https://www.google.com/", ""),
        ("https://1.cz/s/friday-report/", "friday-report"),
        ("https://chatgpt.com/?q=friday", ""),
        ("https://www.google.com/?" + "a=1&" * 300, ""),
    ],
)
def test_search_terms(address, term):
    assert hosts.search_term(address) == term


def test_the_page_of_ours_before_may_name_the_campaign():
    own = "https://northlight.example.com"
    found = touch(f"{own}/playbook/", f"{own}/pricing/?utm_source=google&utm_medium=cpc")
    assert (found.channel, found.landing_page) == (Channel.PAID_SEARCH, "/pricing/")
    found = touch(f"{own}/playbook/?utm_source=fb&utm_medium=cpc", f"{own}/?utm_source=google&utm_medium=cpc")
    assert (found.channel, found.landing_page) == (Channel.PAID_SOCIAL, "/playbook/")
    stranger = touch(f"{own}/playbook/", "https://partner.example.org/?utm_source=google&utm_medium=cpc")
    assert (stranger.channel, stranger.source) == (Channel.REFERRAL, "partner.example.org")


def test_a_form_in_a_frame_has_the_touch_of_the_page_around_it():
    around = quote("https://partner.example.org/offer?utm_source=google&utm_medium=cpc", safe="")
    found = touch(f"https://northlight.example.com/f/1/?hr_page={around}", "https://partner.example.org/")
    assert (found.channel, found.landing_page) == (Channel.PAID_SEARCH, "/offer")
    plain = quote("https://partner.example.org/offer", safe="")
    came = quote("https://www.google.com/", safe="")
    found = touch(f"https://northlight.example.com/f/1/?hr_page={plain}&hr_referrer={came}", "")
    assert (found.channel, found.landing_page) == (Channel.ORGANIC_SEARCH, "/offer")
    assert touch("https://northlight.example.com/?hr_page=javascript:1").landing_page == "/"


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


@given(host=st.text(max_size=80), path=text)
def test_any_host_is_one_thing_in_any_case_and_with_www(host, path):
    assert hosts.known(host, path) == hosts.known(host, path)
    if host == host.lower() and host.isascii() and not host.startswith("www."):
        assert hosts.known(host.upper(), path) == hosts.known(host, path) == hosts.known(f"www.{host}", path)
        assert hosts.is_spam(host.upper()) == hosts.is_spam(f"www.{host}")


@given(
    host=st.sampled_from(sorted(hosts.spam_hosts.HOSTS)),
    label=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
)
def test_spam_covers_what_is_below_it_and_not_what_only_ends_alike(host, label):
    assert hosts.is_spam(f"{label}.{host}")
    assert not hosts.is_spam(f"{host}.example.com")


@given(address=text, query=st.lists(st.tuples(st.sampled_from(["q", "mc_eid", "_kx", "gclid", "x"]), text)))
def test_any_address_has_a_term_and_marks_that_name_nobody(address, query):
    assert len(hosts.search_term(address)) <= 200
    written = urlencode(query)
    assert written == "" or len(hosts.search_term(f"https://www.google.de/search?{written}")) <= 200
    found = channels.marks(written).click_ids
    assert {found[name] for name in ("mc_eid", "_kx") if name in found} <= {"1"}
