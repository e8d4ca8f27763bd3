"""Machines and made-up visits, told at the door: marked with reasons, or dropped with one."""

from __future__ import annotations

import ipaddress
import sqlite3
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handraiser.attract.rules import hosts, known_hosts
from handraiser.collector import bots
from handraiser.collector.bots import Judge, Networks
from handraiser.collector.shapes import Hit, Sender
from handraiser.collector.tests.test_collector import (
    BROWSER_ID,
    CHROME,
    NOW,
    SECRET,
    Door,
    hits,
    page,
    with_key,
)
from handraiser.kit.visitors import TRAP_PATH

RANGES = "# rented machines\n198.51.100.0/24  # one firm\n2001:db8:7::/48\n198.51.100.128/25\nnonsense\n"


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def verdicts(door: Door) -> list[str]:
    return [event.body["bot"] for event in door.events()]


# --- the network -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "bot"),
    [
        ("198.51.100.9", "data centre"),
        ("198.51.101.0", ""),
        ("198.51.99.255", ""),
        ("2001:db8:7:ffff::1", "data centre"),
        ("2001:db8:8::", ""),
        ("::ffff:198.51.100.9", "data centre"),
        ("no address", ""),
    ],
)
def test_addresses_of_data_centres_are_marked(door, address, bot):
    (door.home / "data-centres.txt").write_text(RANGES)
    door.send({**hits(), "client": address})
    assert verdicts(door) == [bot]


def test_all_reasons_are_told(door):
    (door.home / "data-centres.txt").write_text(RANGES)
    door.send({**hits(), "client": "198.51.100.9", "headers": {"user-agent": "curl/8.1"}})
    assert verdicts(door) == ["user agent, data centre"]


def test_servers_may_stand_in_data_centres(door):
    (door.home / "data-centres.txt").write_text(RANGES)
    door.send(
        {**with_key(SECRET, {"userId": "u1", "event": "Paid", "messageId": "1"}), "client": "198.51.100.9"}
    )
    assert verdicts(door) == [""]


def test_the_file_may_change_while_the_collector_runs(tmp_path):
    now = [0.0]
    networks = Networks(tmp_path / "ranges.txt", clock=lambda: now[0])
    assert "192.0.2.1" not in networks
    (tmp_path / "ranges.txt").write_text("192.0.2.0/24\n")
    assert "192.0.2.1" not in networks  # looked at a moment ago
    now[0] = 61
    assert "192.0.2.1" in networks
    (tmp_path / "ranges.txt").unlink()
    now[0] = 122
    assert "192.0.2.1" not in networks


v4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
v6 = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)
networks_of = st.one_of(st.tuples(v4, st.integers(0, 32)), st.tuples(v6, st.integers(0, 128))).map(
    lambda one: ipaddress.ip_network(f"{one[0]}/{one[1]}", strict=False)
)


@given(ranges=st.lists(networks_of, max_size=20), address=st.one_of(v4, v6), inside=st.integers(0))
def test_the_lookup_agrees_with_asking_every_range(tmp_path_factory, ranges, address, inside):
    file = tmp_path_factory.mktemp("ranges") / "ranges.txt"
    file.write_text("\n".join(map(str, ranges)))
    networks = Networks(file)
    asked = [address, *(one[inside % one.num_addresses] for one in ranges)]
    for one in asked:
        if isinstance(one, ipaddress.IPv6Address) and one.ipv4_mapped:
            continue
        assert (str(one) in networks) == any(one in many for many in ranges if many.version == one.version)


# --- the conduct -------------------------------------------------------------------------------------


def hit(
    number: int, *, visitor: str = BROWSER_ID, at: int = 0, url: str = "https://site.example.com/"
) -> Hit:
    moment = int(NOW * 1000) // 60_000 * 60_000 + at
    return Hit(
        "page", f"m{number}", moment, moment, Sender("203.0.113.7", CHROME, "site"), url=url, visitor=visitor
    )


def test_more_pages_a_minute_than_anybody_reads():
    judge = Judge()
    marks = [judge.by_conduct(hit(number, at=number * 1000)).bot for number in range(50)]
    assert marks == [""] * bots.MOST_OF_ONE + ["too quick"] * 10
    assert judge.by_conduct(hit(99, at=3_600_000)).bot == "too quick"
    assert judge.by_conduct(hit(99, visitor="b_" + "9" * 32)).bot == ""
    assert judge.by_conduct(hit(99, at=2 * 86_400_000)).bot == ""


