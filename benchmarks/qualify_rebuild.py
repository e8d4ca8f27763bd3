"""Scores of everybody at once: the rebuild, what it says of whom, its publishing, and a draft on history."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import qualify_data
from benchmarks.rows import Rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

    from handraiser.qualify.rules.points import Prepared
    from handraiser.qualify.rules.rule_set import EventRule

REBUILD, PUBLISH = "score_rebuild_cpu_s", "score_publish_cpu_s"
DIFFERS, BACKTEST = "rebuild_differs_from_incremental", "backtest_s"
AGAINST = "score_rebuild_vs_sqlite"
ROWS = (REBUILD, AGAINST, DIFFERS, BACKTEST, PUBLISH)


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
    if AGAINST in wanted:
        note = f"{told['sqlite_s']:.1f} s for the timelines of {told['sqlite_people']:,}; events' rules only"
        rows.add(AGAINST, told[AGAINST], "of SQLite", "<= .25", note)
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
    spine_readers.publish(at, fading=True)
    told: dict[str, Any] = {}
    if {REBUILD, AGAINST, DIFFERS} & set(wanted):
        prepared = Prepared(spine_readers.rules(fading=True))  # type: ignore[arg-type]
        begun = time.process_time()
        with runs.laid_out(prepared, since_ms=qualify_data.NOW_MS, upto=store.head()) as db:
            laid = time.process_time()
            scores.score(db, prepared, now_ms=qualify_data.NOW_MS)
            done = time.process_time()
            told[REBUILD] = done - begun
            told["steps"] = f"laid out in {laid - begun:.1f}, scored in {done - laid:.1f}, {_memory()}"
            if AGAINST in wanted:
                told |= _on_sqlite(db, prepared, done - begun)
            if DIFFERS in wanted:
                told |= _differing(db)
    if BACKTEST in wanted:
        live = RuleSet.objects.get()
        begun, cpu = time.perf_counter(), time.process_time()
        result, _ = back_tests.back_test(live, live, at=at, told=lambda done: None)
        told[BACKTEST] = time.perf_counter() - begun
        told["back_test"] = f"{result.leads:,} leads watched for {result.days} days, {result.live.mql:,} MQLs"
        told["back_test"] += f", {time.process_time() - cpu:.0f} s of CPU, {_memory()}"
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


def _memory() -> str:
    """The most that this process has held so far."""
    return f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB held"


def _on_sqlite(db: Connection, prepared: Prepared, ours: float) -> dict[str, Any]:
    """The points of the rules about events by SQL on the timelines of some, held equal to ours."""
    from django.conf import settings

    records = sqlite3.connect(settings.HOME / "records.sqlite3")
    records.execute("pragma cache_size=-500000")
    begun = time.process_time()
    theirs = [
        sum(points for _, points in records.execute(_of_rule(prepared, index)).fetchall())
        for index in range(len(prepared.counting))
    ]
    spent = time.process_time() - begun
    records.close()
    people = "select hash(person_id) from brought where"
    people += f" substr(person_id, 8)::bigint % {qualify_data.LOOKED_AT} = 0"
    found = dict(
        db.execute(
            f"select rule, sum(points)::bigint from gains join numbered using (person) where key in ({people})"
            " group by rule"
        ).fetchall()
    )
    same = [found.get(index, 0) for index in range(len(prepared.counting))]
    if same != theirs:
        raise RuntimeError(f"SQLite says otherwise: {theirs} and {same}")
    share = ours / (spent * qualify_data.LOOKED_AT)
    count = qualify_data.LEADS // qualify_data.LOOKED_AT
    return {AGAINST: share, "sqlite_s": spent, "sqlite_people": count}


def _of_rule(prepared: Prepared, index: int) -> str:
    """(person, points) of one rule, as one writes it for SQLite."""
    from handraiser.kit import clock
    from handraiser.qualify.rules.rule_set import FrequencyRule, values
    from handraiser.qualify.rules.scoring import VISIT_GAP_MS

    rule, window, most = prepared.counting[index], prepared.windows[index], prepared.most[index]
    inside = f"name = '{rule.event}' and coalesce(json_extract(body, '$.machine'), '') = ''"
    if window is not None:
        since = clock.from_ms(qualify_data.NOW_MS - window)
        inside += f" and occurred_at > '{since:%Y-%m-%d %H:%M:%S}.000000'"
    about = "1"
    if rule.where_field:
        value = f"lower(json_extract(body, '$.{rule.where_field}'))"
        about = " or ".join(
            f"{value} glob '{one}'" if one.endswith("*") else f"rtrim({value}, '/') = '{one.rstrip('/')}'"
            for one in values(rule.value)
        )
    if not isinstance(rule, FrequencyRule) and rule.counting == "visit":
        same = "partition by person_id, visitor order by occurred_at, id"
        at = "(strftime('%s', occurred_at) * 1000 + substr(occurred_at, 21, 3))"
        views = (
            f"select person_id, visitor, body, occurred_at, id, coalesce({at} - lag({at}) over ({same})"
            f" >= {VISIT_GAP_MS}, 1) as is_new from identity_timeline where {inside}"
        )
        rows = f"select *, sum(is_new) over ({same}) as visit from ({views})"
        counted = f"select person_id, count(distinct visitor || visit) as n from ({rows}) where {about}"
        counted += " group by person_id"
    else:
        one = "id"
        if isinstance(rule, FrequencyRule) or rule.counting == "distinct":
            one = f"lower(json_extract(body, '$.{rule.distinct}'))"
        elif rule.counting == "once":
            one = "1"
        counted = (
            f"select person_id, count(distinct {one}) as n from identity_timeline where {inside} and ({about})"
            " group by person_id"
        )
    if not isinstance(rule, FrequencyRule) and rule.half_life_days is not None:
        return _of_fading(rule, f"{inside} and ({about})", one, most)
    if isinstance(rule, FrequencyRule):
        return f"select person_id, {rule.points} from ({counted}) where n >= {rule.times}"
    return f"select person_id, min(n, {most}) * {rule.points} from ({counted})"


def _of_fading(rule: EventRule, where: str, one: str, most: int) -> str:
    """The same of a rule that fades: what is left of the newest things, by their age in whole days."""
    from handraiser.qualify.rules.rule_set import DAY_MS, PARTS, weights

    at = "(strftime('%s', newest) * 1000 + substr(newest, 21, 3))"
    age = f"(({qualify_data.NOW_MS} - {at}) / {DAY_MS})"
    left = f"json_extract('{list(weights(rule.half_life_days or 1))}', '$[' || {age} || ']')"
    newest = f"select person_id, max(occurred_at) as newest from identity_timeline where {where}"
    newest += f" group by person_id, {one}"
    ranked = f"select *, row_number() over (partition by person_id order by newest desc) as n from ({newest})"
    return (
        f"select person_id, {rule.points} * sum({left}) / {PARTS} from ({ranked}) where n <= {most}"
        " group by person_id"
    )


def _published(at: Any) -> dict[str, Any]:
    """What writing costs: all of a publishing but for what is worked out."""
    from handraiser.qualify.actions import adoptions, publishing
    from handraiser.qualify.rebuild import scores

    took: list[float] = []
    written = [0, 0, 0]
    worked_out = 0.0
    score = scores.score

    def scored(*given: Any, **named: Any) -> None:
        nonlocal worked_out
        score(*given, **named)
        worked_out = time.process_time()

    def timed(action: Any) -> Any:
        def inside(*given: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            done = action(*given, **named)
            took.append(time.perf_counter() - begun)
            if isinstance(done, tuple):
                written[:] = [sum(both) for both in zip(written, done, strict=True)]
            return done

        return inside

    os.sync()  # what was filled in before is not to be waited for
    adoptions.adopt, adoptions.foresee = timed(adoptions.adopt), timed(adoptions.foresee)
    scores.score = scored
    publishing.go_on(lambda: at)
    spent = time.process_time() - worked_out
    took.sort()
    people, leads, told = written
    note = (
        f"{people:,} people done: {leads:,} leads with other numbers, {told:,} facts told; {len(took):,}"
        f" transactions, half within {1000 * took[len(took) // 2]:.0f} ms, the longest {1000 * took[-1]:.0f} ms"
    )
    return {PUBLISH: spent, "published": note}


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
