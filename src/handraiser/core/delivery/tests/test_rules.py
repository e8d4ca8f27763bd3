from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handraiser.core.delivery.rules import machines, personalise, replies, suppress

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
names = st.text(max_size=40)


@given(names)
def test_a_value_never_adds_a_line_or_a_link(name):
    [block] = personalise.compose("Hi {{ first_name|there }}!", {"first_name": name})
    assert len(block.spans) == 1 and block.spans[0].url == ""
    assert "\n" not in block.spans[0].text and "\r" not in block.spans[0].text


@given(st.text(max_size=200))
def test_any_body_can_be_parsed_and_links_lead_to_the_web_only(body):
    for block in personalise.parse(body):
        for span in block.spans:
            assert not span.url or personalise._safe(span.url)


def test_a_blank_value_gives_the_fallback():
    assert personalise.fill("Hi {{ first_name|there }}", {"first_name": "  "}) == "Hi there"
    assert personalise.fill("Hi {{first_name}}", {"first_name": "Leila"}) == "Hi Leila"


def test_a_value_in_an_address_is_quoted():
    [block] = personalise.compose(
        "[Go](https://a.example.com/?c={{ company }})", {"company": "Maple & Rye/1"}
    )
    assert block.spans[0].url == "https://a.example.com/?c=Maple%20%26%20Rye%2F1"


def test_a_link_alone_is_a_button():
    [first, second] = personalise.parse("[Book](/book)\n\nor [write](mailto:a@example.com)")
    assert first.button and not second.button


def test_problems_are_said_before_sending():
    body = "Hi {{ frist_name }} {{ open [x](javascript:alert(1)) [y](javascript:alert)"
    found = personalise.problems(body, {"first_name"})
    assert len(found) == 3
    assert personalise.without_fallback("{{ a }} {{ b|c }}") == {"a"}


@given(
    st.sampled_from(["marketing", "transactional", "system", "notice"]),
    st.dictionaries(st.sampled_from(["all", "marketing"]), st.sampled_from(["unsubscribed", "erased"])),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_marketing_goes_out_only_if_everything_allows_it(purpose, listed, may, sender, postal):
    facts = suppress.Facts(
        purpose=purpose,
        address="a@example.com",
        suppressed=listed,
        may_market=may,
        has_sender=sender,
        carries_postal_address=postal,
    )
    allowed = suppress.refusal(facts) is None
    if purpose == "marketing":
        assert allowed == (not listed and may and sender and postal)
    elif purpose == "transactional":
        assert allowed == ("all" not in listed)
    else:
        assert allowed


def test_every_reason_has_its_sentence():
    assert set(suppress.SENTENCES) == set(suppress.SHORT) == set(suppress.Reason)


def test_replies():
    assert replies.judge(250, "ok", step="DATA").outcome == "sent"
    assert replies.judge(451, "4.7.1", step="RCPT").outcome == "later"
    assert replies.judge(550, "5.1.1 unknown", step="RCPT") == replies.Verdict("failed", hard=True)
    assert replies.judge(550, "5.1.1 unknown", step="DATA") == replies.Verdict("failed")
    assert replies.judge(552, "5.2.2 mailbox full", step="RCPT") == replies.Verdict("failed")
    assert replies.judge(550, "relaying denied", step="MAIL").outcome == "trouble"


def test_retries_end():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    waits = [replies.next_try(n, at) for n in range(1, 9)]
    assert waits[0] == at + timedelta(minutes=5) and waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1])


def test_haste_and_bursts_are_machines():
    seen = {"kind": "clicked", "method": "GET", "user_agent": FIREFOX}
    assert machines.machine(**seen, since_sent=1.0) == "too fast"
    assert machines.machine(**seen, since_sent=600.0, since_other_link=0.4) == "all links at once"
    assert machines.machine(**seen, since_sent=600.0, since_other_link=30.0) == ""
    assert machines.machine(**seen, since_sent=None) == ""
    assert machines.machine(**seen, since_sent=600.0, prefetch=True) == "prefetch"
