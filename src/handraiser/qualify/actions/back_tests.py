"""Tries a rule set on history: who would have become MQL when, beside the live set, and what became of them.

Leads that were opened in a period are watched for as many days each, up to the moment at which sales took them
further; as of each moment only what was known then counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Min

from handraiser.core.people.models import Lead
from handraiser.kit import clock
from handraiser.qualify import lifts
from handraiser.qualify.models import BackTest, ChangedSide, RuleSet
from handraiser.qualify.rebuild import counting, paths, runs
from handraiser.qualify.rules import validation
from handraiser.qualify.rules.points import Prepared
from handraiser.qualify.rules.rule_set import POINT
from handraiser.qualify.rules.scoring import DAY_MS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

WATCHED_DAYS = 60
PERIOD_DAYS = 92
_SIDES = 200  # leads that change sides, kept to be looked at
_BAND = 25
_BANDS = 5
_LOST = timedelta(minutes=10)


class Side(msgspec.Struct, kw_only=True):
    """What one rule set would have done.

    `lead_days`: of the MQLs that sales took further, half were known at least so much earlier.
    """

    mql: int
    became_sql: int
    customers: int
    lead_days: float | None
    # By the most points while watched, in steps of 25: [leads, of these SQL].
    bands: list[tuple[int, int]]


class Result(msgspec.Struct, kw_only=True):
    """`leads` were opened from `first_at` to `last_at` (ms) and watched for `days` each.

    `history_days` is how long the first lead has been known. `rules`: what `lifts` counts, by the rule's key.
    """

    leads: int
    sqls: int
    customers: int
    first_at: int
    last_at: int
    days: int
    history_days: int
    live: Side
    tried: Side
    changed_sides: int
    rules: dict[str, lifts.Counted] = {}


def ask(chosen: RuleSet, live: RuleSet, *, at: datetime) -> tuple[BackTest, bool]:
    """The run for the content of these two, and whether somebody must still do it."""
    digest = hash_of(chosen, live)
    found = BackTest.objects.filter(rule_set=chosen, content_hash=digest).first()
    if found is None:
        try:
            with transaction.atomic():
                found = BackTest.objects.create(rule_set=chosen, live=live, content_hash=digest, asked_at=at)
            return found, True
        except IntegrityError:
            found = BackTest.objects.get(rule_set=chosen, content_hash=digest)
    lost = found.finished_at is None and (found.started_at or found.asked_at) < at - _LOST
    old = found.finished_at is not None and found.finished_at < at - timedelta(days=1)
    if lost or old:
        BackTest.objects.filter(id=found.id).update(
            asked_at=at, started_at=None, finished_at=None, progress=0
        )
        found.refresh_from_db()
    return found, lost or old


def hash_of(chosen: RuleSet, live: RuleSet) -> str:
    """What the content of two rule sets is told by."""
    # In order: PostgreSQL returns the keys in another one than they were written in.
    content = msgspec.json.encode([chosen.content, live.content], order="sorted")
    return hashlib.sha256(content).hexdigest()


def run(test_id: str, *, at: datetime) -> None:
    """Do a run that was asked for, unless it is done, or the draft was changed meanwhile."""
    test = BackTest.objects.select_related("rule_set", "live").filter(id=test_id, finished_at=None).first()
    if test is None:
        return
    if hash_of(test.rule_set, test.live) != test.content_hash:
        test.delete()
        return
    _note(test, started_at=at, progress=5)
    try:
        result, sides = back_test(
            test.rule_set, test.live, at=at, told=lambda done: _note(test, progress=done)
        )
    except Exception as error:
        _note(test, finished_at=at, trouble=f"{type(error).__name__} while counting"[:200])
        raise
    with transaction.atomic():
        test.sides.all().delete()
        ChangedSide.objects.bulk_create([ChangedSide(back_test=test, **side) for side in sides])
        _note(test, result=msgspec.to_builtins(result), finished_at=at, progress=100, trouble="")
        # Of a draft that is worked on, the last runs are enough.
        kept = BackTest.objects.filter(rule_set=test.rule_set).order_by("-asked_at").values("id")[:3]
        BackTest.objects.filter(rule_set=test.rule_set).exclude(
            id__in=list(kept.values_list("id", flat=True))
        ).delete()


def _note(test: BackTest, **values: Any) -> None:
    BackTest.objects.filter(id=test.id).update(**values)


def period(*, at: datetime) -> tuple[int, int, int, int]:
    """(from, to, days to watch, days of history) in milliseconds and days; with little history all is shorter."""
    now = clock.ms(at)
    first = Lead.objects.aggregate(first=Min("opened_at"))["first"]
    history = (now - clock.ms(first)) // DAY_MS if first else 0
    days = max(1, min(WATCHED_DAYS, history // 2))
    to = now - days * DAY_MS
    return max(to - PERIOD_DAYS * DAY_MS, clock.ms(first) if first else to), to, days, history


def back_test(
    chosen: RuleSet, live: RuleSet, *, at: datetime, told: Callable[[int], None]
) -> tuple[Result, list[dict[str, Any]]]:
    """Compare two rule sets on the leads of the past; `told` hears how much of it is done, in percent."""
    begins, ends, days, history = period(at=at)
    both = [Prepared(live.rules), Prepared(chosen.rules)]
    # What one set does not look at changes nothing for it, so both are served by what is laid out once.
    all_rules = msgspec.structs.replace(live.rules, rules=(*live.rules.rules, *chosen.rules.rules))
    laid = Prepared(all_rules)
    facts = {fact.name: fact for fact in counting.told(laid)}
    cohort = f"opened >= {begins} and opened <= {ends}"
    with runs.laid_out(laid, since_ms=begins, only=cohort, past=True) as db:
        told(40)
        db.execute(
            "create temp table watched as select row_number() over ()::uinteger as number, l.lead, l.person,"
            " l.opened as begins, sql_at, customer_at,"
            f" least(l.opened + {days * DAY_MS}, coalesce(sql_at, {clock.ms(at)})) as ends from scored l left join"
            " (select lead, min(moment) filter (where stage in ('sql', 'opportunity', 'customer')) as sql_at,"
            " min(moment) filter (where stage = 'customer') as customer_at from changes group by lead) c"
            " on c.lead = l.lead"
        )
        # What happened after the watch is nobody's business here.
        db.execute(
            "create temp table outcomes as select lead, begins,"
            " case when sql_at <= begins + days then sql_at end as sql_at,"
            " case when customer_at <= begins + days then customer_at end as customer_at"
            f" from watched, (select {days * DAY_MS} as days)"
        )
        walked = paths.Walked(db, both, facts)
        told(70)
        for name, prepared, percent in (("by_live", both[0], 80), ("by_tried", both[1], 90)):
            paths.walk(db, prepared, walked, into=name)
            told(percent)
        [(leads, sqls, customers)] = db.execute(
            "select count(*), count(sql_at), count(customer_at) from outcomes"
        ).fetchall()
        of_rules = lifts.count(db, both[1], walked)
        of_live, of_tried = _side(db, "by_live"), _side(db, "by_tried")
        apart = "from by_live a join by_tried b on b.lead = a.lead where (a.mql is null) <> (b.mql is null)"
        [(changed,)] = db.execute(f"select count(*) {apart}").fetchall()
        sides = db.execute(
            "select s.lead, s.before, s.after, s.becomes, coalesce(l.stage, '') from"
            f" (select a.lead, a.top as before, b.top as after, b.mql is not null as becomes {apart}) s left join"
            f" (select lead, arg_max(stage, moment) as stage from changes group by lead) l on l.lead = s.lead"
            f" order by after desc, s.lead limit {_SIDES}"
        ).fetchall()
    result = Result(
        leads=leads,
        sqls=sqls,
        customers=customers,
        first_at=begins,
        last_at=ends,
        days=days,
        history_days=history,
        live=of_live,
        tried=of_tried,
        changed_sides=changed,
        rules=of_rules,
    )
    alive = set(Lead.objects.filter(id__in=[side[0] for side in sides]).values_list("id", flat=True))
    columns = ("lead_id", "points_before", "points_after", "becomes_mql", "outcome")
    return result, [dict(zip(columns, side, strict=True)) for side in sides if side[0] in alive]


def _side(db: Connection, table: str) -> Side:
    """What one of the sets would have done."""
    [(mql, became, customers, days)] = db.execute(
        "select count(mql), count(*) filter (where mql <= sql_at), count(*) filter (where mql <= customer_at),"
        f" median(sql_at - mql) filter (where mql <= sql_at) / {DAY_MS} from {table} join outcomes using (lead)"
    ).fetchall()
    bands = [(0, 0)] * _BANDS
    for band, leads, sqls in db.execute(
        f"select greatest(0, least({_BANDS - 1}, floor(top / {_BAND * POINT}))) as band, count(*), count(sql_at)"
        f" from {table} join outcomes using (lead) group by band"
    ).fetchall():
        bands[int(band)] = (leads, sqls)
    return Side(mql=mql, became_sql=became, customers=customers, lead_days=days, bands=bands)


def may_run(chosen: RuleSet) -> bool:
    """Whether the rules can be tried as they are."""
    return not validation.check(chosen.rules)
