"""The Segment shape, to the letter: what SDKs rely on and what their documentation promises."""

from __future__ import annotations

import base64
import json
import sqlite3
from dataclasses import replace

import pytest

from handraiser.collector import shapes
from handraiser.collector.app import Collector
from handraiser.collector.tests.test_collector import CHROME, NOW, PUBLIC, SECRET, Door, with_key

ANON = "anon-1234"


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def call(**fields):
    return {"type": "track", "event": "Paid", "anonymousId": ANON, **fields}


def batch(*calls, key=SECRET, **around):
    return with_key(key, {"batch": list(calls), **around}, "/v1/batch")


def sized(size: int) -> bytes:
    """A call whose JSON has exactly this many bytes."""
    empty = json.dumps(call(properties={"x": ""})).encode()
    return json.dumps(call(properties={"x": "y" * (size - len(empty))})).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic " + base64.b64encode(f"{SECRET}:".encode()).decode()},
        {"authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()},
        {"authorization": "basic " + base64.b64encode(f"{SECRET}:ignored".encode()).decode()},
        {"authorization": f"Bearer {SECRET}"},
        {"x-write-key": SECRET},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b", "/proxy/a.b/v1/batch", "/v1/batch/"])
def test_the_write_key_may_stand_in_the_header_or_in_the_body(door, headers, path):
    body = {"batch": [call()], "writeKey": SECRET if not headers else "masked***"}
    ((status, answer, _),) = door.send({"path": path, "body": body, "headers": headers})
    assert (status, answer) == (200, {"success": True, "taken": 1, "dropped": {}})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/track", "Paid"),
        ("/v1/t", "Paid"),
        ("/api/s/track", "Paid"),
        ("/x/api/s/track", "Paid"),
        ("/v1/screen", "screen Paid"),
        ("/v1/s", "screen Paid"),
        ("/v1/group", "group Paid"),
        ("/v1/g", "group Paid"),
        ("/v1/alias", "alias Paid"),
    ],
)
def test_the_address_says_the_type_if_the_call_does_not(door, path, name):
    door.send(with_key(SECRET, {"event": "Paid", "anonymousId": ANON}, path))
    assert [event.body["event"] for event in door.events()] == [name]


@pytest.mark.parametrize(
    ("who", "visitor"),
    [
        ({"anonymousId": ANON, "userId": None}, ANON),
        ({"anonymousId": None, "userId": "u1"}, "u_"),
        ({"anonymousId": "", "userId": 17}, "u_"),
        ({"userId": "u1"}, "u_"),
        ({"anonymousId": None, "userId": None}, None),
        ({}, None),
    ],
)
def test_user_or_anonymous_id_and_null_is_none(door, who, visitor):
    ((status, answer, _),) = door.send(with_key(SECRET, {"type": "track", "event": "Paid", **who}))
    assert status == 200
    if visitor is None:
        assert answer["dropped"] == {"no_subject": 1} and not door.events()
    else:
        assert door.events()[0].visitor.startswith(visitor)


def test_numbers_for_texts_are_taken_and_what_is_neither_counts_as_not_said(door):
    calls = [
        {"type": "track", "event": 7, "userId": 42, "anonymousId": ["a"], "context": {"page": {"url": 5}}},
        {"type": "track", "event": "7", "userId": "42", "context": {"page": [1], "userAgent": True}},
    ]
    ((status, *_),) = door.send(with_key(SECRET, {"batch": calls}, "/v1/batch"))
    first, second = door.events()
    assert status == 200 and first.visitor == second.visitor and first.visitor.startswith("u_")
    assert [one.body["event"] for one in (first, second)] == ["7", "7"]


def test_what_is_sent_again_is_known_by_its_message_id_alone(door):
    first = call(messageId="order-17", timestamp="2026-11-18T10:00:00Z")
    again = call(messageId="order-17", timestamp="2026-11-18T11:30:00Z")
    answers = door.send(batch(first, call(messageId="order-18")), batch(again), with_key(SECRET, again))
    assert [answer["taken"] for _, answer, _ in answers] == [2, 1, 1]
    assert len(door.events()) == 2
    assert (door.collector.figures.journal.stored, door.collector.figures.journal.known) == (2, 2)


@pytest.mark.parametrize(
    ("given", "time"),
    [
        ("node-next-1795294600472-650bd03d-b509-490e-9447-522cfaff1d30", 1795294600472),
        ("01a2009a-77d8-7e0b-8a67-a3e5e8f3b1c2", 0x01A2009A77D8),
        ("0fdef4b8-6d26-4bd2-9267-48a2045f1542", 0),
        ("order-17", 0),
    ],
)
def test_ids_that_hold_their_time_are_stored_in_its_order(given, time):
    assert shapes._message_id("k", given, shapes._time_in(given)).startswith(f"c{time:012x}")


@pytest.mark.parametrize("label", [{}, {"content-encoding": "gzip"}, {"content-type": "text/plain"}])
@pytest.mark.parametrize("packed", [True, False])
def test_gzip_is_looked_for_in_the_bytes_and_not_in_the_label(door, label, packed):
    body = json.dumps({"batch": [call()]}).encode()
    request = with_key(SECRET, shapes.pack(body) if packed else body, "/v1/batch", **label)
    assert [status for status, *_ in door.send(request)] == [200]
    assert len(door.events()) == 1


