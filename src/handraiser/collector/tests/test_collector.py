"""The door, asked in-process, with a real journal and real records."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sqlite3
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handraiser.collector.app import Collector, Settings
from handraiser.collector.buffer import Buffer, NotStored
from handraiser.collector.limits import Buckets
from handraiser.collector.records import Records
from handraiser.collector.shapes import pack
from handraiser.collector.steps import SENTENCES, Reason
from handraiser.collector.visitors import Visitors
from handraiser.core.journal.store import SqliteStore
from handraiser.kit.envelope import Event

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
BROWSER_ID = "b_" + "0123456789abcdef" * 2
SECRET, PUBLIC, OTHER = "hr_secret_key", "hr_public_key", "hr_reads_only"
NOW = 1_795_000_000.0


@dataclass
class Door:
    """A collector with its stores, and a client for it."""

    home: Path
    collector: Collector = field(init=False)
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.records = self.home / "records.sqlite3"
        self.journal = self.home / "journal.sqlite3"
        with sqlite3.connect(self.records) as db:
            db.executescript(
                """
                create table staff_api_key(id text, hash text, scopes text, public bool, revoked_at text);
                create table attract_identification(message_id text primary key, key_id text, trusted bool,
                    visitor text, user_id text, traits text, identified_at text, received_at text,
                    applied_at text, person_id text, error text);
                """
            )
            for name, text, scopes, public in (
                ("key_s", SECRET, ["collect"], False),
                ("key_p", PUBLIC, ["collect"], True),
                ("key_o", OTHER, ["leads:read"], False),
            ):
                digest = hashlib.sha256(text.encode()).hexdigest()
                db.execute(
                    "insert into staff_api_key values(?,?,?,?,null)",
                    (name, digest, json.dumps(scopes), public),
                )
        self.settings = Settings(
            open_journal=self.open,
            records=Records(path=self.records),
            home=self.home,
            secret="s" * 40,
            hosts=["site.example.com", ".shop.example.com"],
            trusted_proxies=["10.0.0.0/8"],
            clock=lambda: NOW,
            burst=1000,
        )
        self.collector = Collector(self.settings)

    def open(self) -> SqliteStore:
        store = SqliteStore(self.journal)
        store.prepare()
        return store

    def events(self) -> list[Event]:
        return self.open().read(after=0, limit=10_000)

    def send(self, *requests: dict[str, Any]) -> list[tuple[int, dict[str, Any], dict[str, str]]]:
        """Send requests at the same time, then shut the door; answers in order."""

        async def run():
            answers = await asyncio.gather(*(self.one(**request) for request in requests))
            await self.collector.close()
            return answers

        return asyncio.run(run())

    async def one(
        self,
        path: str = "/e",
        body: Any = b"",
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        client: str = "203.0.113.7",
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {"host": "site.example.com", "user-agent": CHROME, **(headers or {})}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in names.items()],
            "client": (client, 1),
        }
        sent: list[dict[str, Any]] = []

        async def receive():
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message):
            sent.append(message)

        await self.collector(scope, receive, send)
        answer = json.loads(sent[1]["body"] or b"{}")
        return sent[0]["status"], answer, {k.decode(): v.decode() for k, v in sent[0]["headers"]}


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


def page(number: int = 0, **fields) -> dict[str, Any]:
    return {
        "k": "page",
        "i": f"m{number}",
        "a": NOW * 1000,
        "u": "https://site.example.com/pricing/",
        **fields,
    }


def hits(*events, **fields) -> dict[str, Any]:
    return {"body": {"s": NOW * 1000, "e": list(events or [page()]), **fields}}


def with_key(key: str, body: Any, path: str = "/v1/track", **headers) -> dict[str, Any]:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    return {"path": path, "body": body, "headers": {"authorization": f"Basic {basic}", **headers}}


# --- our own tracker ----------------------------------------------------------------------------------


def test_a_page_view_is_stored_when_it_is_acknowledged(door):
    url = "https://site.example.com/playbook/?utm_source=google&utm_medium=cpc&gclid=x1&email=ana@example.com"
    ((status, answer, _),) = door.send(
        hits(page(u=url, t="Get your Fridays back", r="https://google.com/?q=a"))
    )
    assert (status, answer["taken"]) == (200, 1)
    (event,) = door.events()
    assert event.name == "attract.page_viewed"
    assert event.visitor.startswith("v_")
    assert event.body == {
        "url": "https://site.example.com/playbook/",
        "path": "/playbook/",
        "title": "Get your Fridays back",
        "referrer": "https://google.com/",
        "consent": False,
        "bot": "",
        "utm": {"source": "google", "medium": "cpc"},
        "click_ids": {"gclid": "x1"},
        "term": "a",
    }


def test_beacons_send_text_plain(door):
    request = hits()
    request["headers"] = {"content-type": "text/plain;charset=UTF-8", "origin": "https://site.example.com"}
    assert door.send(request)[0][0] == 200


def test_sent_twice_stored_once(door):
    door.send(hits(page(1), page(2)), hits(page(1)))
    assert len(door.events()) == 2


def test_the_browsers_wrong_clock_does_not_matter(door):
    wrong = 1_000_000_000_000.0
    door.send({"body": {"s": wrong + 5000, "e": [page(a=wrong)]}})
    assert door.events()[0].occurred_at == int(NOW * 1000) - 5000


def test_own_id_only_with_consent(door):
    door.send(hits(page(1), v=BROWSER_ID, c=1), hits(page(2), v=BROWSER_ID), hits(page(3), v="b_forged", c=1))
    visitors = [(event.visitor == BROWSER_ID, event.body["consent"]) for event in door.events()]
    assert visitors == [(True, True), (False, False), (False, False)]


@pytest.mark.parametrize("how", ["sec-gpc", "dnt", "g"])
def test_who_asks_not_to_be_followed_is_nobody(door, how):
    said = {"g": 1} if how == "g" else {}
    request = hits(page(u="https://site.example.com/?utm_source=x&gclid=1"), v=BROWSER_ID, c=1, **said)
    request["headers"] = {how: "1"}
    door.send(request)
    (event,) = door.events()
    assert (event.visitor, event.body["consent"], event.body["click_ids"]) == (None, False, {})
    assert event.body["utm"] == {"source": "x"}


@pytest.mark.parametrize(
    ("agent", "bot"),
    [
        (CHROME, ""),
        (CHROME.replace("Chrome", "HeadlessChrome"), "headless browser"),
        ("curl/8.1", "user agent"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "user agent"),
        ("", "no user agent"),
    ],
)
def test_machines_are_marked_and_stored(door, agent, bot):
    request = hits()
    request["headers"] = {"user-agent": agent}
    door.send(request)
    assert [event.body["bot"] for event in door.events()] == [bot]


def test_foreign_origins_and_pages_are_refused(door):
    foreign = hits()
    foreign["headers"] = {"origin": "https://evil.example.org"}
    other_page = hits(page(u="https://evil.example.org/"))
    other_host = hits()
    other_host["headers"] = {"host": "evil.example.org"}
    shop = hits(page(u="https://eu.shop.example.com/cart"))
    shop["headers"] = {"origin": "https://eu.shop.example.com"}
    answers = door.send(foreign, other_page, other_host, shop)
    assert [status for status, _, _ in answers] == [403, 200, 403, 200]
    assert answers[1][1]["dropped"] == {"foreign_page": 1}
    assert answers[3][2]["access-control-allow-origin"] == "https://eu.shop.example.com"
    assert len(door.events()) == 1


def test_product_events_cannot_be_claimed(door):
    forged = {"k": "track", "i": "x", "n": "capture.form_submitted", "u": "https://site.example.com/"}
    ((_, answer, _),) = door.send(hits(forged))
    assert answer["dropped"] == {"reserved_name": 1}


def test_personal_properties_are_left_out(door):
    event = {
        "k": "track",
        "i": "x",
        "n": "Signed up",
        "u": "https://site.example.com/",
        "p": {"plan": "team", "userEmail": "ana@example.com", "note": "mail ana@example.com", "seats": 3,
              "caller": "+44 20 7946 0958", "plan_name": "Team", "deep": {"phone": 1}},
    }  # fmt: skip
    door.send(hits(event))
    (stored,) = door.events()
    assert stored.body["properties"] == {
        "plan": "team",
        "seats": 3,
        "plan_name": "Team",
        "left_out": ["userEmail", "note", "caller", "deep"],
        "path": "/",
    }
    assert "ana@example.com" not in door.journal.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"body": b"not json"}, 400),
        ({"body": b'{"e": 1}'}, 400),
        ({"body": b"\xff\xfe"}, 400),
        ({"body": b"[" * 100_000}, 400),
        ({"body": b"x" * (500 * 1024 + 1)}, 413),
        ({"body": pack(b" " * 600_000)}, 413),
        ({"body": pack(b"{}")[:12]}, 400),
        ({"method": "GET"}, 405),
        ({"method": "OPTIONS"}, 204),
        ({"path": "/v1/track", "body": {"event": "a"}}, 401),
        (with_key("guess", {"event": "a"}), 401),
        (with_key(OTHER, {"event": "a", "anonymousId": "anon-1234"}), 401),
        (with_key(PUBLIC, {"batch": []}, "/v1/import"), 403),
        (with_key(SECRET, {"batch": 1}, "/v1/batch"), 400),
        (with_key(SECRET, [1], "/v1/track"), 400),
    ],
)
def test_what_cannot_be_taken_says_why(door, request_, status):
    ((got, answer, _),) = door.send(request_)
    assert got == status
    if status not in (204, 405):
        assert answer["message"] in SENTENCES.values()


def test_a_large_event_is_dropped_and_the_others_stay(door):
    large = {"k": "track", "i": "l", "n": "Big", "u": "https://site.example.com/", "p": {"x": "y" * 40_000}}
    ((_, answer, _),) = door.send(hits(large, page()))
    assert (answer["taken"], answer["dropped"]) == (1, {"too_large": 1})


def test_refusals_are_counted_by_day(door):
    door.send(*[{"body": b"x"}] * 3, hits(page(u="https://evil.example.org/")))
    with sqlite3.connect(door.journal) as db:
        rows = db.execute("select day * 86400, name, reason, n from dropped order by reason").fetchall()
    day = int(datetime(2026, 11, 18, tzinfo=UTC).timestamp())
    assert rows == [(day, "attract.page_viewed", "foreign_page", 1), (day, "", "malformed", 3)]


def test_addresses_are_limited(tmp_path):
    door = Door(tmp_path)
    door.collector = Collector(replace(door.settings, burst=5, per_second=1))
    others = [{**hits(page(100)), "client": "203.0.113.99"}]
    answers = door.send(*[hits(page(number)) for number in range(8)], *others)
    assert [status for status, _, _ in answers] == [200] * 5 + [429] * 3 + [200]
    assert answers[5][2]["retry-after"] == "2"


def test_forwarded_addresses_are_believed_from_proxies_only(tmp_path):
    door = Door(tmp_path)
    door.collector = Collector(replace(door.settings, burst=1, per_second=0.01))
    requests = []
    for number, (client, forwarded) in enumerate(
        [
            ("10.0.0.1", "198.51.100.1"),
            ("10.0.0.1", "198.51.100.2"),
            ("203.0.113.7", "a"),
            ("203.0.113.7", "b"),
        ]
    ):
        requests.append({**hits(page(number)), "client": client, "headers": {"x-forwarded-for": forwarded}})
    assert [status for status, _, _ in door.send(*requests)] == [200, 200, 200, 429]


# --- the Segment shape --------------------------------------------------------------------------------


def test_real_sdks_are_taken_unchanged_and_a_replay_adds_nothing(tmp_path, outside_data):
    files = sorted((outside_data / "tracking").glob("*.json"))
    assert len(files) == 10
    requests, expected = [], 0
    for file in files:
        case = json.loads(file.read_text())
        names = {name.lower(): value for name, value in case["request"]["headers"]}
        names.pop("authorization", None)
        names["x-write-key"] = SECRET
        body = base64.b64decode(case["request"]["body_base64"])
        requests.append({"path": case["request"]["path"], "body": body, "headers": names})
        expected += len(case["body_json"].get("batch", [1]))
    door = Door(tmp_path)
    assert all(door.collector.takes(request["path"]) for request in requests)
    assert [status for status, _, _ in door.send(*requests)] == [200] * 10
    assert len(door.events()) == expected
    again = Door.__new__(Door)
    again.home, again.records, again.journal = door.home, door.records, door.journal
    again.settings, again.collector = door.settings, Collector(door.settings)
    again.send(*requests)
    assert len(door.events()) == expected
    assert b"a@b.c" not in door.journal.read_bytes()


def test_traits_go_to_records_and_their_names_to_the_journal(door):
    call = {"type": "identify", "anonymousId": "anon-1234", "userId": "u1", "messageId": "i1",
            "traits": {"email": "ana@example.com", "plan": "team"}}  # fmt: skip
    answers = door.send(
        with_key(SECRET, call, "/v1/identify"), with_key(PUBLIC, {**call, "messageId": "i2"}, "/v1/identify")
    )
    assert [status for status, _, _ in answers] == [200, 200]
    with sqlite3.connect(door.records) as db:
        rows = db.execute(
            "select trusted, traits from attract_identification order by trusted desc"
        ).fetchall()
    assert [row[0] for row in rows] == [1, 0]
    assert json.loads(rows[0][1])["email"] == "ana@example.com"
    assert [event.body["properties"] for event in door.events()] == [{"traits": ["email", "plan"]}] * 2
    assert b"ana@example.com" not in door.journal.read_bytes()


def test_public_keys_may_do_less(door):
    calls = [
        ("track", {"event": "Played", "anonymousId": "anon-1234"}, None),
        ("page", {"name": "Home", "anonymousId": "anon-1234"}, None),
        ("track", {"event": "convert.deal_won", "anonymousId": "anon-1234"}, "reserved_name"),
        ("group", {"groupId": "g", "anonymousId": "anon-1234"}, "not_for_public_keys"),
        ("track", {"event": "Played", "userId": "u1"}, "no_subject"),
        ("track", {"anonymousId": "anon-1234"}, "no_name"),
    ]
    answers = door.send(*[with_key(PUBLIC, body, f"/v1/{verb}") for verb, body, _ in calls])
    assert [list(answer["dropped"]) for _, answer, _ in answers] == [
        [why] if why else [] for *_, why in calls
    ]


def test_user_ids_reach_the_journal_as_a_hash(door):
    door.send(with_key(SECRET, {"event": "Paid", "userId": "ana@example.com"}))
    (event,) = door.events()
    assert event.visitor.startswith("u_") and "ana" not in event.visitor


def test_one_senders_message_ids_do_not_shadow_anothers(door):
    body = {"event": "Paid", "anonymousId": "anon-1234", "messageId": "same"}
    door.send(with_key(SECRET, body), with_key(PUBLIC, body))
    assert len(door.events()) == 2


def test_imports_keep_their_times(door):
    old = {"type": "track", "event": "Paid", "anonymousId": "anon-1234", "timestamp": "2020-01-02T03:04:05Z"}
    door.send(with_key(SECRET, {"batch": [old], "sentAt": "2020-06-01T00:00:00Z"}, "/v1/import"))
    assert door.events()[0].occurred_at == 1_577_934_245_000


# --- keeping what was acknowledged ---------------------------------------------------------------------


class Broken(SqliteStore):
    """A journal whose disk fails for a while."""

    failing = True

    def append(self, events, *, patient=True):
        if Broken.failing:
            raise OSError("no space left on device")
        return super().append(events)


def test_a_failing_store_is_never_acknowledged_and_heals(tmp_path):
    door = Door(tmp_path)

    def open_broken():
        store = Broken(door.journal)
        store.prepare()
        return store

    door.collector = Collector(replace(door.settings, open_journal=open_broken))

    async def run():
        Broken.failing = True
        first = await door.one(**hits(page(1)))
        Broken.failing = False
        second = await door.one(**hits(page(1)))
        await door.collector.close()
        return first, second

    (first, answer, headers), (second, _, _) = asyncio.run(run())
    assert (first, second) == (503, 200)
    assert headers["retry-after"] == "2" and answer["code"] == Reason.NOT_STORED
    assert len(door.events()) == 1


def test_more_than_may_wait_is_refused(tmp_path):
    door = Door(tmp_path)
    gate = threading.Event()

    class Slow(SqliteStore):
        def append(self, events, *, patient=True):
            gate.wait(5)
            return super().append(events)

    def open_slow():
        store = Slow(door.journal)
        store.prepare()
        return store

    door.collector = Collector(replace(door.settings, open_journal=open_slow, capacity=10))

    async def run():
        sent = [asyncio.create_task(door.one(**hits(page(number)))) for number in range(15)]
        await asyncio.sleep(0.2)
        gate.set()
        answers = await asyncio.gather(*sent)
        await door.collector.close()
        return [status for status, _, _ in answers]

    statuses = asyncio.run(run())
    assert statuses.count(200) == 10 and statuses.count(503) == 5
    assert len(door.events()) == 10


def test_requests_share_commits(tmp_path):
    commits = []

    class Counting(SqliteStore):
        def append(self, events, *, patient=True):
            commits.append(len(events))
            return super().append(events)

    def open_counting():
        store = Counting(tmp_path / "j.sqlite3")
        store.prepare()
        return store

    async def run():
        buffer = Buffer(open_counting)
        events = [Event(message_id=f"m{n}", name="x", occurred_at=1, received_at=1) for n in range(200)]
        await asyncio.gather(*(buffer.add([event]) for event in events))
        await buffer.close()

    asyncio.run(run())
    assert sum(commits) == 200 and len(commits) < 10


def test_the_days_salt_ends_with_the_day(tmp_path):
    visitors = Visitors(tmp_path, "secret")
    who = {"address": "203.0.113.7", "user_agent": CHROME, "host": "site.example.com"}
    day = 86_400_000
    today, later, tomorrow = (visitors.cookieless(at_ms=at, **who) for at in (0, 5000, day))
    assert today == later != tomorrow
    assert Visitors(tmp_path, "secret").cookieless(at_ms=day, **who) == tomorrow
    visitors.cookieless(at_ms=2 * day, **who)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1970-01-02", "1970-01-03"]
    one = visitors.cookieless(address="2001:db8::1", user_agent=CHROME, host="h", at_ms=0)
    assert one == visitors.cookieless(address="2001:db8::ffff", user_agent=CHROME, host="h", at_ms=0)


def test_buckets_refill():
    buckets = Buckets(burst=2, per_second=1)
    assert [buckets.take("a", now=0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("a", now=1.0) and not buckets.take("a", now=1.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    "e", "s", "v", "c", "batch", "type", "event", "userId", "anonymousId", "messageId", "timestamp", "sentAt",
    "context", "properties", "traits", "writeKey",
)  # fmt: skip
shaped = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, json_values))


@settings(max_examples=60, deadline=None)
@given(body=shaped, path=st.sampled_from(["/e", "/v1/batch", "/v1/track", "/v1/identify", "/x/v1/page"]))
def test_no_body_breaks_the_door(tmp_path_factory, body, path):
    door = Door(tmp_path_factory.mktemp("door"))
    data = json.dumps(body, allow_nan=False, default=str).encode() if _plain(body) else repr(body).encode()
    ((status, _, _),) = door.send(with_key(SECRET, data, path))
    assert status in (200, 400, 401, 413)


def _plain(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def test_alone_it_commits_what_arrives_together_and_reads_on_while_another_writes(tmp_path):
    threads = []
    asked = 0

    class Noting(SqliteStore):
        def append(self, events, *, patient=True):
            nonlocal asked
            asked += 1
            new = super().append(events, patient=patient)
            threads.append((threading.current_thread() is threading.main_thread(), new))
            return new

    def open_noting():
        store = Noting(tmp_path / "j.sqlite3")
        store.prepare()
        return store

    events = [Event(message_id=f"m{n}", name="x", occurred_at=1, received_at=1) for n in range(70)]

    async def run():
        buffer = Buffer(open_noting, alone=True)
        await asyncio.gather(*(buffer.add([event]) for event in events[:30]))
        other = sqlite3.connect(tmp_path / "j.sqlite3", isolation_level=None)
        other.execute("begin immediate")
        waiting = [asyncio.create_task(buffer.add([event])) for event in events[30:60]]
        while asked < 4:
            await asyncio.sleep(0)
        waiting += [asyncio.create_task(buffer.add([event])) for event in events[60:]]
        while asked < 5:
            await asyncio.sleep(0)
        assert buffer.held == 40 and not any(task.done() for task in waiting)
        other.execute("rollback")
        other.close()
        await asyncio.gather(*waiting)
        await buffer.close()

    asyncio.run(run())
    assert threads == [(True, 30), (True, 40)]


def test_alone_it_gives_up_when_another_writes_for_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("handraiser.collector.buffer.PATIENCE_SECONDS", 0.0)

    def open_journal():
        store = SqliteStore(tmp_path / "j.sqlite3")
        store.prepare()
        return store

    async def run():
        buffer = Buffer(open_journal, alone=True)
        await buffer.add([Event(message_id="m1", name="x", occurred_at=1, received_at=1)])
        other = sqlite3.connect(tmp_path / "j.sqlite3", isolation_level=None)
        other.execute("begin immediate")
        late = Event(message_id="m2", name="x", occurred_at=1, received_at=1)
        with pytest.raises(NotStored):
            await buffer.add([late])
        other.execute("rollback")
        other.close()
        await buffer.add([late])
        await buffer.close()
        return buffer.figures

    figures = asyncio.run(run())
    assert (figures.stored, figures.failed) == (2, 1)
