"""A full disk and dead databases, real ones: 503, nothing acknowledged is lost, and it heals by itself."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import resource
import secrets
import shutil
import sqlite3
from dataclasses import replace

import pytest

from handraiser.collector.app import Collector
from handraiser.collector.records import Records
from handraiser.collector.shapes import _message_id
from handraiser.collector.tests.test_collector import SECRET, Door, hits, page, with_key
from handraiser.collector.tests.test_kill import AGENT, NOW, _free_port, _start
from handraiser.core.journal.store import SqliteStore, open_store
from tests import postgres


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    port = _free_port()
    process = _start(tmp_path, port)
    acknowledged: set[str] = set()
    refused: list[list[str]] = []

    def send(names: list[str]) -> int:
        events = [
            {
                "k": "track",
                "i": name,
                "a": NOW,
                "n": "Filled",
                "u": "http://127.0.0.1/",
                "p": {"x": "y" * 500},
            }
            for name in names
        ]
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        line.request("POST", "/e", json.dumps({"s": NOW, "e": events}), AGENT)
        answer = line.getresponse()
        answer.read()
        line.close()
        if answer.status == 200:
            acknowledged.update(names)
        else:
            assert answer.status == 503 and answer.headers["retry-after"]
            refused.append(names)
        return answer.status

    try:
        assert send(["first"]) == 200
        # No file of this process may grow beyond this any more: its disk is full.
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, hard))
        for turn in range(60):
            send([f"{turn}-{part}" for part in range(20)])
        assert refused, "the disk was never full"
        assert send(["while full", *[f"more-{part}" for part in range(600)]]) == 503
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        for names in list(refused):
            assert send(names) == 200
    finally:
        process.kill()
        process.wait()
    store = SqliteStore(tmp_path / "journal.sqlite3")
    stored = [event.message_id for event in store.read(after=0, limit=10**6)]
    assert len(stored) == len(set(stored)) == len(acknowledged)
    assert {_message_id("e", name, NOW) for name in acknowledged} == set(stored)
    assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_journal_that_may_not_grow_answers_503_until_it_may(tmp_path):
    door, pages = Door(tmp_path), [60]

    def open_small() -> SqliteStore:
        store = door.open()
        store._db.execute(f"pragma max_page_count={pages[0]}")
        return store

    door.collector = Collector(replace(door.settings, open_journal=open_small))

    async def run() -> tuple[list[int], list[int]]:
        sent = [hits(*(page(f"{turn}-{part}", t="y" * 200) for part in range(20))) for turn in range(40)]
        first = [(await door.one(**one))[0] for one in sent]
        pages[0] = 1_000_000
        second = [
            (await door.one(**one))[0] for one, status in zip(sent, first, strict=True) if status == 503
        ]
        await door.collector.close()
        return first, second

    first, second = asyncio.run(run())
    assert set(first) == {200, 503}
    assert set(second) == {200}
    assert len(door.events()) == 40 * 20
    with sqlite3.connect(door.journal) as db:
        (times,) = db.execute("select n from dropped where reason = 'not_stored'").fetchone()
    assert times == first.count(503)


def test_a_journal_that_cannot_be_opened(tmp_path):
    door = Door(tmp_path)
    door.journal.mkdir()

    async def run() -> list[int]:
        first, *_ = await door.one(**hits(page(1)))
        door.journal.rmdir()
        second, *_ = await door.one(**hits(page(1)))
        await door.collector.close()
        return [first, second]

    assert asyncio.run(run()) == [503, 200]
    assert len(door.events()) == 1


def test_records_that_are_gone(tmp_path):
    door = Door(tmp_path)
    away = tmp_path / "away"
    call = {"type": "identify", "userId": "u1", "messageId": "i1", "traits": {"plan": "team"}}

    async def run() -> list[int]:
        shutil.move(door.records, away)
        no_keys, *_ = await door.one(**with_key(SECRET, call, "/v1/identify"))
        shutil.move(away, door.records)
        with sqlite3.connect(door.records) as db:
            db.execute("alter table attract_identification rename to elsewhere")
        no_table, *_ = await door.one(**with_key(SECRET, call, "/v1/identify"))
        assert not door.events()
        with sqlite3.connect(door.records) as db:
            db.execute("alter table elsewhere rename to attract_identification")
        healed = [(await door.one(**with_key(SECRET, call, "/v1/identify")))[0] for _ in range(2)]
        await door.collector.close()
        return [no_keys, no_table, *healed]

    assert asyncio.run(run()) == [503, 503, 200, 200]
    assert len(door.events()) == 1
    with sqlite3.connect(door.records) as db:
        assert db.execute("select count(*) from attract_identification").fetchone() == (1,)


@pytest.fixture
def postgresql():
    """The address of a server: the one of this run, or one for this test alone."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
    else:
        with postgres.server() as url:
            yield url