def test_an_address_that_many_share_may_be_quicker():
    judge = Judge()
    marks = {judge.by_conduct(hit(number, visitor="v_class", at=number * 400)).bot for number in range(100)}
    assert marks == {""}


def test_a_calm_reader_is_never_too_quick():
    judge = Judge()
    marks = {judge.by_conduct(hit(number, at=number * 2_000)).bot for number in range(500)}
    assert marks == {""}


def test_what_a_judge_remembers_is_bounded():
    judge = Judge()
    for number in range(bots._MOST_REMEMBERED + 50):
        judge.by_conduct(hit(number, visitor=f"v_{number}"))
    assert len(judge._pages) == bots._MOST_REMEMBERED


def test_who_follows_the_hidden_link_is_a_machine_from_then_on(door):
    trap = "https://site.example.com" + TRAP_PATH
    door.send(hits(page(1), page(2, u=trap + "?x=1"), page(3), v=BROWSER_ID, c=1))
    assert verdicts(door) == ["", "honeypot link", "honeypot link"]


# --- spam --------------------------------------------------------------------------------------------


def refused(door: Door) -> dict[str, int]:
    with sqlite3.connect(door.journal) as db:
        return dict(db.execute("select reason, n from dropped"))


def test_every_spam_referrer_is_dropped_and_counted(door, outside_data):
    spam = (outside_data / "referrers" / "spammers.txt").read_text().split()
    events = [page(number, r=f"http://www.{host}/x?y={quote(host)}") for number, host in enumerate(spam)]
    ((status, answer, _),) = door.send(hits(*events))
    assert (status, answer["taken"], answer["dropped"]) == (200, 0, {"spam_referrer": len(spam)})
    assert refused(door) == {"spam_referrer": len(spam)} and door.events() == []


def test_of_known_hosts_only_the_two_are_dropped(door):
    lists = known_hosts.SEARCH, known_hosts.SOCIAL, known_hosts.ASSISTANTS
    named = {
        entry.split("/")[0].replace("{}", "de")
        for text in lists
        for line in text.splitlines()
        if line.startswith("  ") and not line.startswith("  ?")
        for entry in line.split()
    }
    events = [page(number, r=f"https://{host}/") for number, host in enumerate(sorted(named))]
    door.send(hits(*events))
    kept = {hosts.normal(event.body["referrer"].split("/")[2]) for event in door.events()}
    assert named - kept == {"search.fbdownloader.com", "search.iminent.com"}
    assert refused(door) == {"spam_referrer": 2}


# --- campaigns ---------------------------------------------------------------------------------------


def test_what_names_a_person_in_anothers_books_is_not_kept(door):
    url = "https://site.example.com/?mc_eid=5eab1&_kx=zz9&GCLID=a&ScCid=b&gad_source=1"
    door.send(hits(page(u=url)))
    (event,) = door.events()
    assert event.body["click_ids"] == {
        "mc_eid": "1",
        "_kx": "1",
        "gclid": "a",
        "scid": "b",
        "gad_source": "1",
    }


@pytest.mark.parametrize(
    ("referrer", "term"),
    [
        ("https://www.ecosia.org/search?q=friday+reports", "friday reports"),
        ("https://www.google.com/", None),
        ("https://www.bing.com/search?q=ana%40example.com", None),
        ("https://partner.example.org/?q=friday", None),
    ],
)
def test_search_terms_are_kept_where_engines_still_tell_and_nobody_is_named(door, referrer, term):
    door.send(hits(page(r=referrer)))
    (event,) = door.events()
    assert event.body.get("term") == term and "?" not in event.body["referrer"]


def test_a_frame_speaks_of_the_page_around_it(door):
    around = "https://partner.example.org/offer?utm_source=partner&utm_campaign=fridays&email=ana@example.com"
    came = quote("https://www.bing.com/")
    url = f"https://site.example.com/forms/f1/?hr_page={quote(around, safe='')}&hr_referrer={came}"
    door.send(hits(page(u=url, r="https://partner.example.org/")))
    (event,) = door.events()
    assert event.body["utm"] == {"source": "partner", "campaign": "fridays"}
    assert (event.body["url"], event.body["referrer"]) == (
        "https://site.example.com/forms/f1/",
        "https://www.bing.com/",
    )


def test_an_address_with_too_many_fields_is_taken_without_them(door):
    door.send(hits(page(u="https://site.example.com/?" + "a=1&" * 400)))
    assert [event.body["utm"] for event in door.events()] == [{}]