def test_an_event_may_have_32_kilobytes(door):
    whole, more = sized(32 * 1024), sized(32 * 1024 + 1)
    many = b'{"batch": [' + whole + b", " + more + b", " + json.dumps(call()).encode() + b"]}"
    answers = door.send(with_key(SECRET, whole), with_key(SECRET, more), with_key(SECRET, many, "/v1/batch"))
    # 400 is what Segment says: SDKs do not send that again.
    assert [status for status, *_ in answers] == [200, 400, 200]
    assert answers[1][1]["code"] == "too_large"
    assert (answers[2][1]["taken"], answers[2][1]["dropped"]) == (2, {"too_large": 1})


def test_a_batch_may_have_500_kilobytes(door):
    parts = b", ".join([sized(31_000)] * 16)
    shell = b'{"batch": [%s]}%s'
    room = 500 * 1024 - len(shell % (parts, b""))
    fits, more = shell % (parts, b" " * room), shell % (parts, b" " * (room + 1))
    answers = door.send(*[with_key(SECRET, body, "/v1/batch") for body in (fits, more, shapes.pack(more))])
    assert [status for status, *_ in answers] == [200, 400, 400]


def test_one_bad_event_harms_no_other(door):
    ((_, answer, _),) = door.send(
        batch(
            call(),
            17,
            None,
            "text",
            [],
            {},
            call(properties=[1]),
            call(context="x", traits=3),
            call(event=None),
        )
    )
    assert answer["taken"] == 3
    assert answer["dropped"] == {"malformed": 4, "unknown_type": 1, "no_name": 1}


def test_context_of_the_batch_counts_for_its_events(door):
    around = {
        "campaign": {"source": "news"},
        "page": {"url": "https://www.example.com/a/?x=1"},
        "userAgent": "curl/8",
    }
    own = call(type="page", context={"campaign": {"source": "own"}, "userAgent": CHROME})
    door.send(batch(call(type="page"), own, context=around))
    bodies = [event.body for event in door.events()]
    assert [body["utm"] for body in bodies] == [{"source": "news"}, {"source": "own"}]
    assert [body["bot"] for body in bodies] == ["user agent", ""]
    assert bodies[0]["url"] == "https://www.example.com/a/"


def test_a_batch_may_have_no_context(door):
    door.send(batch(call(type="page"), context=None))
    assert [(event.body["utm"], event.body["bot"]) for event in door.events()] == [({}, "")]


def test_a_page_cannot_speak_for_another_browser(door):
    said = call(type="page", context={"userAgent": CHROME})
    request = batch(said, key=PUBLIC)
    request["headers"]["user-agent"] = "curl/8.1"
    door.send(request)
    assert door.events()[0].body["bot"] == "user agent"


def test_clocks_that_are_wrong_are_set_right_by_sent_at(door):
    wrong = call(timestamp="2001-01-01T00:00:00Z")
    door.send(batch(wrong, sentAt="2001-01-01T00:00:10Z"))
    assert door.events()[0].occurred_at == int(NOW * 1000) - 10_000


def test_a_key_with_every_scope_may_collect(door):
    with sqlite3.connect(door.records) as db:
        db.execute("update staff_api_key set scopes = '[\"*\"]' where id = 'key_o'")
    ((status, *_),) = door.send(with_key("hr_reads_only", call()))
    assert status == 200


# --- other sites ----------------------------------------------------------------------------------------


def preflight(path: str, origin: str, asked: str = ""):
    headers = {"origin": origin, "access-control-request-method": "POST"}
    if asked:
        headers["access-control-request-headers"] = asked
    return {"path": path, "method": "OPTIONS", "headers": headers}


def test_browsers_of_other_sites_may_send_with_a_key(door):
    asked = "anonymousid, authorization, content-type"
    answers = door.send(preflight("/v1/track", "https://blog.example.net", asked))
    ((status, _, headers),) = answers
    assert (status, headers["access-control-allow-origin"]) == (204, "https://blog.example.net")
    assert headers["access-control-allow-headers"] == asked
    assert "POST" in headers["access-control-allow-methods"] and headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in headers


def test_our_tracker_is_for_configured_sites(door):
    own, other = door.send(
        preflight("/e", "https://eu.shop.example.com"), preflight("/e", "https://blog.example.net")
    )
    assert own[2]["access-control-allow-origin"] == "https://eu.shop.example.com"
    assert other[0] == 204 and not [name for name in other[2] if name.startswith("access-control")]


def test_refusals_can_be_read_by_the_page_that_was_refused(door):
    request = with_key("guess", call(), origin="https://blog.example.net")
    ((status, answer, headers),) = door.send(request)
    assert (status, answer["success"], answer["code"]) == (401, False, "no_key")
    assert headers["access-control-allow-origin"] == "https://blog.example.net"


# --- room -----------------------------------------------------------------------------------------------


def test_what_waits_is_bounded_in_bytes_too(tmp_path):
    door = Door(tmp_path)
    door.collector = Collector(replace(door.settings, capacity_bytes=20))
    ((status, answer, headers),) = door.send(batch(call()))
    assert (status, answer["code"], headers["retry-after"]) == (503, "busy", "2")
    assert door.collector.figures.dropped == {"busy": 1}
    assert door.collector.figures.journal.refused == 1