def test_a_postgresql_that_went_away(tmp_path, postgresql):
    import psycopg
    from psycopg import sql

    name, url = f"dead_{secrets.token_hex(4)}", postgresql
    own = psycopg.conninfo.make_conninfo(url, dbname=name)
    door = Door(tmp_path)

    def open_journal():
        store = open_store(conninfo=own)
        store.prepare()
        return store

    door.collector = Collector(replace(door.settings, open_journal=open_journal))
    with psycopg.connect(url, autocommit=True) as db:

        def allow(allowed: bool) -> None:
            word = sql.SQL("true" if allowed else "false")
            db.execute(sql.SQL("alter database {} allow_connections {}").format(sql.Identifier(name), word))
            db.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))

        async def run() -> list[int]:
            statuses = [(await door.one(**hits(page(1))))[0]]
            allow(False)
            statuses.append((await door.one(**hits(page(2))))[0])
            allow(True)
            statuses.append((await door.one(**hits(page(2))))[0])
            await door.collector.close()
            return statuses

        db.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        try:
            assert asyncio.run(run()) == [200, 503, 200]
            store = open_journal()
            assert len(store.read(after=0, limit=10)) == 2
            store.close()
        finally:
            allow(True)
            db.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_null_characters_are_taken_out_for_databases_that_cannot_hold_them(tmp_path, postgresql):
    import psycopg

    schema = f"nul_{secrets.token_hex(4)}"
    own = psycopg.conninfo.make_conninfo(postgresql, options=f"-c search_path={schema}")
    door = Door(tmp_path)
    calls = [
        {"type": "track", "event": "Before", "userId": "u1", "messageId": "m1"},
        {
            "type": "identify",
            "userId": "u\0" + "1",
            "messageId": "m\0" + "2",
            "traits": {"plan": "te\0am", "na\0me": ["a\0", r"\u0000"]},
        },
        {
            "type": "page",
            "userId": "u1",
            "messageId": "m3",
            "properties": {"title": "a\0b", "url": "https://site.example.com/?utm_source=%00news&gclid=x%00"},
        },
    ]
    with psycopg.connect(postgresql, autocommit=True) as db:
        db.execute(f"create schema {schema}")
        try:
            db.execute(
                f"create table {schema}.staff_api_key(id text, hash text, scopes jsonb, public bool,"
                f" revoked_at timestamptz);"
                f" create table {schema}.attract_identification(message_id text primary key, key_id text,"
                f" trusted bool, visitor text, user_id text, traits jsonb, identified_at timestamptz,"
                f" received_at timestamptz, error text)"
            )
            digest = hashlib.sha256(SECRET.encode()).hexdigest()
            db.execute(
                f"insert into {schema}.staff_api_key values('key_s', %s, '[\"collect\"]', false)", (digest,)
            )
            door.collector = Collector(replace(door.settings, records=Records(conninfo=own)))
            ((status, answer, _),) = door.send(with_key(SECRET, {"batch": calls}, "/v1/batch"))
            assert (status, answer["taken"]) == (200, 3)
            rows = db.execute(f"select user_id, traits from {schema}.attract_identification").fetchall()
        finally:
            db.execute(f"drop schema {schema} cascade")
    assert rows == [("u\ufffd1", {"plan": "te\ufffdam", "na\ufffdme": ["a\ufffd", r"\u0000"]})]
    _, _, page_ = door.events()
    assert (page_.body["title"], page_.body["utm"]) == ("a\ufffdb", {"source": "news"})
    assert page_.body["click_ids"] == {"gclid": "x"}
