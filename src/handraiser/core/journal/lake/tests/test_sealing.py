"""Sealing in any order of days, late events, resends and forgetting: lake and tail are what was appended."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from handraiser.core.journal.lake import questions, sealing
from handraiser.core.journal.store import ManifestMoved, Sealed, SqliteStore
from handraiser.core.journal.store.rows import COLUMNS, DAY_MS
from handraiser.core.journal.store.rows import row as row_of
from handraiser.kit.envelope import Event

FIRST = 20_500
HOUR = 3_600_000


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "journal.sqlite3")
    made.prepare()
    yield made
    made.close()


def at(day: int, hour: int = 12) -> int:
    """A moment in ms; day 0 is the first."""
    return (FIRST + day) * DAY_MS + hour * HOUR


def event(number: int, day: int = 0, visitor: str | None = "v_1", **fields) -> Event:
    return Event(
        **{
            "message_id": f"m{number}",
            "name": "attract.page_viewed",
            "occurred_at": at(day) - 5,
            "received_at": at(day),
            "visitor": visitor,
            "body": {
                "path": f"/{number}/",
                "url": f"http://127.0.0.1/{number}/?q=ä'\"\x00\x01\n,",
                "bot": "",
                "n": number,
            },
            **fields,
        }
    )


def whole(store: SqliteStore, folder: Path) -> list[tuple]:
    """Every event that lake and tail show, without ids, in order."""
    columns = ", ".join(name for name in COLUMNS.split(", ") if name != "message_id")
    return questions.ask(store, folder, f"select {columns} from events order by position")


def seal(store: SqliteStore, folder: Path, day: int, slowest: int | None = None) -> sealing.Done:
    return sealing.run(store, folder, slowest=store.head() if slowest is None else slowest, at_ms=at(day))


def live(store: SqliteStore) -> int:
    return store._all("select count(*) from event")[0][0]


def test_it_works(store, tmp_path):
    store.append([event(n, day=n % 2) for n in range(10)])
    before = whole(store, tmp_path / "lake")
    done = seal(store, tmp_path / "lake", 1)
    assert (done.rows, done.trimmed, live(store)) == (5, 5, 5)
    assert whole(store, tmp_path / "lake") == before and len(before) == 10


def test_any_text_comes_back_as_it_was(store, tmp_path):
    strange = ["", "a,b", 'a"b', "a\x01b\x01", "\x01", "two\nlines\r\n", "ä\u2028", " v ", "null", "\\N", "'"]
    store.append([event(n, visitor=text, cause=text or None) for n, text in enumerate(strange)])
    before = whole(store, tmp_path / "lake")
    assert [row[4] for row in before] == strange and before[0][7] is None
    seal(store, tmp_path / "lake", 2)
    assert live(store) == 0 and whole(store, tmp_path / "lake") == before


def test_ids_of_strangers_stay_out_and_those_of_known_people_stay(store, tmp_path):
    store.append([event(1), event(2, person="person_1"), event(3, lead="lead_1")])
    seal(store, tmp_path / "lake", 2)
    found = questions.ask(
        store, tmp_path / "lake", "select position, message_id from events order by position"
    )
    assert found == [(1, None), (2, "m2"), (3, "m3")]


def test_a_late_event_makes_the_next_generation(store, tmp_path):
    store.append([event(1), event(2)])
    seal(store, tmp_path / "lake", 1)
    (first,) = store.manifest()
    store.append([event(3), event(1)])  # the second is a resend: it must not come twice
    assert len(whole(store, tmp_path / "lake")) == 3
    seal(store, tmp_path / "lake", 1)
    (second,) = store.manifest()
    assert (second.rows, second.through) == (3, 3) and second.file != first.file
    assert (tmp_path / "lake" / first.file).exists()  # a question may still read it
    sealing.run(store, tmp_path / "lake", slowest=3, at_ms=at(1) + sealing.STILL_READ_MS + 1)
    assert not (tmp_path / "lake" / first.file).exists()
    assert len(whole(store, tmp_path / "lake")) == 3


def test_what_a_reader_has_not_read_is_not_sealed(store, tmp_path):
    store.append([event(1), event(2)])
    assert seal(store, tmp_path / "lake", 1, slowest=1).files == []
    assert seal(store, tmp_path / "lake", 1, slowest=2).rows == 2


def test_a_late_event_that_a_reader_has_not_read_waits(store, tmp_path):
    store.append([event(1)])
    seal(store, tmp_path / "lake", 1)
    store.append([event(2), event(3)])
    seal(store, tmp_path / "lake", 1, slowest=2)
    assert store.manifest()[0].through == 2 and live(store) == 1
    assert len(whole(store, tmp_path / "lake")) == 3


def test_today_and_the_hour_after_it_stay(store, tmp_path):
    store.append([event(1)])
    assert sealing.run(store, tmp_path / "lake", slowest=1, at_ms=at(1, 0) + HOUR - 1).files == []
    assert sealing.run(store, tmp_path / "lake", slowest=1, at_ms=at(1, 0) + HOUR).rows == 1


def test_of_an_open_day_what_is_much_is_sealed_as_it_grows(store, tmp_path, monkeypatch):
    monkeypatch.setattr(sealing, "OPEN_DAY_ROWS", 10)
    lake, now = tmp_path / "lake", at(0, 20)

    def grow(first: int, count: int) -> tuple[bool, int]:
        store.append([event(n) for n in range(first, first + count)])
        due = sealing.due(store, at_ms=now)
        return due, sealing.run(store, lake, slowest=store.head() - 1, at_ms=now).rows

    assert grow(0, 9) == (False, 0)
    assert grow(9, 1) == (True, 9)  # the last one a reader has not read
    assert live(store) == 1 and len(whole(store, lake)) == 10
    assert grow(10, 40) == (True, 49)
    assert grow(50, 10) == (False, 0)  # few beside what would be written anew
    assert grow(60, 3) == (True, 62)
    assert store.append([event(5)]) == 0
    assert [row[0] for row in whole(store, lake)] == list(range(1, 64))
    seal(store, lake, 1)
    assert live(store) == 0 and store.manifest()[0].rows == 63


def test_a_closed_month_becomes_one_file_and_takes_late_events(store, tmp_path):
    store.append([event(n, day=n % 40) for n in range(80)])
    before = whole(store, tmp_path / "lake")
    seal(store, tmp_path / "lake", 75)
    assert len({one.file for one in store.manifest()}) == 2 and len(store.manifest()) == 40
    assert whole(store, tmp_path / "lake") == before
    store.append([event(100, day=3, visitor=None)])
    seal(store, tmp_path / "lake", 75)
    assert len({one.file for one in store.manifest()}) == 2 and live(store) == 0
    assert len(whole(store, tmp_path / "lake")) == 81


def test_whoever_is_forgotten_is_hidden_at_once_and_then_gone_from_every_byte(store, tmp_path):
    lake = tmp_path / "lake"
    store.append([event(n, day=n % 3, visitor=f"v_{'secret' if n % 2 else 'other'}") for n in range(12)])
    store.append([event(20, person="p_secret", visitor=None)])
    seal(store, lake, 2)
    store.forget(["v_secret", "p_secret"])
    assert {row[4] for row in whole(store, lake)} == {"v_other"}
    store.append([event(30, day=2, visitor="v_secret")])  # a new visit is not what was to be forgotten
    seal(store, lake, 2)
    assert store.forgotten() == []
    assert len(whole(store, lake)) == 7
    import duckdb

    for file in lake.glob("*.parquet"):
        held = duckdb.sql(f"select visitor, person from '{file}'").fetchall()
        assert ("v_secret", None) not in held and (None, "p_secret") not in held
        assert b"secret" not in file.read_bytes()
    assert not list(lake.glob("*.tmp"))


def test_a_day_of_which_all_is_forgotten_stays_sealed(store, tmp_path):
    lake = tmp_path / "lake"
    store.append([event(1, visitor="v_1"), event(2, day=1, visitor="v_2")])
    seal(store, lake, 2)
    store.forget(["v_1"])
    seal(store, lake, 2)
    assert [row[4] for row in whole(store, lake)] == ["v_2"]
    assert store.manifest()[0].rows == 0
    store.append([event(3, visitor="v_3")])
    seal(store, lake, 2)
    assert [row[4] for row in whole(store, lake)] == ["v_2", "v_3"] and live(store) == 0


def test_a_manifest_that_moved_is_not_overwritten(store):
    store.seal([], [Sealed(1, "a", 5, 5)], at_ms=0, keep_ms=0)
    with pytest.raises(ManifestMoved):
        store.seal([], [Sealed(1, "b", 9, 9)], at_ms=0, keep_ms=0)
    assert store.manifest() == [Sealed(1, "a", 5, 5)]


def test_a_second_sealer_is_refused(store, tmp_path):
    with sealing._alone(tmp_path / "lake"), pytest.raises(sealing.Busy):
        seal(store, tmp_path / "lake", 1)


def test_positions_go_on_when_everything_was_sealed_away(store, tmp_path):
    store.append([event(1), event(2)])
    seal(store, tmp_path / "lake", 1)
    assert live(store) == 0 and store.head() == 2
    store.append([event(3, day=1)])
    assert store.head() == 3


def test_message_ids_are_known_for_five_weeks(store, tmp_path):
    store.append([event(1)])
    seal(store, tmp_path / "lake", 35)
    assert store.append([event(1)]) == 0
    assert seal(store, tmp_path / "lake", 43).pruned == 1


def test_litter_of_a_killed_run_is_removed(store, tmp_path):
    lake = tmp_path / "lake"
    lake.mkdir()
    for name in ("file.tmp", "staging.tmp"):
        (lake / name).write_text("half")
    seal(store, lake, 1)
    assert not list(lake.glob("*.tmp"))


_STEP = some.one_of(
    some.tuples(
        some.just("append"), some.lists(some.tuples(some.integers(0, 40), some.integers(0, 4)), max_size=6)
    ),
    some.tuples(some.just("resend"), some.integers(0, 30)),
    some.tuples(some.just("seal"), some.tuples(some.integers(0, 75), some.floats(0, 1))),
    some.tuples(some.just("forget"), some.integers(0, 4)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(_STEP, min_size=1, max_size=12))
def test_lake_and_tail_are_what_was_appended(steps):
    with tempfile.TemporaryDirectory() as home:
        store, lake = SqliteStore(Path(home) / "journal.sqlite3"), Path(home) / "lake"
        store.prepare()
        wanted: dict[int, tuple] = {}
        sent: list[Event] = []
        for what, value in [*steps, ("seal", (75, 1.0))]:
            if what == "append":
                fresh = [event(len(sent) + n, day, f"v_{who}") for n, (day, who) in enumerate(value)]
                head = store.head()
                assert store.append(fresh) == len(fresh)
                sent += fresh
                for n, one in enumerate(fresh, 1):
                    row = row_of(one)
                    wanted[head + n] = (head + n, *row[1:4], *row[5:])
            elif what == "resend" and value < len(sent):
                # Known for 35 days, and here the clock goes up to day 75.
                if store._all("select 1 from seen where message_id = ?", [f"m{value}"]):
                    assert store.append([sent[value]]) == 0
            elif what == "seal":
                seal(store, lake, value[0], slowest=int(store.head() * value[1]))
            elif what == "forget":
                store.forget([f"v_{value}"])
                wanted = {at_: row for at_, row in wanted.items() if row[4] != f"v_{value}"}
            assert whole(store, lake) == [wanted[position] for position in sorted(wanted)]
        store.close()


def _history(seed: int) -> list[Event]:
    chance = random.Random(seed)
    made = []
    names = ["attract.page_viewed"] * 6 + ["attract.visit_started"] * 2 + ["capture.form_submitted"]
    for number in range(3_000):
        name = chance.choice(names)
        path = chance.choice(["/", "/pricing/", "/demo/", "/blog/"])
        source = chance.choice(["google", "bing", ""])
        body = {"path": path, "bot": chance.choice(["", "", "", "headless"])}
        body |= (
            {"utm": {"source": source} if source else {}} if name.endswith("viewed") else {"source": source}
        )
        moment = at(chance.randrange(20), 0) + chance.randrange(DAY_MS // 60_000) * 60_000  # ties are wanted
        visitor = chance.choice([None, *(f"v_{n}" for n in range(300))])
        made.append(
            event(number, name=name, visitor=visitor, body=body, occurred_at=moment, received_at=moment + 3)
        )
    return made


VALUES = {
    "daily": {},
    "funnel": {"second": "/pricing/", "third": "/demo/"},
    "landing": {"within": 5 * DAY_MS},
    "last_touch": {"within": 2 * DAY_MS},
}


@pytest.fixture(scope="module")
def three_engines(tmp_path_factory):
    """The same events in the lake with a tail, in SQLite, and in ClickHouse."""
    chdb_session = pytest.importorskip("chdb.session")
    home = tmp_path_factory.mktemp("engines")
    store = SqliteStore(home / "journal.sqlite3")
    store.prepare()
    store.append(_history(3))
    sealing.run(store, home / "lake", slowest=store.head(), at_ms=at(15))
    file = home / "all.parquet"
    everything = questions.ask(store, home / "lake", "select * exclude (lead) from events")
    names = "position,name,occurred_at,received_at,visitor,person,cause,depth,message_id,body,path,source,bot"
    plain = sqlite3.connect(":memory:")
    plain.execute(f"create table events({names})")
    plain.executemany(f"insert into events values({','.join('?' * 13)})", everything)
    import duckdb

    db = duckdb.connect()
    db.execute(
        "create table t(position bigint, name varchar, occurred_at bigint, visitor varchar,"
        " path varchar, source varchar, bot varchar)"
    )
    db.executemany(
        "insert into t values (?,?,?,?,?,?,?)",
        [(r[0], r[1], r[2], r[4], r[10], r[11], r[12]) for r in everything],
    )
    db.execute(f"copy t to '{file}' (format parquet)")
    clickhouse = chdb_session.Session()
    clickhouse.query(f"create view events as select * from file('{file}', Parquet)")
    yield store, home / "lake", plain, clickhouse
    store.close()
    clickhouse.close()


@pytest.mark.parametrize("question", VALUES)
def test_the_same_text_says_the_same_on_every_engine(three_engines, question):
    store, lake, plain, clickhouse = three_engines
    values = {"start": at(2, 0), "end": at(18, 0), **VALUES[question]}
    ours = questions.answer(store, lake, question, **values)
    assert len(ours) > 1
    assert plain.execute(questions.text(question), values).fetchall() == ours
    sql = questions.for_clickhouse(questions.text(question), values)
    answered = clickhouse.query(sql, "JSONCompactEachRow", params=values)
    import msgspec

    rows = [tuple(msgspec.json.decode(line)) for line in str(answered).splitlines()]
    assert [tuple(_number(cell) for cell in row) for row in rows] == ours


def _number(cell):
    # ClickHouse writes 64-bit numbers as text.
    return int(cell) if isinstance(cell, str) and cell.isdigit() else cell
