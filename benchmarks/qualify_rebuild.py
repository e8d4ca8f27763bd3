"""Scores of everybody at once: the rebuild, what it says of whom, its publishing, and a draft on history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import qualify_data
from benchmarks.rows import Rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

REBUILD, PUBLISH = "score_rebuild_cpu_s", "score_publish_cpu_s"
DIFFERS, BACKTEST = "rebuild_differs_from_incremental", "backtest_s"
ROWS = (REBUILD, DIFFERS, BACKTEST, PUBLISH)


def measure(rows: Rows, home: Path) -> None:
    """The rows of the rebuild, on a data folder that `qualify_data` filled."""
    wanted = [name for name in ROWS if rows.wants(name)]
    environment = {**os.environ, "HANDRAISER_HOME": str(home), "DATABASE_URL": ""}
    environment["DJANGO_SETTINGS_MODULE"] = "handraiser.config.settings"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.qualify_rebuild", *wanted],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    size = f"{qualify_data.LEADS:,} leads, {qualify_data.EVENTS:,} events"
    if REBUILD in wanted:
        rows.add(REBUILD, told[REBUILD], "s of CPU", "<= 15", f"{size}; {told['steps']}")
    if DIFFERS in wanted:
        note = f"{told['looked_at']:,} of {qualify_data.LEADS:,} leads looked at by the other engine"
        rows.add(DIFFERS, told[DIFFERS], "leads", "<= 0", note)
    if BACKTEST in wanted:
        rows.add(BACKTEST, told[BACKTEST], "s", "<= 60", told["back_test"])
    if PUBLISH in wanted:
        rows.add(PUBLISH, told[PUBLISH], "s of CPU", "<= 20", told["published"])


def _measured(wanted: list[str]) -> dict[str, Any]:
    from benchmarks import spine_readers
    from handraiser.core.journal.live import journal
    from handraiser.core.journal.models import Cursor
    from handraiser.kit import clock
    from handraiser.qualify.actions import back_tests, publishing
    from handraiser.qualify.models import RuleSet, ScoreState
    from handraiser.qualify.rebuild import runs, scores
    from handraiser.qualify.rules import rule_set
    from handraiser.qualify.rules.defaults import CLASSIC
    from handraiser.qualify.rules.points import Prepared

    at = clock.from_ms(qualify_data.NOW_MS)
    store = journal()
    Cursor.objects.update_or_create(
        reader=publishing.READER, defaults={"position": store.head(), "epoch": store.epoch()}
    )
    spine_readers.publish(at)
    told: dict[str, Any] = {}
    if {REBUILD, DIFFERS} & set(wanted):
        prepared = Prepared(spine_readers.rules())  # type: ignore[arg-type]
        begun = time.process_time()
        with runs.laid_out(prepared, since_ms=qualify_data.NOW_MS, upto=store.head()) as db:
            laid = time.process_time()
            scores.score(db, prepared, now_ms=qualify_data.NOW_MS)
            done = time.process_time()
            told[REBUILD] = done - begun
            told["steps"] = f"laid out in {laid - begun:.1f}, scored in {done - laid:.1f}"
            if DIFFERS in wanted:
                told |= _differing(db)
    if BACKTEST in wanted:
        live = RuleSet.objects.get()
        begun = time.perf_counter()
        result, _ = back_tests.back_test(live, live, at=at, told=lambda done: None)
        told[BACKTEST] = time.perf_counter() - begun
        told["back_test"] = f"{result.leads:,} leads watched for {result.days} days, {result.live.mql:,} MQLs"
    if PUBLISH in wanted:
        ScoreState.objects.update(rule_set_number=0)
        # Everybody has the points of other rules before.
        live = RuleSet.objects.get()
        twenty, live.content = live.content, rule_set.to_data(CLASSIC)
        live.save()
        publishing.go_on(lambda: at)
        live.content, live.number = twenty, 2
        live.save()
        told |= _published(at)
    return told


def _published(at: Any) -> dict[str, Any]:
    """What writing costs: all of a publishing but for what is worked out."""
    from handraiser.qualify.actions import publishing, scores

    spent, longest, adopt = 0.0, 0.0, scores.adopt

    def timed(*given: Any, **named: Any) -> int:
        nonlocal spent, longest
        begun, clock_begun = time.process_time(), time.perf_counter()
        done = adopt(*given, **named)
        spent += time.process_time() - begun
        longest = max(longest, time.perf_counter() - clock_begun)
        return done

    publishing.scores.adopt = timed  # type: ignore[assignment]
    done = publishing.go_on(lambda: at)
    return {PUBLISH: spent, "published": f"{done:,} people, longest transaction {1000 * longest:.0f} ms"}


def _differing(db: Connection) -> dict[str, Any]:
    """Leads whose numbers the engine that goes by the event has otherwise."""
    from handraiser.core.people.models import Lead
    from handraiser.kit import clock
    from handraiser.qualify.actions import scores as actions
    from handraiser.qualify.models import ScoreState

    at = clock.from_ms(qualify_data.NOW_MS)
    people = [f"person_{who:026d}" for who in range(0, qualify_data.LEADS, qualify_data.LOOKED_AT)]
    for begin in range(0, len(people), 500):
        actions.rescore(dict.fromkeys(people[begin : begin + 500], at))
    columns = ("id", "fit_points", "engagement_points", "points", "grade", "temperature")
    theirs = {row[0]: row[1:] for row in Lead.objects.exclude(grade="").values_list(*columns)}
    due = {
        person.replace("person_", "lead_"): None if change is None else clock.ms(change)
        for person, change in ScoreState.objects.exclude(kept="").values_list("person", "next_change_at")
    }
    ours = {
        row[0]: row[1:]
        for row in db.execute(
            "select lead, fit, engagement, total, grade, temperature, next_change_at from worth"
            f" where substr(lead, 6)::bigint % {qualify_data.LOOKED_AT} = 0"
        ).fetchall()
    }
    apart = [lead for lead in theirs if ours.get(lead) != (*theirs[lead], due.get(lead))]
    for lead in apart[:3]:
        print(lead, ours.get(lead), (*theirs[lead], due.get(lead)), file=sys.stderr)
    return {DIFFERS: len(apart) + abs(len(ours) - len(theirs)), "looked_at": len(theirs)}


def main() -> None:
    """Work in this process, on the data of HANDRAISER_HOME, and print what it came to."""
    from handraiser.cli import load_django

    load_django()
    print(json.dumps(_measured(sys.argv[1:])))


if __name__ == "__main__":
    main()
